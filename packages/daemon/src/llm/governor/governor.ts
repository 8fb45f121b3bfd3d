// The governor of one model at one provider with one key (B7): how many calls are under way, how
// many go out in a minute, how many tokens, for all agents together. Those over a bound wait in one
// line, by priority with aging; within a priority turns go round among the callers.
//   F1. Never more than `concurrentMax` inside; each way in is given back exactly once.
//   F2. Among callers of one priority turns go round; within one caller, first come first served.
//   F3. An abort leaves the line at once and takes no turn.
//   `Retry-After` holds all of them. While the breaker is open, or the hold is long, they are
//   refused and told when to come back, not kept waiting.

import { KernelError } from '@hivekernel/kernel';
import { abortError } from '../exchange.ts';
import type { LlmClock } from '../wait.ts';
import { Breaker, type BreakerState } from './breaker.ts';
import { RateWindow } from './rate-window.ts';

export interface GovernorOptions {
  readonly provider: string;
  readonly model: string;
  /** 0: unlimited, as the next two. */
  readonly concurrentMax: number;
  readonly requestsPerMinuteMax: number;
  readonly tokensPerMinuteMax: number;
  readonly queuedMax: number;
  /** Who would be held for longer is refused; no provider holds for longer than `heldMostMs`. */
  readonly heldWaitMaxMs: number;
  readonly heldMostMs: number;
  readonly breaker: { failuresMax: number; pauseFirstMs: number; pauseMostMs: number };
  /** One level of priority is worth so much waiting. */
  readonly agingMsPerLevel: number;
  readonly clock: LlmClock;
}

export interface EntryWish {
  /** Who asks: turns go round by it. */
  readonly caller: number;
  /** 0 is the most urgent. */
  readonly priority: 0 | 1 | 2 | 3;
  /** What it may cost at most. */
  readonly tokens: number;
  readonly signal: AbortSignal;
  /** There is no room: it waits in line from now on. */
  readonly onWait?: (() => void) | undefined;
}

/** The way out, with what is known of the call then. */
export interface Passage {
  leave(end: {
    readonly outcome: 'ok' | 'failed' | 'refused' | 'given_up';
    /** What it did cost. */
    readonly tokens: number;
    /** The provider asked for this pause. */
    readonly retryAfterMs?: number | undefined;
  }): void;
}

interface Waiter extends EntryWish {
  readonly sinceMs: number;
  readonly enter: (passage: Passage) => void;
  readonly refuse: (error: KernelError) => void;
}

export class Governor {
  readonly #options: GovernorOptions;
  readonly #breaker: Breaker;
  readonly #requests: RateWindow;
  readonly #tokens: RateWindow;
  /** By caller, in the order of their turns: a map keeps the order of insertion. */
  readonly #lines = new Map<number, Line>();
  #inside = 0;
  #waiting = 0;
  #heldUntilMs = 0;
  /** Of the wake that is set. */
  #wakeAtMs = Infinity;
  #isServedSoon = false;
  readonly #off = new AbortController();

  constructor(options: GovernorOptions) {
    this.#options = options;
    this.#breaker = new Breaker(options.breaker);
    this.#requests = new RateWindow(options.requestsPerMinuteMax);
    this.#tokens = new RateWindow(options.tokensPerMinuteMax);
  }

  get inside(): number {
    return this.#inside;
  }

  get waiting(): number {
    return this.#waiting;
  }

  get breaker(): BreakerState {
    return this.#breaker.stateAt(this.#nowMs);
  }

  /** Nobody is here, and nothing is remembered that a new one would not know. */
  get isIdle(): boolean {
    const nowMs = this.#nowMs;
    const isQuiet = !this.isUsed && this.#breaker.isUnharmed && this.#heldUntilMs <= nowMs;
    return isQuiet && this.#requests.isEmptyAt(nowMs) && this.#tokens.isEmptyAt(nowMs);
  }

  get isUsed(): boolean {
    return this.#inside + this.#waiting > 0;
  }

  /** Throws what `enter` would reject with while nobody is let in, nor into the line. */
  check(): void {
    const closed = this.#refusal();
    if (closed !== undefined) throw closed;
  }

  /** Who waits is let go by its own signal; no wake comes after this. */
  close(): void {
    this.#off.abort();
  }

