// A circuit breaker (B7): after so many failures in a row a provider's model is left alone for a
// while, then one call tries it. What fails is the provider: a refusal of what a caller asked for
// is none.
//   closed -> open after `failuresMax`; open -> half-open after the pause, for one call;
//   half-open -> closed by its success, -> open again, for twice as long, by its failure.

export interface BreakerOptions {
  readonly failuresMax: number;
  readonly pauseFirstMs: number;
  readonly pauseMostMs: number;
}

export type BreakerState = 'closed' | 'open' | 'half-open';

export class Breaker {
  readonly #options: BreakerOptions;
  #failures = 0;
  #openUntilMs = 0;
  #pauseMs = 0;
  #isTrying = false;

  constructor(options: BreakerOptions) {
    this.#options = options;
  }

  stateAt(nowMs: number): BreakerState {
    if (this.#pauseMs === 0) return 'closed';
    return nowMs < this.#openUntilMs || this.#isTrying ? 'open' : 'half-open';
  }

  /** How long it is left alone yet; 0: a call may go, of which `began` is told. */
  waitMs(nowMs: number): number {
    if (this.#pauseMs === 0) return 0;
    if (nowMs < this.#openUntilMs) return Math.ceil(this.#openUntilMs - nowMs);
    return this.#isTrying ? this.#pauseMs : 0;
  }

  /** Nothing has failed since the last success. */
  get isUnharmed(): boolean {
    return this.#failures === 0 && this.#pauseMs === 0;
  }

  /** A call goes out. True: it is the one that tries. */
  began(): boolean {
    this.#isTrying ||= this.#pauseMs > 0;
    return this.#pauseMs > 0;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#pauseMs = 0;
    this.#isTrying = false;
  }

  /** While it is left alone, calls from before say nothing new: only the one that tries does. */
  failed(nowMs: number, how: { isTry: boolean }): void {
    this.#failures += 1;
    const { failuresMax, pauseFirstMs, pauseMostMs } = this.#options;
    if (how.isTry) this.#isTrying = false;
    else if (this.#pauseMs > 0 || this.#failures < failuresMax) return;
    this.#pauseMs = this.#pauseMs === 0 ? pauseFirstMs : Math.min(this.#pauseMs * 2, pauseMostMs);
    this.#openUntilMs = nowMs + this.#pauseMs;
  }

  /** A call ended without a word of the provider: if it was the try, the next one tries. */
  gaveUp(how: { isTry: boolean }): void {
    if (how.isTry) this.#isTrying = false;
  }
}
