// A look at the system that many wait for: who asks before it begins shares it, so that a thousand
// processes that end at once cost a few looks, not a thousand.
//   After a look comes a pause as long as it took: looks have half of the time at most, and those
//   that are to end have the rest to end in.

import { setTimeout as delay } from 'node:timers/promises';

export class SharedLook<T> {
  readonly #look: () => Promise<T>;
  #next: Promise<T> | undefined;
  #current: Promise<unknown> = Promise.resolve();

  constructor(look: () => Promise<T>) {
    this.#look = look;
  }

  /** What is found by a look that begins after this call. */
  next(): Promise<T> {
    this.#next ??= this.#current.then(() => {
      this.#next = undefined;
      const beganMs = performance.now();
      const found = this.#look();
      this.#current = found.catch(() => undefined).then(() => delay(performance.now() - beganMs));
      return found;
    });
    return this.#next;
  }
}
