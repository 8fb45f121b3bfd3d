// Lets the kernel's event loop breathe while the simulated model reads a long text: work is cut
// into slices, and between two slices everything else runs. The result does not depend on the cuts.

import { setImmediate as yieldToLoop } from 'node:timers/promises';

const SLICE_MS = 4;

export class Breath {
  readonly #signal: AbortSignal;
  #sliceStartMs = performance.now();

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** To be asked often; true when it is time to `take()` one. */
  get isDue(): boolean {
    return performance.now() - this.#sliceStartMs >= SLICE_MS;
  }

  /** Throws the signal's reason when the call was given up meanwhile. */
  async take(): Promise<void> {
    await yieldToLoop();
    this.#signal.throwIfAborted();
    this.#sliceStartMs = performance.now();
  }
}
