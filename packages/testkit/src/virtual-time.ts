// Virtual time: both clocks of the kernel, moved by the test alone. Not a timer: what is due at an
// instant is the kernel's to say.

import type { Time } from '@hivekernel/kernel';

/** A Monday morning; the value does not matter, only that it is always the same. */
const EPOCH_WALL_MS = Date.UTC(2026, 0, 5, 9);

export class VirtualTime implements Time {
  #wallMs = EPOCH_WALL_MS;
  #monoMs = 0;

  get wallMs(): number {
    return this.#wallMs;
  }

  get monoMs(): number {
    return this.#monoMs;
  }

  /** Both clocks go on. */
  advanceMs(ms: number): void {
    this.#wallMs += ms;
    this.#monoMs += ms;
  }

  /** Somebody set the clock on the wall; ages and timers do not see it. */
  shiftWallMs(ms: number): void {
    this.#wallMs += ms;
  }

  now(): Time {
    return { wallMs: this.#wallMs, monoMs: this.#monoMs };
  }
}
