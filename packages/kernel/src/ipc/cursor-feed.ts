// What a durable subscriber takes from: its cursor, while it is there (M10). Volatile: it knows
// what is in the subscriber's hands; that it is confirmed is an event of the cursor.
//   M9. At most so many are in its hands. Each is confirmed by a word, whichever it is: a
//       publication has nobody to go back to. Where no word is asked for, those that were handed
//       out are confirmed by the next take that needs their room, and by its own cancel.
//   What is in its hands is the first that waits, in order: the cursor drops nothing of that (C1).

import { asSeq, type MessageId } from '../ids.ts';
import { LIMITS } from '../limits.ts';
import type { ProcessRecord } from '../process/record.ts';
import type { ProcessTable } from '../process/table.ts';
import type { Cursor } from './cursor.ts';
import type { Acknowledgement } from './message-ends.ts';
import { deliveryOfPublication, requirePlainWord, told } from './publication.ts';
import type { Feed, Handed, SubscriptionEnd } from './subscriptions.ts';

export interface CursorFeedOptions {
  readonly subscriber: ProcessRecord;
  readonly cursor: Cursor;
  readonly isAcknowledged: boolean;
  readonly table: ProcessTable;
  readonly stir: (source: object) => void;
  readonly onConfirmed: (cursor: Cursor, messages: readonly MessageId[]) => void;
  readonly onClosed: (cursor: Cursor) => void;
}

export class CursorFeed implements Feed {
  readonly #options: CursorFeedOptions;
  /** In the order of the cursor. */
  readonly #inHand = new Set<MessageId>();

  constructor(options: CursorFeedOptions) {
    this.#options = options;
  }

  get source(): object {
    return this;
  }

  get held(): number {
    return this.#inHand.size;
  }

  next(): Handed | undefined {
    const { cursor } = this.#options;
    const publication = cursor.at(this.#inHand.size);
    if (publication === undefined) return undefined;
    const { message } = publication;
    this.#inHand.add(message);
    const isRetained = cursor.isRetained(publication);
    const missed = cursor.missedBefore(message);
    const delivery = deliveryOfPublication(publication, this.#options);
    // What was missed was so because of newer ones.
    const gate = missed > 0 ? cursor.changedSeq : asSeq(message);
    return { delivery: told(delivery, { isRetained, missed }), gate };
  }

  makeRoom(wanted: number): void {
    if (this.#options.isAcknowledged) return;
    const over = this.#inHand.size + wanted - LIMITS.subscriberUnconfirmedMax;
    if (over > 0) this.#confirm([...this.#inHand].slice(0, over));
  }

  settle(ack: Acknowledgement): boolean {
    if (!this.#inHand.has(ack.message)) return false;
    requirePlainWord(ack);
    this.#confirm([ack.message]);
    return true;
  }

  accept(messages: readonly MessageId[]): void {
    this.#confirm(messages.filter((message) => this.#inHand.has(message)));
  }

  close(end: SubscriptionEnd, returned: ReadonlySet<MessageId>): void {
    if (end === 'cancelled' && !this.#options.isAcknowledged) {
      this.#confirm([...this.#inHand].filter((message) => !returned.has(message)));
    }
    this.#options.onClosed(this.#options.cursor);
  }

  /** One event for all of them. */
  #confirm(messages: readonly MessageId[]): void {
    const confirmed = new Set(messages);
    if (confirmed.size === 0) return;
    for (const message of confirmed) this.#inHand.delete(message);
    this.#options.onConfirmed(this.#options.cursor, [...confirmed]);
    this.#options.stir(this);
  }
}
