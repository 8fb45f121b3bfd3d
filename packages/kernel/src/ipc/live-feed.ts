// The feed of a live subscriber of topics (M10): first the last values from before, then what is
// published from its beginning on. Volatile: nothing of it outlives it.
//   M10. Who is slow has a bounded backlog; what does not fit is missed, the oldest first, the next
//        one that it gets tells how many, and nobody else waits for it.
//   M9. One that acknowledges holds at most so many; its words have no other effect.

import type { Delivery } from '../events/effects.ts';
import type { MessageId } from '../ids.ts';
import { LIMITS } from '../limits.ts';
import type { Acknowledgement } from './message-ends.ts';
import type { Copy, Publication } from './publication.ts';
import type { Feed, Handed } from './subscriptions.ts';

export interface LiveFeedOptions {
  /** The last values from before, the oldest first. */
  readonly retained: readonly Publication[];
  readonly isAcknowledged: boolean;
  readonly show: (copy: Copy) => Delivery;
  readonly onClosed: (feed: LiveFeed) => void;
}

export class LiveFeed implements Feed {
  readonly #options: LiveFeedOptions;
  readonly #held = new Set<MessageId>();
  #retained: readonly Publication[];
  #nextRetained = 0;
  /** What waits, from `#first` on. */
  #backlog: Publication[] = [];
  #first = 0;
  #bytes = 0;
  #missed = 0;

  constructor(options: LiveFeedOptions) {
    this.#options = options;
    this.#retained = options.retained;
  }

  get source(): object {
    return this;
  }

  get held(): number {
    return this.#held.size;
  }

  get waiting(): number {
    return this.#backlog.length - this.#first;
  }

  offer(publication: Publication): void {
    this.#backlog.push(publication);
    this.#bytes += publication.content.bytes;
    while (this.#isOver) {
      this.#shift();
      this.#missed += 1;
    }
  }

  next(): Handed | undefined {
    const copy = this.#nextCopy();
    if (copy === undefined) return undefined;
    const { publication } = copy;
    if (this.#options.isAcknowledged) this.#held.add(publication.message);
    return { delivery: this.#options.show(copy), gate: publication.seq };
  }

  makeRoom(): void {
    // Nothing is held of who needs no word.
  }

  settle({ message }: Acknowledgement): boolean {
    return this.#held.delete(message);
  }

  close(): void {
    this.#options.onClosed(this);
  }

  #nextCopy(): Copy | undefined {
    const retained = this.#retained[this.#nextRetained];
    if (retained !== undefined) {
      this.#nextRetained += 1;
      if (this.#nextRetained === this.#retained.length) {
        this.#retained = [];
        this.#nextRetained = 0;
      }
      return { publication: retained, isRetained: true, missed: 0 };
    }
    const publication = this.#shift();
    if (publication === undefined) return undefined;
    const missed = this.#missed;
    this.#missed = 0;
    return { publication, isRetained: false, missed };
  }

  get #isOver(): boolean {
    if (this.waiting > LIMITS.topicBacklogMax) return true;
    return this.#bytes > LIMITS.topicBacklogBytesMax && this.waiting > 1;
  }

  #shift(): Publication | undefined {
    const publication = this.#backlog[this.#first];
    if (publication === undefined) return undefined;
    this.#first += 1;
    this.#bytes -= publication.content.bytes;
    if (this.#first > LIMITS.topicBacklogMax || this.#first === this.#backlog.length) {
      this.#backlog = this.#backlog.slice(this.#first);
      this.#first = 0;
    }
    return publication;
  }
}
