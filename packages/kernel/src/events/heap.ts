// A binary heap whose items know their place, so that any of them can be moved or taken out in the
// logarithm of their number. What comes first is the business of who makes it.

/** `index` is the heap's: -1 while the item is in none. */
export interface Heaped {
  index: number;
}

export class Heap<T extends Heaped> {
  readonly #items: T[] = [];
  readonly #isBefore: (a: T, b: T) => boolean;

  constructor(isBefore: (a: T, b: T) => boolean) {
    this.#isBefore = isBefore;
  }

  get first(): T | undefined {
    return this.#items[0];
  }

  get size(): number {
    return this.#items.length;
  }

  add(item: T): void {
    item.index = this.#items.length;
    this.#items.push(item);
    this.#rise(item);
  }

  /** Nothing where it is in no heap. */
  delete(item: T): void {
    const at = item.index;
    if (at < 0) return;
    item.index = -1;
    const last = this.#items.pop();
    if (last === undefined || last === item) return;
    this.#place(last, at);
    this.moved(last);
  }

  /** What it is ordered by is another now. */
  moved(item: T): void {
    this.#rise(item);
    this.#sink(item);
  }

  #place(item: T, index: number): void {
    this.#items[index] = item;
    item.index = index;
  }

  #rise(item: T): void {
    while (item.index > 0) {
      const parent = this.#items[(item.index - 1) >> 1] as T;
      if (!this.#isBefore(item, parent)) return;
      this.#swap(item, parent);
    }
  }

  #sink(item: T): void {
    for (;;) {
      const left = this.#items[item.index * 2 + 1];
      const right = this.#items[item.index * 2 + 2];
      const isRight = left !== undefined && right !== undefined && this.#isBefore(right, left);
      const child = isRight ? right : left;
      if (child === undefined || !this.#isBefore(child, item)) return;
      this.#swap(child, item);
    }
  }

  #swap(lower: T, upper: T): void {
    const at = upper.index;
    this.#place(upper, lower.index);
    this.#place(lower, at);
  }
}
