// A look at the system that many wait for: who asks before it begins shares it, so that a thousand
// processes that end at once cost a few looks, not a thousand.

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
      const found = this.#look();
      this.#current = found.catch(() => undefined);
      return found;
    });
    return this.#next;
  }
}
