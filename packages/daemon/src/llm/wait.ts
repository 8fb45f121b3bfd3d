// Time and chance as the gateway's parts take them, so that tests bring their own.
// Not the kernel's clock: nothing that is decided with this one is journaled.

import { setTimeout as delay } from 'node:timers/promises';

export interface LlmClock {
  /** Wall clock, milliseconds since 1970. */
  nowMs(): number;
  /** Never goes back; for latencies. */
  monoMs(): number;
  /** Rejects with the signal's reason when it fires first. */
  sleep(delayMs: number, signal: AbortSignal): Promise<void>;
  /** In [0, 1). */
  chance(): number;
}

export const SYSTEM_CLOCK: LlmClock = {
  nowMs: () => Date.now(),
  monoMs: () => performance.now(),
  sleep: async (delayMs, signal) => {
    signal.throwIfAborted();
    try {
      await delay(delayMs, undefined, { signal });
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    }
  },
  chance: () => Math.random(),
};
