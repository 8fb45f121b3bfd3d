// A cursor: the place of a durable subscriber among the publications (M10). It is durable, and
// knows nothing of who takes from it: what waits is a function of the events alone.
//   C1. What waits is in order. The first ones, as many as may be in somebody's hands at once, are
//       its head: they go by a confirmation only. Behind them it is bounded as an inbox is.
//   C2. Over the bound the oldest behind the head go; how many is kept with the next that stays,
//       and told with it each time that it is handed out: exact, over restarts too.
//   C3. The head is full while something waits behind it.

import type { BodyOf } from '../events/event.ts';
import type { MessageId, Pid, Seq } from '../ids.ts';
import { LIMITS } from '../limits.ts';
import { Fifo } from './fifo.ts';
import type { Publication } from './publication.ts';
import { TopicPattern } from './topic-pattern.ts';

const HEAD_MAX = LIMITS.subscriberUnconfirmedMax;
const BEHIND_MAX = LIMITS.cursorPendingMax - HEAD_MAX;

/** What a snapshot holds of it; publications are named, and stand there once for all. */
export interface CursorImage extends Omit<BodyOf<'cursor.opened'>, 'withRetained'> {
  readonly since: Seq;
  readonly pending: readonly MessageId[];
  readonly missedBefore: readonly (readonly [MessageId, number])[];
  readonly gap: number;
}

export class Cursor {
  readonly owner: Pid;
  readonly user: string;
  readonly name: string;
  readonly pattern: TopicPattern;
  readonly type: string;
  /** What is older was there as a last value when it began. */
  readonly since: Seq;
  /** Of what an answer tells that shows it. Not kept: what is restored is durable. */
  changedSeq: Seq;
  changedBy: Pid;
  #head: Publication[] = [];
  readonly #behind = new Fifo<Publication>();
  #bytesBehind = 0;
  /** Missed before the first behind the head. */
  #gap = 0;
  /** Missed before one of the head. */
  readonly #missedBefore = new Map<MessageId, number>();

  constructor(opened: Omit<BodyOf<'cursor.opened'>, 'withRetained'>, since: Seq) {
    this.owner = opened.owner;
    this.user = opened.user;
    this.name = opened.name;
    this.pattern = new TopicPattern(opened.pattern);
    this.type = opened.type;
    this.since = since;
    this.changedSeq = since;
    this.changedBy = opened.owner;
  }

  get waiting(): number {
    return this.#head.length + this.#behind.length;
  }

  /** Not told yet, or told with one that is not confirmed. */
  get missed(): number {
    let missed = this.#gap;
    for (const count of this.#missedBefore.values()) missed += count;
    return missed;
  }

  /** Of the head, from 0 on. */
  at(place: number): Publication | undefined {
    return this.#head[place];
  }

  missedBefore(message: MessageId): number {
    return this.#missedBefore.get(message) ?? 0;
  }

  isRetained({ message }: Publication): boolean {
    return message < this.since;
  }

  add(publication: Publication): void {
    if (this.#head.length < HEAD_MAX) {
      this.#head.push(publication);
      return;
    }
    this.#behind.push(publication);
    this.#bytesBehind += publication.content.bytes;
    while (this.#isOver()) {
      this.#takeBehind();
      this.#gap += 1;
    }
  }

  /** What is not of the head is passed over. */
  confirm(messages: readonly MessageId[]): void {
    const confirmed = new Set(messages);
    this.#head = this.#head.filter(({ message }) => !confirmed.has(message));
    for (const message of messages) this.#missedBefore.delete(message);
    while (this.#head.length < HEAD_MAX) {
      const next = this.#takeBehind();
      if (next === undefined) return;
      this.#head.push(next);
      if (this.#gap > 0) this.#missedBefore.set(next.message, this.#gap);
      this.#gap = 0;
    }
  }

  *pending(): Generator<Publication> {
    yield* this.#head;
    yield* this.#behind;
  }

  image(): CursorImage {
    return {
      owner: this.owner,
      user: this.user,
      name: this.name,
      pattern: this.pattern.text,
      type: this.type,
      since: this.since,
      pending: [...this.pending()].map(({ message }) => message),
      missedBefore: [...this.#missedBefore],
      gap: this.#gap,
    };
  }

  /** At a restore: what waited, and what had been missed by then. */
  refill(image: CursorImage, pending: readonly Publication[]): void {
    for (const publication of pending) this.add(publication);
    for (const [message, count] of image.missedBefore) this.#missedBefore.set(message, count);
    this.#gap = image.gap;
  }

  #isOver(): boolean {
    if (this.#behind.length > BEHIND_MAX) return true;
    return this.#bytesBehind > LIMITS.cursorPendingBytesMax && this.#behind.length > 1;
  }

  #takeBehind(): Publication | undefined {
    const taken = this.#behind.shift();
    if (taken !== undefined) this.#bytesBehind -= taken.content.bytes;
    return taken;
  }
}
