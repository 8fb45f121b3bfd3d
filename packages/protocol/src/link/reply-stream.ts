// The replies of one streaming call as an async iterable, on the client's side.
//   What waits here is not acknowledged until it is taken, so that the kernel's window bounds it
// and a slow reader holds up its own stream, not the connection.
import type { LinkCallError } from './link-error.ts';

interface Item<T> {
  readonly seq: number;
  readonly value: T;
}

interface Taker<T> {
  readonly resolve: (result: IteratorResult<T, undefined>) => void;
  readonly reject: (error: LinkCallError) => void;
}

const DONE: IteratorResult<never, undefined> = { done: true, value: undefined };

/** `return()` (leaving a `for await`) cancels the call. */
export class ReplyStream<T> implements AsyncIterableIterator<T, undefined> {
  readonly #items: Item<T>[] = [];
  readonly #takers: Taker<T>[] = [];
  readonly #onTaken: () => void;
  readonly #onReturn: () => void;
  #error: LinkCallError | undefined;
  #isOver = false;

  constructor(options: { onTaken: () => void; onReturn: () => void }) {
    this.#onTaken = options.onTaken;
    this.#onReturn = options.onReturn;
  }

  /** The `seq` of the oldest reply that nobody has taken; undefined: none waits. */
  get oldestSeq(): number | undefined {
    return this.#items[0]?.seq;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  push(item: Item<T>): void {
    if (this.#isOver) return;
    const taker = this.#takers.shift();
    if (taker) taker.resolve({ done: false, value: item.value });
    else this.#items.push(item);
  }

  /** The rest is still handed out; then the end, or the error. */
  finish(error?: LinkCallError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#error = error;
    for (const taker of this.#takers.splice(0)) {
      if (error) taker.reject(error);
      else taker.resolve(DONE);
    }
  }

  next(): Promise<IteratorResult<T, undefined>> {
    const item = this.#items.shift();
    if (item) {
      this.#onTaken();
      return Promise.resolve({ done: false, value: item.value });
    }
    if (!this.#isOver) {
      return new Promise((resolve, reject) => void this.#takers.push({ resolve, reject }));
    }
    const error = this.#error;
    this.#error = undefined;
    return error ? Promise.reject(error) : Promise.resolve(DONE);
  }

  return(): Promise<IteratorResult<T, undefined>> {
    const wasOver = this.#isOver;
    this.#items.length = 0;
    this.finish();
    this.#onTaken();
    if (!wasOver) this.#onReturn();
    return Promise.resolve(DONE);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }
}
