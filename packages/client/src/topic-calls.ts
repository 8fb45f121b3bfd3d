// The calls about named queues as a whole, and about topics: publishing, watching, looking,
// clearing. Part of the client.
//   They are those of the caller's user; the king's listings tell of all users (M1, M10).

import type { link } from '@hivekernel/protocol/messages';
import { toInboxMessage } from './answers.ts';
import type { InboxMessage } from './answers.ts';
import type { CallPatience } from './client-link.ts';
import { MailCalls } from './mail.ts';
import { toBytes } from './orders.ts';
import { watchTopics } from './subscription.ts';
import type { Publication, WatchOrder } from './subscription.ts';

/** It is there while something waits in it, or somebody for it. */
export interface QueueView {
  readonly user: string;
  readonly name: string;
  /** What waits, in messages and bytes. */
  readonly waiting: number;
  readonly bytes: number;
  /** Beside what waits: taken, and not accepted yet. */
  readonly inHand: number;
  readonly consumers: number;
  readonly deadLetters: number;
  /** Of the one that waits longest, ms since 1970; 0: none waits. */
  readonly oldestMs: number;
}

export interface TopicView {
  readonly user: string;
  readonly topic: string;
  /** The last value, if one is kept; without its payload where that is large. */
  readonly last: InboxMessage | undefined;
  readonly publications: number;
  /** Live ones and cursors. */
  readonly subscribers: number;
}

/** The place of a durable subscriber. */
export interface CursorView {
  readonly user: string;
  readonly name: string;
  readonly pattern: string;
  readonly ownerPid: number;
  readonly waiting: number;
  /** For want of room. */
  readonly missed: number;
  /** Somebody reads from it now. */
  readonly isLive: boolean;
}

export interface PublishOrder {
  readonly payload: string | Uint8Array;
  /** Default "message". */
  readonly type?: string;
  /** For those only who subscribe by now; the last value stays what it is. */
  readonly isTransient?: boolean;
}

export interface Published {
  readonly message: string;
  readonly subscribers: number;
}

export class TopicCalls extends MailCalls {
  async queues(prefix = '', how?: CallPatience): Promise<readonly QueueView[]> {
    return (await this.call('listQueues', { prefix }, how)).queues;
  }

  async publish(topic: string, order: PublishOrder, how?: CallPatience): Promise<Published> {
    const { payload, type = 'message', isTransient: transient = false } = order;
    const value = { topic, type, payload: toBytes(payload), transient };
    const { messageId: message, subscribers } = await this.call('publish', value, how);
    return { message, subscribers };
  }

  /** Those that match: `*` is any run of characters; left out: all. */
  async topics(
    pattern = '',
    how?: CallPatience,
  ): Promise<{ topics: readonly TopicView[]; cursors: readonly CursorView[] }> {
    const { topics, cursors } = await this.call('listTopics', { pattern }, how);
    return { topics: topics.map(toTopicView), cursors: cursors.map(toCursorView) };
  }

  /** What is published under topics that match, in order; see subscription.ts. */
  watchTopic(
    pattern: string,
    order: WatchOrder = {},
  ): AsyncGenerator<Publication, void, undefined> {
    return watchTopics(() => this.pinned(), { ...order, pattern });
  }

  /** Forgets the last value, and the topic with it. */
  async clearTopic(topic: string, how?: CallPatience): Promise<void> {
    await this.call('clearTopic', { topic }, how);
  }

  /** Ends a durable subscription for good. */
  async forgetCursor(name: string, how?: CallPatience): Promise<void> {
    await this.call('forgetCursor', { name }, how);
  }
}

function toTopicView(info: link.TopicInfo): TopicView {
  const { user, topic, last, publications, subscribers } = info;
  const shown = last === undefined ? undefined : toInboxMessage(last);
  return { user, topic, last: shown, publications, subscribers };
}

function toCursorView(info: link.CursorInfo): CursorView {
  const { user, name, pattern, ownerPid, waiting, missed, live: isLive } = info;
  return { user, name, pattern, ownerPid, waiting, missed, isLive };
}