  /**
   * Rejects with `queue_full`; with `unavailable` while the breaker is open and `rate_limited` in
   * a long hold, both with `retryAfterMs`; or with the signal's reason.
   */
  async enter(wish: EntryWish): Promise<Passage> {
    if (wish.signal.aborted) throw abortError(wish.signal);
    this.check();
    if (this.#waiting === 0 && this.#roomMs(wish) === 0) return this.#admit(wish);
    if (this.#waiting >= this.#options.queuedMax) throw this.#isFull();
    wish.onWait?.();
    return this.#wait(wish);
  }

  #wait(wish: EntryWish): Promise<Passage> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#drop(waiter);
        reject(abortError(wish.signal));
        // What it was too much for may do for the next one.
        this.#serveSoon();
      };
      const done = (): void => wish.signal.removeEventListener('abort', onAbort);
      const waiter: Waiter = {
        ...wish,
        sinceMs: this.#nowMs,
        enter: (passage) => {
          done();
          resolve(passage);
        },
        refuse: (error) => {
          done();
          reject(error);
        },
      };
      wish.signal.addEventListener('abort', onAbort, { once: true });
      const line = this.#lines.get(wish.caller) ?? newLine();
      line[wish.priority]?.push(waiter);
      this.#lines.set(wish.caller, line);
      this.#waiting += 1;
      this.#serveSoon();
    });
  }

  /** Once for all who come or give up in one go: a stop ends thousands. */
  #serveSoon(): void {
    if (this.#isServedSoon) return;
    this.#isServedSoon = true;
    queueMicrotask(() => {
      this.#isServedSoon = false;
      this.#serve();
    });
  }

  /** Lets in whoever may go; sets a wake for when time alone makes room. */
  #serve(): void {
    while (this.#waiting > 0) {
      // Asked again for each: the first one let in after a pause tries alone.
      const closed = this.#refusal();
      if (closed !== undefined) return this.#refuseAll(closed);
      if (this.#isFilled) return;
      const next = this.#next();
      if (next === undefined) return;
      const waitMs = this.#roomMs(next);
      if (waitMs > 0) return this.#wakeIn(waitMs);
      this.#drop(next);
      this.#toTheBack(next.caller);
      next.enter(this.#admit(next));
    }
  }

  get #isFilled(): boolean {
    const { concurrentMax } = this.#options;
    return concurrentMax > 0 && this.#inside >= concurrentMax;
  }

  /** The most urgent head, aged; among equals, whose turn it is. */
  #next(): Waiter | undefined {
    let best: Waiter | undefined;
    let bestLevel = Infinity;
    for (const line of this.#lines.values()) {
      for (const [head] of line) {
        const level = head === undefined ? Infinity : this.#levelOf(head);
        if (level < bestLevel) [best, bestLevel] = [head, level];
      }
    }
    return best;
  }

  #levelOf({ priority, sinceMs }: Waiter): number {
    const aged = Math.floor((this.#nowMs - sinceMs) / this.#options.agingMsPerLevel);
    return Math.max(0, priority - aged);
  }

  /** 0: it may go now; Infinity: when somebody leaves. */
  #roomMs({ tokens }: Pick<EntryWish, 'tokens'>): number {
    if (this.#isFilled) return Infinity;
    const nowMs = this.#nowMs;
    return Math.max(
      this.#heldUntilMs - nowMs,
      this.#requests.waitMs(1, nowMs),
      this.#tokens.waitMs(tokens, nowMs),
      0,
    );
  }

  #admit({ tokens: reckoned }: EntryWish): Passage {
    this.#inside += 1;
    this.#requests.add(1, this.#nowMs);
    this.#tokens.add(reckoned, this.#nowMs);
    const isTry = this.#breaker.began();
    let isOut = false;
    return {
      leave: ({ outcome, tokens, retryAfterMs = 0 }) => {
        if (isOut) return;
        isOut = true;
        const nowMs = this.#nowMs;
        this.#inside -= 1;
        this.#tokens.correct(tokens - reckoned, nowMs);
        const heldMs = Math.min(retryAfterMs, this.#options.heldMostMs);
        this.#heldUntilMs = Math.max(this.#heldUntilMs, nowMs + heldMs);
        if (outcome === 'failed') this.#breaker.failed(nowMs, { isTry });
        else if (outcome === 'given_up') this.#breaker.gaveUp({ isTry });
        else this.#breaker.succeeded();
        this.#serve();
      },
    };
  }

  #wakeIn(waitMs: number): void {
    const atMs = this.#nowMs + waitMs;
    if (atMs >= this.#wakeAtMs) return;
    this.#wakeAtMs = atMs;
    // It is short, and finds nobody to serve when all have gone.
    this.#options.clock.sleep(waitMs, this.#off.signal).then(
      () => {
        if (this.#wakeAtMs === atMs) this.#wakeAtMs = Infinity;
        this.#serve();
      },
      () => undefined, // Closed.
    );
  }

  #refuseAll(closed: KernelError): void {
    const all = [...this.#lines.values()].flat(2);
    this.#lines.clear();
    this.#waiting = 0;
    for (const waiter of all) waiter.refuse(closed);
  }

  #drop(waiter: Waiter): void {
    const line = this.#lines.get(waiter.caller);
    const own = line?.[waiter.priority];
    const at = own?.indexOf(waiter) ?? -1;
    if (own === undefined || at < 0) return;
    own.splice(at, 1);
    this.#waiting -= 1;
    if (line?.every(({ length }) => length === 0) === true) this.#lines.delete(waiter.caller);
  }

  #toTheBack(caller: number): void {
    const line = this.#lines.get(caller);
    if (line === undefined) return;
    this.#lines.delete(caller);
    this.#lines.set(caller, line);
  }

  get #nowMs(): number {
    return this.#options.clock.monoMs();
  }

  /** Why nobody is let in, nor into the line. */
  #refusal(): KernelError | undefined {
    const { provider, model, breaker, heldWaitMaxMs } = this.#options;
    const openMs = this.#breaker.waitMs(this.#nowMs);
    const heldMs = Math.ceil(this.#heldUntilMs - this.#nowMs);
    if (openMs > 0) {
      const why =
        `${model} at ${provider} failed ${breaker.failuresMax} times in a row and is left alone ` +
        `for ${openMs} ms (B7).`;
      const details = { provider, model, retryAfterMs: Math.max(openMs, heldMs) };
      return new KernelError('unavailable', why, { details });
    }
    if (heldMs <= heldWaitMaxMs) return undefined;
    const why = `${provider} asked to be left alone with ${model} for ${heldMs} ms more (B7).`;
    return new KernelError('rate_limited', why, {
      details: { provider, model, retryAfterMs: heldMs },
    });
  }

  #isFull(): KernelError {
    const { provider, model } = this.#options;
    const message = `${this.#waiting} calls are in line for ${model} at ${provider} already (B7).`;
    return new KernelError('queue_full', message, { details: { provider, model } });
  }
}

/** One caller's calls, by priority; each in the order in which they came. */
type Line = Waiter[][];

const PRIORITIES = 4;
const newLine = (): Line => Array.from({ length: PRIORITIES }, () => []);
