// Shelves: messages that wait in one place, and those of them that are in somebody's hands. What
// an inbox and a named queue have in common; what may be put there, and what an end of a message
// means, is the business of who has one.
//   M4, M6. What waits lies in lanes by sender and priority (lanes.ts), and for those who want only
//       some of it in lines as well (lines.ts). What comes back has its old place.
//   Of its state, what is in which hand is volatile; all else is folded.

import type { DropReason } from '../events/event.ts';
import type { Timer } from '../events/timers.ts';
import type { MessageId } from '../ids.ts';
import { LIMITS } from '../limits.ts';
import type { Hand, Held } from './hand.ts';
import { Lanes, type LaneName } from './lanes.ts';
import { Lines, type Line } from './lines.ts';
import { byPlace, type Dead, type Posted } from './posted.ts';
import { wantsAll, type Wants } from './wants.ts';

export class Shelf<M extends Posted> {
  readonly #held = new Map<MessageId, Held<M>>();
  readonly #lanes = new Lanes<M>();
  readonly #lines = new Lines<M>(() => this.#held.values());
  bytes = 0;
  inHand = 0;
  readonly deadLetters: Dead<M>[] = [];

  get depth(): number {
    return this.#held.size;
  }

  get(id: MessageId): M | undefined {
    return this.#held.get(id)?.message;
  }

  /** In whose hand it is. */
  handOf(id: MessageId): Hand<M> | undefined {
    return this.#held.get(id)?.hand;
  }

  add(message: M, expiry: Timer | undefined): void {
    const held: Held<M> = {
      message,
      lane: undefined,
      hand: undefined,
      takenMonoMs: 0,
      isRemoved: false,
      expiry,
    };
    this.#held.set(message.message, held);
    this.#lanes.add(held);
    this.#lines.add(held, this.depth);
    this.bytes += message.content.bytes;
  }

  remove(id: MessageId): Held<M> | undefined {
    const held = this.#held.get(id);
    if (held === undefined) return undefined;
    this.#held.delete(id);
    this.bytes -= held.message.content.bytes;
    this.#lanes.remove(held);
    this.#release(held);
    return held;
  }

  /** Undefined where nothing is left out: then no line is needed. `close` it. */
  openLine(wants: Wants): Line<M> | undefined {
    return wantsAll(wants) ? undefined : this.#lines.open(wants);
  }

  closeLine(line: Line<M> | undefined): void {
    if (line !== undefined) this.#lines.close(line);
  }

  /** What is next of a line; without one, of all that waits. */
  next(line: Line<M> | undefined): Held<M> | undefined {
    return line === undefined ? this.#lanes.first : this.#lines.firstOf(line);
  }

  take(held: Held<M>, hand: Hand<M>): void {
    hand.take(held);
    this.inHand += 1;
    this.#lanes.taken(held);
  }

  /** Out of its hand, in its old place; `rearm` makes a new timer where its TTL is over (M7). */
  putBack(held: Held<M>, rearm: (message: M) => Timer): void {
    this.#release(held);
    this.#lanes.returned(held);
    this.#lines.add(held, this.depth);
    if (held.expiry !== undefined && held.expiry.index < 0) held.expiry = rearm(held.message);
  }

  /** M6: the lane's oldest, whose tries count. */
  headOf(lane: LaneName): M | undefined {
    return this.#lanes.oldestOf(lane)?.message;
  }

  /** M6: until `startLane` nothing of the lane leaves. What is of it. */
  stopLane(lane: LaneName): readonly Held<M>[] {
    this.#lanes.stop(lane);
    return this.#lanes.of(lane);
  }

  startLane(lane: LaneName): void {
    if (!this.#lanes.start(lane)) return;
    for (const held of this.#lanes.of(lane)) {
      if (held.hand === undefined) this.#lines.add(held, this.depth);
    }
  }

  /** All that is in this hand, in the order in which it was sent. */
  inHandOf(hand: Hand<M>): Held<M>[] {
    return [...this.#held.values()].filter((held) => held.hand === hand);
  }

  /** In the order in which they were sent. */
  *messages(): Generator<M> {
    for (const held of this.#held.values()) yield held.message;
  }

  /** What waits or is in a hand, in the order of M4. */
  inOrder(): M[] {
    return [...this.messages()].sort(byPlace);
  }

  /** The same, for those who look: without what hands have for good (M9). */
  listed(): M[] {
    return this.inOrder().filter(({ message }) => this.handOf(message)?.isFinal !== true);
  }

  /** The oldest dead letter goes when there are too many. */
  bury(message: M, whyDead: DropReason): void {
    this.deadLetters.push({ ...message, whyDead });
    if (this.deadLetters.length > LIMITS.deadLettersMax) this.deadLetters.shift();
  }

  deadLetter(id: MessageId): Dead<M> | undefined {
    return this.deadLetters.find(({ message }) => message === id);
  }

  removeLetter(id: MessageId): void {
    const at = this.deadLetters.findIndex(({ message }) => message === id);
    if (at >= 0) this.deadLetters.splice(at, 1);
  }

  #release(held: Held<M>): void {
    if (held.hand === undefined) return;
    held.hand.release(held);
    this.inHand -= 1;
  }
}
