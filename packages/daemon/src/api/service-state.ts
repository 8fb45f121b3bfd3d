// Start and stop as a contract: a stop before the start, twice, or in the middle of a start does
// the right thing, and a part that was stopped stays so. One door has one of these.

import { KernelError } from '@hivekernel/kernel';

export class ServiceState {
  readonly #name: string;
  #start: Promise<void> | undefined;
  #stop: Promise<void> | undefined;

  constructor(name: string) {
    this.#name = name;
  }

  get isStopping(): boolean {
    return this.#stop !== undefined;
  }

  /** Starts once; a second call gets the first's promise. Rejects `unavailable` after a stop. */
  start(open: () => Promise<void>): Promise<void> {
    if (this.#stop !== undefined) {
      const error = new KernelError('unavailable', `${this.#name} is stopped.`);
      return this.#start ?? Promise.reject(error);
    }
    this.#start ??= open();
    return this.#start;
  }

  /** Waits for a start under way, whatever came of it, then closes; once. */
  stop(close: () => Promise<void>): Promise<void> {
    this.#stop ??= this.#settled().then(close);
    return this.#stop;
  }

  async #settled(): Promise<void> {
    try {
      await this.#start;
    } catch {
      // Whoever started it was told.
    }
  }
}
