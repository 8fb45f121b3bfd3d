// What is told of mail to those who look: of an inbox, a queue, topics and their cursors. Shapes
// only; who may look is asked where the calls are.

import type { Delivery } from '../events/effects.ts';
import type { DropReason } from '../events/event.ts';
import type { Pid } from '../ids.ts';

export interface InboxView {
  readonly messages: readonly Delivery[];
  readonly total: number;
  /** The newest. */
  readonly deadLetters: readonly LetterView[];
  readonly deadTotal: number;
}

export interface LetterView extends Delivery {
  readonly whyDead: DropReason;
}

export interface QueueView {
  readonly user: string;
  readonly name: string;
  readonly waiting: number;
  readonly bytes: number;
  readonly inHand: number;
  readonly consumers: number;
  readonly deadLetters: number;
  /** Of the one that waits longest; 0: none. */
  readonly oldestWallMs: number;
}

export interface TopicView {
  readonly user: string;
  readonly topic: string;
  readonly last: Delivery | undefined;
  readonly publications: number;
  readonly subscribers: number;
}

/** The first of them, by user and name; `…Total`: how many there are. */
export interface TopicListing {
  readonly topics: readonly TopicView[];
  readonly topicsTotal: number;
  readonly cursors: readonly CursorView[];
  readonly cursorsTotal: number;
}

export interface CursorView {
  readonly user: string;
  readonly name: string;
  readonly pattern: string;
  readonly owner: Pid;
  readonly waiting: number;
  readonly missed: number;
  readonly isLive: boolean;
}
