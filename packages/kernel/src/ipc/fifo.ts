// First in, first out, both at constant cost: an array whose front moves. No bound of its own: who
// fills it has one.

/** Taken places at the front are given back once they are so many, and most of the array. */
const TAKEN_MIN = 64;

export class Fifo<T> {
  #items: T[] = [];
  #from = 0;

  get length(): number {
    return this.#items.length - this.#from;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  shift(): T | undefined {
    if (this.length === 0) return undefined;
    const item = this.#items[this.#from];
    this.#from += 1;
    if (this.length === 0) this.#clear();
    else if (this.#from >= TAKEN_MIN && this.#from > this.length) this.#compact();
    return item;
  }

  *[Symbol.iterator](): Generator<T> {
    for (let i = this.#from; i < this.#items.length; i += 1) yield this.#items[i] as T;
  }

  #clear(): void {
    this.#items = [];
    this.#from = 0;
  }

  #compact(): void {
    this.#items = this.#items.slice(this.#from);
    this.#from = 0;
  }
}
