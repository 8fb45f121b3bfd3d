// One reader's way through the events: the store as far as it goes, then the live window, and back
// to the store whenever it was too slow for that. The feed decides where it begins.

import type { Event } from '@hivekernel/kernel';
import type { FeedBatch, FeedHost, FeedProgress, FeedRequest } from './event-feed.ts';
import { concerns } from './event-filter.ts';
import type { LiveWindow } from './live-window.ts';
import { notKept, tooSlow } from './not-kept.ts';
import type { ProcessBook } from './process-book.ts';
import type { Turnstile } from './turnstile.ts';

export interface FeedReaderOptions {
  readonly host: FeedHost;
  readonly book: ProcessBook;
  readonly window: LiveWindow;
  readonly turnstile: Turnstile;
  readonly request: FeedRequest;
  readonly afterSeq: number;
  /** Whether the first event must be the very next one. */
  readonly isExact: boolean;
}

export class FeedReader {
  readonly #host: FeedHost;
  readonly #book: ProcessBook;
  readonly #window: LiveWindow;
  readonly #turnstile: Turnstile;
  readonly #request: FeedRequest;
  readonly #progress: FeedProgress;
  #isExact: boolean;
  #hasBegun: boolean;
  /** 0: it is reached. */
  #sinceMs: number;
  #observed: number;

  constructor(options: FeedReaderOptions) {
    const { request, window } = options;
    this.#host = options.host;
    this.#book = options.book;
    this.#window = window;
    this.#turnstile = options.turnstile;
    this.#request = request;
    this.#isExact = options.isExact;
    this.#sinceMs = request.sinceMs ?? 0;
    this.#progress = request.progress ?? { seq: 0 };
    // A reader that was here before is one that was slow.
    this.#hasBegun = this.#progress.observed !== undefined;
    this.#observed = this.#progress.observed ?? window.observedEnd;
    this.#progress.observed = this.#observed;
    this.#progress.seq = options.afterSeq;
  }

  /** What the store holds, until the reader has caught up. */
  async *stored(): AsyncGenerator<FeedBatch, void, undefined> {
    const { signal } = this.#request;
    const progress = this.#progress;
    while (progress.seq < this.#host.durableSeq && !signal.aborted) {
      const toSeq = this.#host.durableSeq;
      for await (const events of this.#host.read({ afterSeq: progress.seq, toSeq })) {
        if (signal.aborted) return;
        this.#checkNext(events[0]);
        for (const event of events) this.#book.note(event);
        const matching = this.#matching(events);
        if (matching.length > 0) yield { ...NOTHING, events: matching };
        await this.#turnstile.pass();
      }
      progress.seq = toSeq;
    }
  }

  /** The same, then what happens, until the signal aborts. */
  async *live(): AsyncGenerator<FeedBatch, void, undefined> {
    const { signal, volatile = false, onLive } = this.#request;
    const progress = this.#progress;
    let isLive = false;
    while (!signal.aborted) {
      const events = this.#window.eventsAfter(progress.seq);
      if (events === undefined) {
        yield* this.stored();
        continue;
      }
      const seen = volatile ? this.#observations() : NOTHING;
      const matching = this.#matching(events);
      if (matching.length > 0 || seen.observations.length > 0 || seen.missed > 0) {
        const { observations, missed } = seen;
        yield { events: matching, observations, missed, isShared: true };
        continue;
      }
      if (events.length > 0) continue;
      if (!isLive) onLive?.();
      isLive = true;
      const place = { seq: progress.seq, ...(volatile && { observed: this.#observed }) };
      await this.#window.waiting(place, signal);
    }
  }

  #observations(): Pick<FeedBatch, 'observations' | 'missed'> {
    const { observations, missed, end } = this.#window.observationsFrom(this.#observed);
    this.#observed = end;
    this.#progress.observed = end;
    const { pid = 0 } = this.#request;
    const concerning = pid === 0 ? observations : observations.filter((one) => this.#isOf(one.pid));
    return { observations: concerning, missed };
  }

  /** Nothing is skipped in silence: neither before the first event nor under a slow reader. */
  #checkNext(first: Event | undefined): void {
    if (first === undefined || !this.#isExact) return;
    const { seq } = this.#progress;
    if (first.seq === seq + 1) return;
    const gap = { afterSeq: seq, firstSeq: first.seq };
    throw this.#hasBegun ? tooSlow(gap) : notKept(gap);
  }

  #matching(events: readonly Event[]): readonly Event[] {
    const last = events[events.length - 1];
    if (last === undefined) return events;
    this.#progress.seq = last.seq;
    this.#isExact = true;
    this.#hasBegun = true;
    const young = this.#sinceMs > 0 ? this.#sinceTime(events) : events;
    if ((this.#request.pid ?? 0) === 0) return young;
    return young.filter((event) => concerns(event, this.#request, this.#book));
  }

  /** A clock that is set back later hides nothing. */
  #sinceTime(events: readonly Event[]): readonly Event[] {
    const first = events.findIndex(({ wallMs }) => wallMs >= this.#sinceMs);
    if (first < 0) return [];
    this.#sinceMs = 0;
    return events.slice(first);
  }

  #isOf(pid: number): boolean {
    const { pid: wanted = 0, subtree = false } = this.#request;
    return pid === wanted || (subtree && this.#book.isWithin(pid, wanted));
  }
}

const NOTHING: FeedBatch = { events: [], observations: [], missed: 0, isShared: false };
