// A clock for tests of the gateway's parts: time stands still until the test moves it, and who
// sleeps wakes in order. Chance is none.

import type { LlmClock } from './wait.ts';

export class ManualClock implements LlmClock {
  #nowMs = 0;
  #sleepers: { atMs: number; wake: () => void }[] = [];

  nowMs = (): number => this.#nowMs;
  monoMs = (): number => this.#nowMs;
  chance = (): number => 0;

  sleep(delayMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      this.#sleepers.push({ atMs: this.#nowMs + delayMs, wake: resolve });
    });
  }

  async advanceMs(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    for (;;) {
      const [next] = this.#sleepers.toSorted((a, b) => a.atMs - b.atMs);
      if (next === undefined || next.atMs > endMs) break;
      this.#sleepers = this.#sleepers.filter((one) => one !== next);
      this.#nowMs = next.atMs;
      next.wake();
      await settled();
    }
    this.#nowMs = endMs;
  }
}

/** What was woken has run. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
