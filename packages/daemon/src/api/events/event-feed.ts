// The event feed: from any seq, first what the store holds, then what happens, as one sequence.
//   1. No gap, no double: each kept event after `afterSeq` that matches comes once, in order.
//   2. The reader sets the pace. The newest events are held once for all readers; who is further
//      behind reads the store again from where it is (live-window.ts).
//   3. Only durable events; what retention has dropped is refused, never skipped in silence.
// Not a translation: doors make their own messages of the events.

import { KernelError } from '@hivekernel/kernel';
import type { Event } from '@hivekernel/kernel';
import type { Host, Observation } from '../../journal/host.ts';
import { concerns } from './event-filter.ts';
import type { ProcessFilter } from './event-filter.ts';
import { FeedReader } from './feed-reader.ts';
import { FOLLOW_LIMITS } from './limits.ts';
import type { LiveLimits } from './limits.ts';
import { LiveWindow } from './live-window.ts';
import { notKept } from './not-kept.ts';
import type { ProcessBook } from './process-book.ts';
import { Turnstile } from './turnstile.ts';

export interface FeedRequest extends ProcessFilter {
  /** 0: everything kept. */
  readonly afterSeq: number;
  /** Begins in the middle of what is kept, also with `afterSeq` 0: the first must be the next. */
  readonly isExact?: boolean;
  /** Of those, only the newest; 0: all. */
  readonly last?: number;
  /** Begins with the first one of this time or later, ms since 1970; 0: no matter. */
  readonly sinceMs?: number;
  /** Go on after what is there. */
  readonly follow: boolean;
  /** Also what has no seq. */
  readonly volatile?: boolean;
  readonly signal: AbortSignal;
  /** Kept up to date: how far the reader is, whether or not anything matched. */
  readonly progress?: FeedProgress;
  /** Told when all that was kept has been handed out. */
  readonly onLive?: () => void;
}

/** A second `open` with the progress of a first one goes on where that one was. */
export interface FeedProgress {
  /** All up to here was handed out or does not match. */
  seq: number;
  /** Which observation is next; undefined before the first `open`. */
  observed?: number;
}

export interface FeedBatch {
  readonly events: readonly Event[];
  readonly observations: readonly Observation[];
  /** Observations that a slow reader did not get before these. */
  readonly missed: number;
  /** The same event objects are handed to all who follow. */
  readonly isShared: boolean;
}

export type FeedHost = Pick<Host, 'read' | 'onDurable' | 'onObservation' | 'durableSeq'>;

/** How far back one look for the newest matching events reaches. */
const LOOK_BACK_EVENTS = 10_000;

export class EventFeed {
  readonly book: ProcessBook;
  readonly #host: FeedHost;
  readonly #window: LiveWindow;
  readonly #turnstile = new Turnstile();
  readonly #followersMax: number;
  #followers = 0;

  constructor(options: {
    host: FeedHost;
    book: ProcessBook;
    limits?: LiveLimits;
    followersMax?: number;
  }) {
    this.#host = options.host;
    this.book = options.book;
    this.#window = new LiveWindow(options.host, options.limits);
    this.#followersMax = options.followersMax ?? FOLLOW_LIMITS.followersMax;
  }

  /** Resolves when it is one's turn to work on what is kept (turnstile.ts). */
  turn(): Promise<void> {
    return this.#turnstile.pass();
  }

  /** A place among the followers; give it back. Throws `limit_exceeded`. */
  admit(): () => void {
    if (this.#followers >= this.#followersMax) {
      const message = `${this.#followersMax} follow the events already; try again later.`;
      throw new KernelError('limit_exceeded', message);
    }
    this.#followers += 1;
    const letGo = this.#window.hold();
    let isHere = true;
    return () => {
      if (!isHere) return;
      isHere = false;
      this.#followers -= 1;
      letGo();
    };
  }

  /** Throws what `open` would at once: see there. */
  async check(request: Pick<FeedRequest, 'afterSeq' | 'isExact'>): Promise<void> {
    const { afterSeq, isExact = afterSeq > 0 } = request;
    this.#refuseFuture(afterSeq);
    if (!isExact || afterSeq === this.#host.durableSeq) return;
    for await (const [first] of this.#host.read({ afterSeq, toSeq: afterSeq + 1 })) {
      if (first?.seq === afterSeq + 1) return;
      break;
    }
    throw notKept({ afterSeq, firstSeq: await this.#firstSeq() });
  }

  /**
   * Ends after what is there, or with `follow` when the signal aborts. Throws `invalid_argument`
   * for a seq that is not there yet, and `gone` for one whose events are not kept any more: at the
   * start, or where retention has overtaken a slow reader.
   */
  async *open(request: FeedRequest): AsyncGenerator<FeedBatch, void, undefined> {
    await this.book.open();
    const letGo = this.#window.hold();
    try {
      const { signal, follow, afterSeq, last = 0 } = request;
      const isExact = request.isExact ?? afterSeq > 0;
      const reader = new FeedReader({
        host: this.#host,
        book: this.book,
        window: this.#window,
        turnstile: this.#turnstile,
        request,
        afterSeq: await this.#startOf(request),
        isExact: isExact && last === 0,
      });
      yield* follow && !signal.aborted ? reader.live() : reader.stored();
    } finally {
      letGo();
    }
  }

  #refuseFuture(afterSeq: number): void {
    const { durableSeq } = this.#host;
    if (afterSeq <= durableSeq) return;
    throw new KernelError(
      'invalid_argument',
      `There is no event ${afterSeq} yet; the newest is ${durableSeq}.`,
      { details: { after_seq: afterSeq, seq: durableSeq } },
    );
  }

  /** After which event to begin. */
  async #startOf(request: FeedRequest): Promise<number> {
    const { afterSeq, last = 0, signal } = request;
    const { durableSeq } = this.#host;
    this.#refuseFuture(afterSeq);
    if (last === 0) return afterSeq;
    if ((request.pid ?? 0) === 0) return Math.max(afterSeq, durableSeq - last);
    let wanted = last;
    for (let toSeq = durableSeq; toSeq > afterSeq && !signal.aborted;) {
      const fromSeq = Math.max(afterSeq, toSeq - LOOK_BACK_EVENTS);
      const look = await this.#matching(request, { afterSeq: fromSeq, toSeq });
      const first = look.seqs[look.seqs.length - wanted];
      if (first !== undefined) return first - 1;
      if (look.isBeforeKept) return fromSeq;
      wanted -= look.seqs.length;
      toSeq = fromSeq;
    }
    return afterSeq;
  }

  async #matching(
    filter: ProcessFilter,
    range: { afterSeq: number; toSeq: number },
  ): Promise<{ seqs: number[]; isBeforeKept: boolean }> {
    const seqs: number[] = [];
    let isBeforeKept = true;
    for await (const events of this.#host.read(range)) {
      if (events.length > 0) isBeforeKept = false;
      for (const event of events) {
        this.book.note(event);
        if (concerns(event, filter, this.book)) seqs.push(event.seq);
      }
    }
    return { seqs, isBeforeKept };
  }

  async #firstSeq(): Promise<number> {
    for await (const [first] of this.#host.read({ afterSeq: 0 })) {
      if (first !== undefined) return first.seq;
    }
    return this.#host.durableSeq + 1;
  }
}
