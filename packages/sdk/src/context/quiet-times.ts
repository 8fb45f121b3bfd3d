// The silences that the tasks of one process have declared (S6), put together into the one that the
// kernel keeps for a process: the longest that is open. No call is made here.
//   Q1. The end of one silence never ends another that is still open.

interface Quiet {
  readonly untilMs: number;
}

export class QuietTimes {
  readonly #now: () => number;
  readonly #open = new Set<Quiet>();

  /** `now`: milliseconds that only rise. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Of the longest one that is open, in whole milliseconds; 0: none is. */
  get remainingMs(): number {
    let untilMs = 0;
    for (const quiet of this.#open) untilMs = Math.max(untilMs, quiet.untilMs);
    return Math.max(0, Math.ceil(untilMs - this.#now()));
  }

  /** Call what it returns when the silence is over. */
  begin(maxMs: number): () => void {
    const quiet = { untilMs: this.#now() + maxMs };
    this.#open.add(quiet);
    return () => void this.#open.delete(quiet);
  }
}
