// A subscription as a loop goes through it: `for await (const message of …)`. It begins with the
// loop, or when it is `ready`, and is over when the loop is left, by whatever way; the next loop
// begins it anew. What is taken when, and told to the kernel, is in pull-loop.ts.
//   Nothing is fetched that nobody asks for: a slow loop slows nobody but itself.
import type { agent as wire } from '@hivekernel/protocol';
import { HiveError } from '../hive-error.ts';
import type { PullLoop } from './pull-loop.ts';

type Read<Item> = (message: wire.AgentMessage, loop: PullLoop) => Item;

export class Subscription<Item> implements AsyncIterable<Item>, AsyncDisposable {
  readonly #loop: PullLoop;
  readonly #read: Read<Item>;
  #isLooping = false;

  /** For contexts. */
  constructor(loop: PullLoop, read: Read<Item>) {
    this.#loop = loop;
    this.#read = read;
  }

  /**
   * Begins it without waiting for a message; resolves when nothing is missed from then on. Close it
   * where no loop follows.
   */
  ready(): Promise<void> {
    return this.#loop.open();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Item, void, undefined> {
    if (this.#isLooping) {
      throw new HiveError('wrong_state', 'A loop goes through this subscription already.');
    }
    this.#isLooping = true;
    try {
      for (;;) {
        const message = await this.#loop.next();
        if (message === undefined) return;
        yield this.#read(message, this.#loop);
      }
    } finally {
      this.#isLooping = false;
      await this.#loop.close();
    }
  }

  /** Ends it, with the loop that goes through it, and gives back what it holds. */
  close(): Promise<void> {
    return this.#loop.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
