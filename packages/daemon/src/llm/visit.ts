// A call's stay at the gateway, over all its tries: the signal that ends it, what is told of its
// progress, and the try that is under way.
//   G2. When the caller's signal fires all of it ends at once, also where nobody reads the answer
//       any more.

import type { Attempt } from './attempt.ts';
import type { CallProgress } from './call-progress.ts';

export interface VisitOptions {
  /** The caller's. */
  readonly signal: AbortSignal;
  readonly progress: CallProgress;
  /** Called once. */
  readonly onEnd: (visit: Visit) => void;
}

export class Visit {
  readonly progress: CallProgress;
  readonly #options: VisitOptions;
  readonly #controller = new AbortController();
  readonly #onAbort = (): void => {
    this.abort(this.#options.signal.reason);
    this.#attempt?.giveUp();
    this.end();
  };
  #attempt: Attempt | undefined;
  #isOver = false;

  constructor(options: VisitOptions) {
    this.#options = options;
    this.progress = options.progress;
    if (options.signal.aborted) this.abort(options.signal.reason);
    else options.signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  /** Of the caller, of the gateway's stop, or of a limit of the call. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  abort(reason: unknown): void {
    this.#controller.abort(reason);
  }

  /** The one before it has ended. */
  tries(attempt: Attempt): void {
    this.#attempt = attempt;
  }

  /** A second time it changes nothing. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#options.signal.removeEventListener('abort', this.#onAbort);
    this.progress.end();
    this.#options.onEnd(this);
  }
}
