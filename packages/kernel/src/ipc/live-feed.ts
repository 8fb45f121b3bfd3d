// What a live subscriber of topics takes from (M10): the last values that were there when it began,
// then what was published since. Volatile, and bounded: what it is too slow for it misses, oldest
// first, and the next that it gets says how many. It slows nobody.
//   A last value that a newer one has replaced, or that was forgotten, is not handed out any more:
//   the newer one waits behind it.
//   Where each waits for a word, handing out stops at so many without one (M9); a word is nothing
//   but room for the next.

import { asSeq, type MessageId } from '../ids.ts';
import { LIMITS } from '../limits.ts';
import type { ProcessRecord } from '../process/record.ts';
import type { ProcessTable } from '../process/table.ts';
import { Fifo } from './fifo.ts';
import type { Acknowledgement } from './message-ends.ts';
import { deliveryOfPublication, requirePlainWord, told, type Publication } from './publication.ts';
import type { Feed, Handed } from './subscriptions.ts';
import type { TopicPattern } from './topic-pattern.ts';
import { isTypeWanted } from './wants.ts';

export interface LiveFeedOptions {
  readonly subscriber: ProcessRecord;
  readonly pattern: TopicPattern;
  /** Of which publications, as in `Wants`. */
  readonly type: string;
  readonly isAcknowledged: boolean;
  readonly retained: readonly Publication[];
  readonly table: ProcessTable;
  readonly isLast: (publication: Publication) => boolean;
  readonly stir: (source: object) => void;
  readonly onClosed: (feed: LiveFeed) => void;
}

export class LiveFeed implements Feed {
  readonly #options: LiveFeedOptions;
  readonly #retained = new Fifo<Publication>();
  readonly #backlog = new Fifo<Publication>();
  #backlogBytes = 0;
  #missed = 0;
  readonly #inHand = new Set<MessageId>();

  constructor(options: LiveFeedOptions) {
    this.#options = options;
    for (const last of options.retained) this.#retained.push(last);
  }

  /** Nobody shares it: each subscriber gets all. */
  get source(): object {
    return this;
  }

  get held(): number {
    return this.#inHand.size;
  }

  get pattern(): TopicPattern {
    return this.#options.pattern;
  }

  get subscriber(): ProcessRecord {
    return this.#options.subscriber;
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
    for (;;) {
      const last = this.#retained.shift();
      if (last === undefined || this.#options.isLast(last)) return last;
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
