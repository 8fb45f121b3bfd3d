// Lets one through at each turn of the event loop, in the order in which they came. Readers of what
// is kept pass it again and again: however many they are, calls and live events wait for one piece
// of their work at most.

export class Turnstile {
  readonly #queue: (() => void)[] = [];
  #isTurning = false;

  /** Resolves when it is one's turn. */
  pass(): Promise<void> {
    return new Promise((resolve) => {
      this.#queue.push(resolve);
      if (!this.#isTurning) this.#turn();
    });
  }

  #turn(): void {
    this.#isTurning = true;
    setImmediate(() => {
      this.#queue.shift()?.();
      if (this.#queue.length > 0) this.#turn();
      else this.#isTurning = false;
    });
  }
}
