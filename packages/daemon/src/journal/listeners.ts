// A list of listeners: who wants to be told, and the one way to stop being told. They are told at
// once, in the order in which they came.

export class Listeners<T> {
  readonly #listeners = new Set<(item: T) => void>();

  add(listener: (item: T) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  tell(item: T): void {
    for (const listener of this.#listeners) listener(item);
  }
}
