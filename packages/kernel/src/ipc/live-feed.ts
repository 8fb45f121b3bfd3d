// What a live subscriber of topics takes from (M10): the last values that were there when it began,
// then what was published since. Volatile, and bounded: what it is too slow for it misses, oldest
// first, and the next that it gets says how many. It slows nobody.
//   A last value that a newer one has replaced, or that was forgotten, is not handed out any more:
//   the newer one waits behind it. It is kept by name, so that nobody holds on to what is over.
//   Where each waits for a word, handing out stops at so many without one (M9); a word is nothing
//   but room for the next.

import { asSeq, type MessageId, type Seq } from '../ids.ts';
import { LIMITS } from '../limits.ts';
import type { ProcessRecord } from '../process/record.ts';
import type { ProcessTable } from '../process/table.ts';
import { Fifo } from './fifo.ts';
import type { Acknowledgement } from './message-ends.ts';
import { deliveryOfPublication, requirePlainWord, told, type Publication } from './publication.ts';
import type { Feed, Handed } from './subscriptions.ts';
import { isTypeWanted } from './wants.ts';

export interface LiveFeedOptions {
  readonly subscriber: ProcessRecord;
  /** Of which publications, as in `Wants`. */
  readonly type: string;
  readonly isAcknowledged: boolean;
  /** It begins with what is published from here on. */
  readonly since: Seq;
  /** Topics whose last values it is to get first, in their order. */
  readonly retained: readonly string[];
  readonly lastOf: (topic: string) => Publication | undefined;
  readonly table: ProcessTable;
  readonly stir: (source: object) => void;
  readonly onClosed: (feed: LiveFeed) => void;
}

export class LiveFeed implements Feed {
  readonly #options: LiveFeedOptions;
  readonly #retained = new Fifo<string>();
  readonly #backlog = new Fifo<Publication>();
  #backlogBytes = 0;
  #missed = 0;
  readonly #inHand = new Set<MessageId>();

  constructor(options: LiveFeedOptions) {
    this.#options = options;
    for (const topic of options.retained) this.#retained.push(topic);
  }

  /** Nobody shares it: each subscriber gets all. */
  get source(): object {
    return this;
  }

  get held(): number {
    return this.#inHand.size;
  }

  /** False: it is of a type that is not wanted. */
  offer(publication: Publication): boolean {
    if (!isTypeWanted(this.#options.type, publication.type)) return false;
    this.#backlog.push(publication);
    this.#backlogBytes += publication.content.bytes;
    while (this.#isOver()) {
      this.#takeBacklog();
      this.#missed += 1;
    }
    this.#options.stir(this);
    return true;
  }

  next(): Handed | undefined {
    const last = this.#nextRetained();
    const publication = last ?? this.#takeBacklog();
    if (publication === undefined) return undefined;
    const isRetained = last !== undefined;
    // What it missed came after the last values.
    const missed = isRetained ? 0 : this.#missed;
    if (!isRetained) this.#missed = 0;
    const { message } = publication;
    if (this.#options.isAcknowledged) this.#inHand.add(message);
    const delivery = deliveryOfPublication(publication, this.#options);
    return { delivery: told(delivery, { isRetained, missed }), gate: asSeq(message) };
  }

  makeRoom(): void {
    // Where no word is asked for, nothing is held.
  }

  settle(ack: Acknowledgement): boolean {
    if (!this.#inHand.has(ack.message)) return false;
    requirePlainWord(ack);
    this.#inHand.delete(ack.message);
    this.#options.stir(this);
    return true;
  }

  close(): void {
    this.#options.onClosed(this);
  }

  #nextRetained(): Publication | undefined {
    const { since, lastOf } = this.#options;
    for (;;) {
      const topic = this.#retained.shift();
      if (topic === undefined) return undefined;
      const last = lastOf(topic);
      if (last !== undefined && last.message < since) return last;
    }
  }

  #isOver(): boolean {
    if (this.#backlog.length > LIMITS.topicBacklogMax) return true;
    return this.#backlogBytes > LIMITS.topicBacklogBytesMax && this.#backlog.length > 1;
  }

  #takeBacklog(): Publication | undefined {
    const taken = this.#backlog.shift();
    if (taken !== undefined) this.#backlogBytes -= taken.content.bytes;
    return taken;
  }
}
