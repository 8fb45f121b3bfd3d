// The feed of a durable subscriber of topics: from the place of its cursor on (M10).
//   M9. One that acknowledges confirms each by a word, whichever; one that does not has its oldest
//       ones confirmed when it asks for more, and at its own cancel. What was not confirmed comes
//       again, in its order: at least once.

import type { Delivery } from '../events/effects.ts';
import type { Log } from '../events/log.ts';
import type { MessageId } from '../ids.ts';
import { LIMITS } from '../limits.ts';
import type { Cursor } from './cursor.ts';
import type { Acknowledgement } from './message-ends.ts';
import type { Copy } from './publication.ts';
import type { Feed, Handed, SubscriptionEnd } from './subscriptions.ts';

export interface CursorFeedOptions {
  readonly log: Log;
  readonly cursor: Cursor;
  readonly isAcknowledged: boolean;
  readonly show: (copy: Copy) => Delivery;
}

export class CursorFeed implements Feed {
  readonly #options: CursorFeedOptions;
  /** With what was told with each to have been missed before it. */
  readonly #held = new Map<MessageId, number>();

  constructor(options: CursorFeedOptions) {
    this.#options = options;
    options.cursor.isLive = true;
  }

  /** The cursor, which one subscription at a time takes from. */
  get source(): object {
    return this.#options.cursor;
  }

  get held(): number {
    return this.#held.size;
  }

  next(): Handed | undefined {
    const { cursor, show } = this.#options;
    const told = this.#forgetDropped();
    const copy = cursor.firstBeside(this.#held);
    if (copy === undefined) return undefined;
    this.#held.set(copy.publication.message, copy.missed);
    const missed = Math.max(0, copy.missed - told);
    return { delivery: show({ ...copy, missed }), gate: copy.publication.seq };
  }

  makeRoom(wanted: number): void {
    if (this.#options.isAcknowledged) return;
    const over = this.held + wanted - LIMITS.subscriberUnconfirmedMax;
    if (over > 0) this.#confirm([...this.#held.keys()].slice(0, over));
  }

  settle({ message }: Acknowledgement): boolean {
    if (!this.#held.has(message)) return false;
    this.#confirm([message]);
    return true;
  }

  accept(messages: readonly MessageId[]): void {
    this.#confirm(messages.filter((id) => this.#held.has(id)));
  }

  close(end: SubscriptionEnd, returned: ReadonlySet<MessageId>): void {
    const { cursor, isAcknowledged } = this.#options;
    if (end === 'cancelled' && !isAcknowledged) {
      this.#confirm([...this.#held.keys()].filter((id) => !returned.has(id)));
    }
    this.#held.clear();
    cursor.isLive = false;
  }

  #confirm(messages: readonly MessageId[]): void {
    const { log, cursor } = this.#options;
    for (const id of messages) this.#held.delete(id);
    const known = messages.filter((id) => cursor.has(id));
    if (known.length === 0) return;
    const { owner, name } = cursor;
    log.emit('cursor.moved', { owner, name, messages: known });
  }

  /** What the cursor had no room for any more, and was handed out before, was not missed. */
  #forgetDropped(): number {
    let told = 0;
    for (const [id, missed] of this.#held) {
      if (this.#options.cursor.has(id)) continue;
      this.#held.delete(id);
      told += missed + 1;
    }
    return told;
  }
}
