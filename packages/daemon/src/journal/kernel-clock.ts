// The kernel's clock: wall time for people, and a time of the kernel's own for ages and timers,
// which never goes back and goes on over restarts, the time in between included.

import type { Time } from '@hivekernel/kernel';

/** A wall clock that jumped further than this while we were down is not believed. */
const DOWN_MS_MAX = 30 * 24 * 3_600_000;

export interface Clock {
  now(): Time;
  /** The kernel's time goes on from this stamp, the last one that the journal holds. */
  resumeFrom(stamp: Time): void;
}

/** The clocks of the machine: on the wall, and since the start of the OS process. */
const machineTime = (): Time => ({ wallMs: Date.now(), monoMs: performance.now() });

export class SystemClock implements Clock {
  readonly #read: () => Time;
  #baseMs = 0;

  /** `read` is a port, for tests. */
  constructor(read: () => Time = machineTime) {
    this.#read = read;
  }

  now(): Time {
    const { wallMs, monoMs } = this.#read();
    return { wallMs, monoMs: Math.floor(this.#baseMs + monoMs) };
  }

  resumeFrom(stamp: Time): void {
    const { wallMs, monoMs } = this.#read();
    const downMs = stamp.wallMs === 0 ? 0 : wallMs - stamp.wallMs;
    const believedMs = Math.min(Math.max(0, downMs), DOWN_MS_MAX);
    this.#baseMs = stamp.monoMs + believedMs - monoMs;
  }
}
