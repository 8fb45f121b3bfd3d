// Timers: a heap over the kernel's own clock. Volatile: every timer is derived from a durable
// record (a task's deadline, a message's TTL), armed when the record is folded, cancelled when it
// goes, and armed again at a restore. What a timer means is the business of who armed it.

/** A handle to cancel by; `index` is the heap's, -1 once fired or cancelled. */
export interface Timer {
  readonly atMonoMs: number;
  readonly order: number;
  readonly fire: () => void;
  index: number;
}

export class Timers {
  readonly #heap: Timer[] = [];
  #armed = 0;

  arm(atMonoMs: number, fire: () => void): Timer {
    this.#armed += 1;
    const timer: Timer = { atMonoMs, order: this.#armed, fire, index: this.#heap.length };
    this.#heap.push(timer);
    this.#rise(timer);
    return timer;
  }

  cancel(timer: Timer | undefined): void {
    if (timer === undefined || timer.index < 0) return;
    const at = timer.index;
    timer.index = -1;
    const last = this.#heap.pop();
    if (last === undefined || last === timer) return;
    this.#place(last, at);
    this.#rise(last);
    this.#sink(last);
  }

  /** When the next one is due, on the kernel's clock. */
  get nextDeadline(): number | undefined {
    return this.#heap[0]?.atMonoMs;
  }

  get size(): number {
    return this.#heap.length;
  }

  /** Fires what is due, in order of time, equal times in order of arming. */
  fireDue(nowMonoMs: number): void {
    for (;;) {
      const first = this.#heap[0];
      if (first === undefined || first.atMonoMs > nowMonoMs) return;
      this.cancel(first);
      first.fire();
    }
  }

  #place(timer: Timer, index: number): void {
    this.#heap[index] = timer;
    timer.index = index;
  }

  #rise(timer: Timer): void {
    while (timer.index > 0) {
      const parent = this.#heap[(timer.index - 1) >> 1] as Timer;
      if (!isBefore(timer, parent)) return;
      this.#swap(timer, parent);
    }
  }

  #sink(timer: Timer): void {
    for (;;) {
      const left = this.#heap[timer.index * 2 + 1];
      const right = this.#heap[timer.index * 2 + 2];
      const child =
        left !== undefined && right !== undefined && isBefore(right, left) ? right : left;
      if (child === undefined || !isBefore(child, timer)) return;
      this.#swap(child, timer);
    }
  }

  #swap(lower: Timer, upper: Timer): void {
    const at = upper.index;
    this.#place(upper, lower.index);
    this.#place(lower, at);
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.atMonoMs < b.atMonoMs || (a.atMonoMs === b.atMonoMs && a.order < b.order);
}
