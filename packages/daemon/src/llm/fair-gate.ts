// Bounds the calls under way at one provider. Those over the bound wait, and are let in one a
// caller in turn, so that a process with a thousand calls does not hold up one with a single call.
//   F1. Never more than concurrentMax inside; each way in is given back exactly once.
//   F2. Among waiting callers turns go round; within one caller, first come first served.
//   F3. An abort leaves the line at once and takes no turn.

import { KernelError } from '@hivekernel/kernel';
import { abortError } from './exchange.ts';

interface Waiter {
  readonly enter: () => void;
}

export interface FairGateOptions {
  readonly name: string;
  readonly concurrentMax: number;
  readonly queuedMax: number;
}

export interface EntryWish {
  /** Who asks: turns go round by it. */
  readonly key: number;
  readonly signal: AbortSignal;
  /** There is no room: it waits in line from now on. */
  readonly onWait?: () => void;
}

export class FairGate {
  readonly #options: FairGateOptions;
  // A map keeps the order of insertion: the first key has the next turn.
  readonly #lines = new Map<number, Set<Waiter>>();
  #inside = 0;
  #waiting = 0;

  constructor(options: FairGateOptions) {
    this.#options = options;
  }

  get inside(): number {
    return this.#inside;
  }

  get waiting(): number {
    return this.#waiting;
  }

  /** Resolves with the way out. Rejects with `queue_full`, or with the signal's reason. */
  async enter(caller: EntryWish): Promise<() => void> {
    const { key, signal } = caller;
    if (signal.aborted) throw abortError(signal);
    if (this.#inside < this.#options.concurrentMax) {
      this.#inside++;
      return this.#exit();
    }
    if (this.#waiting >= this.#options.queuedMax) {
      const message = `${this.#waiting} calls are in line at ${this.#options.name} already.`;
      throw new KernelError('queue_full', message, { details: { provider: this.#options.name } });
    }
    caller.onWait?.();
    await this.#wait(key, signal);
    return this.#exit();
  }

  #wait(key: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#leave(key, waiter);
        reject(abortError(signal));
      };
      const waiter: Waiter = {
        enter: () => {
          signal.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      signal.addEventListener('abort', onAbort, { once: true });
      const line = this.#lines.get(key) ?? new Set();
      this.#lines.set(key, line.add(waiter));
      this.#waiting++;
    });
  }

  #leave(key: number, waiter: Waiter): void {
    const line = this.#lines.get(key);
    if (line?.delete(waiter) !== true) return;
    this.#waiting--;
    if (line.size === 0) this.#lines.delete(key);
  }

  /** The place of the one who leaves goes straight to the next in turn. */
  #exit(): () => void {
    let isOut = false;
    return () => {
      if (isOut) return;
      isOut = true;
      const next = this.#next();
      if (next === undefined) this.#inside--;
      else next.enter();
    };
  }

  #next(): Waiter | undefined {
    for (const [key, line] of this.#lines) {
      const [waiter] = line;
      if (waiter === undefined) continue;
      this.#leave(key, waiter);
      // To the back of the round, if more of its calls wait.
      if (this.#lines.delete(key)) this.#lines.set(key, line);
      return waiter;
    }
    return undefined;
  }
}
