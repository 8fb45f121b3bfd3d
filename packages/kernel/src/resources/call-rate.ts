// Syscalls per process in a sliding minute (B6). Volatile: forgotten with the kernel. A bound of 0
// asks nothing and keeps nothing.

import { KernelError } from '../errors.ts';
import type { Pid } from '../ids.ts';
import { fallsInMs, newCount, roll, usedOf, type WindowCount } from './sliding-window.ts';

const WINDOW_MS = 60_000;

export class CallRate {
  readonly #perMinuteMax: number;
  readonly #counts = new Map<Pid, WindowCount>();

  /** `perMinuteMax` 0: unlimited. */
  constructor(perMinuteMax: number) {
    this.#perMinuteMax = perMinuteMax;
  }

  /** Counts one call; throws `rate_limited` with the wait in ms when it is over. */
  admit(pid: Pid, nowMonoMs: number): void {
    if (this.#perMinuteMax === 0) return;
    const count = this.#countOf(pid, nowMonoMs);
    if (usedOf(count, nowMonoMs, WINDOW_MS) < this.#perMinuteMax) {
      count.current += 1;
      return;
    }
    const at = { nowMonoMs, windowMs: WINDOW_MS, room: this.#perMinuteMax };
    const waitMs = Math.floor(fallsInMs(count, at)) + 1;
    throw new KernelError(
      'rate_limited',
      `Process ${pid} made its ${this.#perMinuteMax} calls of this minute; wait ${waitMs} ms (B6).`,
      { details: { waitMs } },
    );
  }

  /** The process is at its end. */
  forget(pid: Pid): void {
    this.#counts.delete(pid);
  }

  #countOf(pid: Pid, nowMonoMs: number): WindowCount {
    let count = this.#counts.get(pid);
    if (count === undefined) {
      count = newCount(0);
      this.#counts.set(pid, count);
    }
    roll(count, nowMonoMs, WINDOW_MS);
    return count;
  }
}
