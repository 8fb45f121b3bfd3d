// Lets so many starts through at a time: a thousand processes that all load at once would all miss
// their deadline. First come, first served. A place is held from the fork to the link, not to Init,
// which may wait for children that need a place themselves.

import { raceSignal } from './race-signal.ts';

export class StartGate {
  readonly #placesMax: number;
  #taken = 0;
  /** In order; bounded by the processes that the kernel lets start. */
  readonly #waiting = new Set<() => void>();

  constructor(placesMax: number) {
    this.#placesMax = placesMax;
  }

  /** Resolves with the function that gives the place back. Rejects with the signal's reason. */
  async enter(signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    if (this.#taken >= this.#placesMax) await this.#wait(signal);
    else this.#taken += 1;
    let isHeld = true;
    return () => {
      if (isHeld) this.#leave();
      isHeld = false;
    };
  }

  async #wait(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.add(resolve);
    try {
      await raceSignal(promise, signal);
    } catch (error) {
      // The place was handed over in the turn of the abort: it goes on to the next.
      if (!this.#waiting.delete(resolve)) this.#leave();
      throw error;
    }
  }

  /** The place passes from hand to hand while somebody waits. */
  #leave(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#taken -= 1;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}
