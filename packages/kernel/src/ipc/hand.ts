// Hands: what of a place is in somebody's, under way to its receiver or with a subscriber, and not
// ended. Volatile throughout: after a restart everything waits.

import type { Timer } from '../events/timers.ts';
import type { MessageId } from '../ids.ts';
import type { Lane } from './lanes.ts';
import type { Posted } from './posted.ts';

/** A message in its place. */
export interface Held<M extends Posted> {
  readonly message: M;
  /** Where it lies among the lanes, for them alone. */
  lane: Lane<M> | undefined;
  /** Undefined: it waits. */
  hand: Hand<M> | undefined;
  /** When its hand took it, for those who count. */
  takenMonoMs: number;
  isRemoved: boolean;
  /** Fired and still here: its time came while it was in a hand (M7). */
  expiry: Timer | undefined;
}

/** Counts what it has. */
export class Hand<M extends Posted> {
  size = 0;
  bytes = 0;
  /** To be handed out was enough: the others need not know any more that it is here (M9). */
  readonly isFinal: boolean;

  constructor(how: { isFinal: boolean }) {
    this.isFinal = how.isFinal;
  }

  take(held: Held<M>): void {
    held.hand = this;
    this.size += 1;
    this.bytes += held.message.content.bytes;
  }

  /** It waits again, or is no more. */
  release(held: Held<M>): void {
    held.hand = undefined;
    this.size -= 1;
    this.bytes -= held.message.content.bytes;
  }
}

/** Knows what it has, in the order in which it came. */
export class OrderedHand<M extends Posted> extends Hand<M> {
  readonly #held = new Map<MessageId, Held<M>>();

  get(id: MessageId): Held<M> | undefined {
    return this.#held.get(id);
  }

  get oldest(): Held<M> | undefined {
    for (const held of this.#held.values()) return held;
    return undefined;
  }

  /** The oldest of them, at most so many. */
  first(count: number): Held<M>[] {
    const found: Held<M>[] = [];
    for (const held of this.#held.values()) {
      if (found.length >= count) break;
      found.push(held);
    }
    return found;
  }

  override take(held: Held<M>): void {
    super.take(held);
    this.#held.set(held.message.message, held);
  }

  override release(held: Held<M>): void {
    super.release(held);
    this.#held.delete(held.message.message);
  }
}
