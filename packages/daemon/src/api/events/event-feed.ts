// The event feed: from any seq, first what the store holds, then what happens, as one sequence.
//   1. No gap, no double: each kept event after `afterSeq` that matches comes once, in order.
//   2. The reader sets the pace. While it is slow, events wait in a bounded buffer; when that is
//      full the feed reads the store again from where the reader is (live-buffer.ts).
//   3. Only durable events; what retention has dropped is refused, never skipped in silence.
// Not a translation: doors make their own messages of the events.

import { KernelError } from '@hivekernel/kernel';
import type { Event } from '@hivekernel/kernel';
import type { Host, Observation } from '../../journal/host.ts';
import { concerns } from './event-filter.ts';
import type { ProcessFilter } from './event-filter.ts';
import { LiveBuffer } from './live-buffer.ts';
import type { LiveBufferLimits } from './live-buffer.ts';
import type { ProcessBook } from './process-book.ts';

export interface FeedRequest extends ProcessFilter {
  /** 0: everything kept. */
  readonly afterSeq: number;
  /** Of those, only the newest; 0: all. */
  readonly last?: number;
  /** Go on after what is there. */
  readonly follow: boolean;
  /** Also what has no seq. */
  readonly volatile?: boolean;
  readonly signal: AbortSignal;
}

export interface FeedBatch {
  readonly events: readonly Event[];
  readonly observations: readonly Observation[];
  /** Observations that a slow reader did not get before these. */
  readonly missed: number;
}

type FeedHost = Pick<Host, 'read' | 'onDurable' | 'onObservation' | 'durableSeq'>;

/** How far back one look for the newest matching events reaches. */
const LOOK_BACK_EVENTS = 10_000;

export class EventFeed {
  readonly book: ProcessBook;
  readonly #host: FeedHost;
  readonly #limits: LiveBufferLimits | undefined;

  constructor(options: { host: FeedHost; book: ProcessBook; limits?: LiveBufferLimits }) {
    this.#host = options.host;
    this.book = options.book;
    this.#limits = options.limits;
  }

  /**
   * Ends after what is there, or with `follow` when the signal aborts. Throws `invalid_argument`
   * for a seq that is not there yet, `not_found` for one that is not kept any more, and
   * `limit_exceeded` when retention has overtaken a slow reader.
   */
  async *open(request: FeedRequest): AsyncGenerator<FeedBatch, void, undefined> {
    await this.book.open();
    const { signal } = request;
    const afterSeq = await this.#startOf(request);
    const isExact = request.afterSeq > 0 && (request.last ?? 0) === 0;
    const reader = new FeedReader({
      host: this.#host,
      book: this.book,
      request,
      afterSeq,
      isExact,
    });
    if (!request.follow || signal.aborted) return yield* reader.stored();
    const buffer = new LiveBuffer(this.#limits);
    const stops = [this.#host.onDurable((events) => buffer.pushEvents(events))];
    if (request.volatile === true) {
      stops.push(this.#host.onObservation((seen) => buffer.pushObservation(seen)));
    }
    try {
      yield* reader.live(buffer);
    } finally {
      for (const stop of stops) stop();
    }
  }

  /** After which event to begin. */
  async #startOf(request: FeedRequest): Promise<number> {
    const { afterSeq, last = 0, signal } = request;
    const { durableSeq } = this.#host;
    if (afterSeq > durableSeq) {
      throw new KernelError(
        'invalid_argument',
        `There is no event ${afterSeq} yet; the newest is ${durableSeq}.`,
        { details: { after_seq: afterSeq, seq: durableSeq } },
      );
    }
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
}

function notKept(afterSeq: number, firstSeq: number): KernelError {
  return new KernelError(
    'not_found',
    `The events after ${afterSeq} are no longer kept: the oldest is ${firstSeq}. ` +
      'Ask from 0 for everything that is kept.',
    { details: { after_seq: afterSeq, first_seq: firstSeq } },
  );
}

function tooSlow(afterSeq: number, firstSeq: number): KernelError {
  return new KernelError(
    'limit_exceeded',
    `The reader is too slow: the events after ${afterSeq} are no longer kept, the oldest is ` +
      `${firstSeq}.`,
    { details: { after_seq: afterSeq, first_seq: firstSeq } },
  );
}

/** One reader's way through the events. */
class FeedReader {
  readonly #host: FeedHost;
  readonly #book: ProcessBook;
  readonly #request: FeedRequest;
  /** Whether the first event must be the very next one. */
  #isExact: boolean;
  #hasBegun = false;
  /** Everything up to here was handed out or does not match. */
  cursor: number;

  constructor(options: {
    host: FeedHost;
    book: ProcessBook;
    request: FeedRequest;
    afterSeq: number;
    isExact: boolean;
  }) {
    this.#host = options.host;
    this.#book = options.book;
    this.#request = options.request;
    this.#isExact = options.isExact;
    this.cursor = options.afterSeq;
  }

  /** What the store holds, until the reader has caught up. */
  async *stored(): AsyncGenerator<FeedBatch, void, undefined> {
    const { signal } = this.#request;
    while (this.cursor < this.#host.durableSeq && !signal.aborted) {
      const toSeq = this.#host.durableSeq;
      for await (const events of this.#host.read({ afterSeq: this.cursor, toSeq })) {
        if (signal.aborted) return;
        this.#checkNext(events[0]);
        const batch = this.#batch(events);
        if (batch !== undefined) yield batch;
      }
      this.cursor = toSeq;
    }
  }

  /** The same, then what happens, until the signal aborts. */
  async *live(buffer: LiveBuffer): AsyncGenerator<FeedBatch, void, undefined> {
    const { signal } = this.#request;
    while (!signal.aborted) {
      if (buffer.hasGap) yield* this.#catchUp(buffer);
      const { observations, missed } = buffer.takeObservations();
      const seen = observations.filter((one) => this.#concernsPid(one.pid));
      const batch = this.#batch(buffer.takeEvents());
      if (seen.length > 0 || missed > 0 || batch !== undefined) {
        yield { events: batch?.events ?? [], observations: seen, missed };
      }
      await buffer.waiting(signal);
    }
  }

  async *#catchUp(buffer: LiveBuffer): AsyncGenerator<FeedBatch, void, undefined> {
    const { signal } = this.#request;
    while (this.cursor < this.#host.durableSeq && !signal.aborted) yield* this.stored();
    // In the same turn as the look at durableSeq: whatever becomes durable next enters the buffer.
    buffer.restart(this.cursor);
  }

  /** Nothing is skipped in silence: neither before the first event nor under a slow reader. */
  #checkNext(first: Event | undefined): void {
    if (first === undefined) return;
    const isNext = first.seq === this.cursor + 1;
    if (!this.#isExact || isNext) return;
    throw this.#hasBegun ? tooSlow(this.cursor, first.seq) : notKept(this.cursor, first.seq);
  }

  #batch(events: readonly Event[]): FeedBatch | undefined {
    const last = events[events.length - 1];
    if (last === undefined) return undefined;
    for (const event of events) this.#book.note(event);
    this.cursor = last.seq;
    this.#isExact = true;
    this.#hasBegun = true;
    const matching = events.filter((event) => concerns(event, this.#request, this.#book));
    if (matching.length === 0) return undefined;
    return { events: matching, observations: [], missed: 0 };
  }

  #concernsPid(pid: number): boolean {
    const { pid: wanted = 0, subtree = false } = this.#request;
    if (wanted === 0 || pid === wanted) return true;
    return subtree && this.#book.isWithin(pid, wanted);
  }
}
