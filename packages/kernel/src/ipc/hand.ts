// Hands: what of a place is in somebody's, under way to its receiver or with a subscriber, and not
// ended. Volatile throughout: after a restart everything waits.

import type { Timer } from '../events/timers.ts';
import type { MessageId } from '../ids.ts';
import type { Posted } from './posted.ts';

/** A message in its place. */
export interface Held<M extends Posted> {
  readonly message: M;
  /** Undefined: it waits. */
  hand: Hand<M> | undefined;
  /** When its hand took it, for those who count. */
  takenMonoMs: number;
  isRemoved: boolean;
  /** Fired and still here: its time came while it was in a hand (M7). */
  expiry: Timer | undefined;
}

export class Hand<M extends Posted> {
  /** In the order in which they came into it. */
  readonly #held = new Map<MessageId, Held<M>>();
  bytes = 0;
  /** To be handed out was enough: the others need not know any more that it is here (M9). */
  readonly isFinal: boolean;

  constructor(how: { isFinal: boolean }) {
    this.isFinal = how.isFinal;
  }

  get size(): number {
    return this.#held.size;
  }

  get(id: MessageId): Held<M> | undefined {
    return this.#held.get(id);
  }

  get oldest(): Held<M> | undefined {
    for (const held of this.#held.values()) return held;
    return undefined;
  }

  /** The first of them, at most so many. */
  first(count: number): Held<M>[] {
    const found: Held<M>[] = [];
    for (const held of this.#held.values()) {
      if (found.length >= count) break;
      found.push(held);
    }
    return found;
  }

  take(held: Held<M>): void {
    held.hand = this;
    this.#held.set(held.message.message, held);
    this.bytes += held.message.content.bytes;
  }

  /** It waits again, or is no more. */
  release(held: Held<M>): void {
    held.hand = undefined;
    this.#held.delete(held.message.message);
    this.bytes -= held.message.content.bytes;
  }
}
