// Syscalls per process in a sliding minute (B6). Volatile. Two half-windows make the slide: the
// count of the past minute is the present one plus the fitting share of the one before.

import { KernelError } from '../errors.ts';
import type { Pid } from '../ids.ts';

const WINDOW_MS = 60_000;

interface Counter {
  window: number;
  current: number;
  previous: number;
}

export class CallRate {
  readonly #perMinuteMax: number;
  readonly #counters = new Map<Pid, Counter>();

  /** `perMinuteMax` 0: unlimited. */
  constructor(perMinuteMax: number) {
    this.#perMinuteMax = perMinuteMax;
  }

  /** Counts one call; throws `rate_limited` with the wait in ms when it is over. */
  admit(pid: Pid, nowMonoMs: number): void {
    if (this.#perMinuteMax === 0) return;
    const counter = this.#counterOf(pid, Math.floor(nowMonoMs / WINDOW_MS));
    const intoMs = nowMonoMs % WINDOW_MS;
    const used = counter.current + counter.previous * (1 - intoMs / WINDOW_MS);
    if (used < this.#perMinuteMax) {
      counter.current += 1;
      return;
    }
    const waitMs = this.#waitMs(counter, intoMs);
    throw new KernelError(
      'rate_limited',
      `Process ${pid} made its ${this.#perMinuteMax} calls of this minute; wait ${waitMs} ms (B6).`,
      { details: { waitMs } },
    );
  }

  /** Until the sliding count falls below the bound, when nothing more comes. */
  #waitMs({ current, previous }: Counter, intoMs: number): number {
    const max = this.#perMinuteMax;
    const isInThis = current < max;
    const falling = isInThis ? previous : current;
    const room = isInThis ? max - current : max;
    const atMs = WINDOW_MS * Math.max(0, 1 - room / falling);
    const waitMs = isInThis ? atMs - intoMs : WINDOW_MS - intoMs + atMs;
    return Math.floor(waitMs) + 1;
  }

  /** The process is at its end. */
  forget(pid: Pid): void {
    this.#counters.delete(pid);
  }

  #counterOf(pid: Pid, window: number): Counter {
    let counter = this.#counters.get(pid);
    if (counter === undefined) {
      counter = { window, current: 0, previous: 0 };
      this.#counters.set(pid, counter);
    }
    if (counter.window !== window) {
      counter.previous = counter.window === window - 1 ? counter.current : 0;
      counter.current = 0;
      counter.window = window;
    }
    return counter;
  }
}
