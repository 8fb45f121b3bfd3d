// The waits of a pipe, declared to the kernel once they have lasted: a task that waits is not hung
// (S6), and a flow of short waits needs no word. It ends no wait.

/** As a context's `patiently`, for waits without end. */
export type Patiently = (work: () => Promise<void>) => Promise<void>;

/** A wait that lasts so long without anything coming of it is declared. */
const DECLARED_AFTER_MS = 1_000;

export class LongWait {
  readonly #patiently: Patiently;
  #open = 0;
  #timer: NodeJS.Timeout | undefined;
  #declared: PromiseWithResolvers<void> | undefined;

  constructor(patiently: Patiently) {
    this.#patiently = patiently;
  }

  /** Until `work` is over. */
  during(work: Promise<unknown>): void {
    this.#open += 1;
    this.#timer ??= setTimeout(() => this.#declare(), DECLARED_AFTER_MS);
    const end = (): void => this.#end();
    work.then(end, end);
  }

  #end(): void {
    this.#open -= 1;
    if (this.#open > 0) {
      this.#timer?.refresh();
      return;
    }
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#declared?.resolve();
    this.#declared = undefined;
  }

  #declare(): void {
    if (this.#declared !== undefined) return;
    const declared = Promise.withResolvers<void>();
    this.#declared = declared;
    // Where it cannot be declared, the wait goes on all the same.
    this.#patiently(() => declared.promise).catch(() => undefined);
  }
}
