// What every message has, in whichever place it waits: an inbox, a named queue.
//   M4. `key` is `priority * agingMs + enqueued`: with `seq` it says what comes first, for ever.

import type { Content } from '../events/content.ts';
import type { DropReason } from '../events/event.ts';
import type { Priority } from '../events/words.ts';
import type { MessageId, Pid, Seq } from '../ids.ts';

export interface Posted {
  readonly message: MessageId;
  readonly from: Pid;
  readonly fromName: string;
  readonly priority: Priority;
  readonly type: string;
  readonly content: Content;
  readonly requiresAck: boolean;
  /** 0: never. */
  readonly expiresMonoMs: number;
  readonly replyTo: string;
  readonly deadlineMs?: number;
  /** Of one that was handed on or put back: the message that its sender knows. */
  readonly origin?: MessageId;
  readonly seq: Seq;
  readonly by: Pid;
  readonly wallMs: number;
  readonly key: number;
}

/** One that nobody took, and why. */
export type Dead<M extends Posted> = M & { readonly whyDead: DropReason };

type Placed = Pick<Posted, 'key' | 'seq'>;

export const isEarlier = (a: Placed, b: Placed): boolean =>
  a.key < b.key || (a.key === b.key && a.seq < b.seq);

export const byPlace = (a: Placed, b: Placed): number => a.key - b.key || a.seq - b.seq;
