// Timers: a heap over the kernel's own clock. Volatile: every timer is derived from a durable
// record (a task's deadline, a message's TTL), armed when the record is folded, cancelled when it
// goes, and armed again at a restore. What a timer means is the business of who armed it.

import { Heap } from './heap.ts';

/** A handle to cancel by; `index` is the heap's, -1 once fired or cancelled. */
export interface Timer {
  readonly atMonoMs: number;
  readonly order: number;
  readonly fire: () => void;
  index: number;
}

export class Timers {
  readonly #heap = new Heap<Timer>(isBefore);
  #armed = 0;

  arm(atMonoMs: number, fire: () => void): Timer {
    this.#armed += 1;
    const timer: Timer = { atMonoMs, order: this.#armed, fire, index: -1 };
    this.#heap.add(timer);
    return timer;
  }

  cancel(timer: Timer | undefined): void {
    if (timer !== undefined) this.#heap.delete(timer);
  }

  /** When the next one is due, on the kernel's clock. */
  get nextDeadline(): number | undefined {
    return this.#heap.first?.atMonoMs;
  }

  get size(): number {
    return this.#heap.size;
  }

  /** Fires what is due, in order of time, equal times in order of arming. */
  fireDue(nowMonoMs: number): void {
    for (;;) {
      const { first } = this.#heap;
      if (first === undefined || first.atMonoMs > nowMonoMs) return;
      this.#heap.delete(first);
      first.fire();
    }
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.atMonoMs < b.atMonoMs || (a.atMonoMs === b.atMonoMs && a.order < b.order);
}
