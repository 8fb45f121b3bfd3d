// What followers of events get: the feed's events as messages of the wire, handed to a sink at the
// pace of who reads it. All doors stand on it: SubscribeEvents (gRPC), follow_events (the admin
// link) and GET /v1/events (HTTP).
//   1. Exact: after the id of the last item that a sink took, nothing is lost and nothing doubled,
//      also between two items of one event.
//   2. A sink that takes nothing for a while is put aside: everything is let go of but its place,
//      and it goes on from there when it has room again. So a reader that stopped costs the kernel
//      what it was handed already, and nobody else anything.
//   3. What is live is translated once for all who follow it.

import type { Event } from '@hivekernel/kernel';
import type { Host } from '../../journal/host.ts';
import { whenThere } from '../wire/content-bytes.ts';
import { missedEvent, toProcessEvents, toVolatileEvent } from '../wire/events.ts';
import type { EventSource, ProcessEvent } from '../wire/teller.ts';
import type { EventFeed, FeedBatch, FeedProgress } from './event-feed.ts';
import { typeFilterOf } from './event-filter.ts';
import type { ProcessFilter, TypeFilter } from './event-filter.ts';
import { FOLLOW_LIMITS } from './limits.ts';
import { idOf, wholeSeqOf } from './position.ts';
import type { Position } from './position.ts';
import { settledWithin } from './settled-within.ts';

export interface FollowItem {
  readonly event: ProcessEvent;
  /** What the journal holds. Where one event is many on the wire, the first has it. */
  readonly source: Event | undefined;
  /** Where the same item goes to all who follow. */
  readonly forms: ItemForms | undefined;
}

/** What the doors made of an item, for the next follower through the same door. */
export interface ItemForms {
  /** HTTP, by the type of content. */
  readonly texts: Map<string, string>;
  /** gRPC. */
  wire?: Buffer;
}

export interface FollowSink {
  /** Takes the item, always. False: it has no room for another, await `drained`. */
  put(item: FollowItem): boolean;
  /** Nothing more comes at the moment: what was taken should leave. False as above. */
  flush(): boolean;
  /** All up to this id was told or does not match, and nothing more is kept. Once. */
  live(id: string): void;
  /** Resolves when there is room again, or the order's signal has aborted. */
  drained(): Promise<void>;
}

export interface FollowOrder extends ProcessFilter {
  readonly after: Position;
  readonly last?: number;
  readonly sinceMs?: number;
  readonly follow: boolean;
  readonly volatile?: boolean;
  /** Words of the wire; none: all. */
  readonly types?: readonly string[];
  readonly signal: AbortSignal;
}

export interface FollowOptions {
  readonly feed: EventFeed;
  readonly host: Pick<Host, 'bytes'>;
  readonly order: FollowOrder;
  readonly sink: FollowSink;
  readonly stalledMs?: number;
}

export class Following {
  readonly #options: FollowOptions;
  readonly #source: EventSource;
  readonly #types: TypeFilter | undefined;
  readonly #progress: FeedProgress = { seq: 0 };
  #place: Position;
  #hasBegun = false;
  #isLive = false;
  #leave: (() => void) | undefined;
  #isAside = false;
  /** In the middle of a batch, whose end is not reached. */
  #isTelling = false;

  /** Throws `invalid_argument` for a bad order. */
  constructor(options: FollowOptions) {
    const { feed, host, order } = options;
    this.#options = options;
    this.#source = { host, nameOf: (pid) => feed.book.nameOf(pid) };
    this.#types = typeFilterOf(order.types ?? []);
    this.#place = order.after;
  }

  /** How far it is, for a sign of life while nothing is put. */
  get placeId(): string {
    const { seq } = this.#progress;
    return !this.#isTelling && seq > this.#place.seq ? `${seq}` : idOf(this.#place);
  }

  /**
   * Takes a place among the followers, which `run` gives back. Rejects with what `run` would at
   * once: for a door that must say so before it begins to write.
   */
  async begin(): Promise<void> {
    const { feed, order } = this.#options;
    const leave = feed.admit();
    try {
      const { after } = order;
      await feed.check({ afterSeq: wholeSeqOf(after), isExact: after.seq > 0 });
      this.#leave = leave;
    } finally {
      if (this.#leave !== leave) leave();
    }
  }

  /** Ends and rejects as `EventFeed.open`; also with `limit_exceeded` as `EventFeed.admit`. */
  async run(): Promise<void> {
    const { feed, order, sink } = this.#options;
    const leave = this.#leave ?? feed.admit();
    try {
      do {
        this.#isAside = false;
        await this.#runUntilAside();
        if (this.#isAside) await sink.drained();
      } while (this.#isAside && !order.signal.aborted);
    } finally {
      leave();
    }
  }

  async #runUntilAside(): Promise<void> {
    const { feed, order, sink } = this.#options;
    const { after: _, types: __, ...asked } = order;
    const afterSeq = wholeSeqOf(this.#place);
    const isExact = this.#place.seq > 0;
    const again = this.#hasBegun ? { last: 0, sinceMs: 0 } : {};
    const onLive = (): void => this.#tellLive();
    const request = { ...asked, ...again, afterSeq, isExact, progress: this.#progress, onLive };
    for await (const batch of feed.open(request)) {
      await this.#tell(batch);
      if (order.signal.aborted || this.#isAside) return;
      if (!sink.flush()) await this.#room();
      if (this.#isAside) return;
    }
  }

  #tellLive(): void {
    if (this.#isLive) return;
    this.#isLive = true;
    this.#options.sink.live(this.placeId);
  }

  async #tell(batch: FeedBatch): Promise<void> {
    const { signal } = this.#options.order;
    this.#isTelling = true;
    if (batch.observations.length > 0 || batch.missed > 0) this.#tellVolatile(batch);
    const { events, isShared } = batch;
    for (let at = 0; at < events.length; at += FOLLOW_LIMITS.tellingsAtOnce) {
      const isTurnOver = at > 0 && at % FOLLOW_LIMITS.tellingsPerTurn === 0;
      if (isTurnOver && !isShared) await this.#options.feed.turn();
      const some = events.slice(at, at + FOLLOW_LIMITS.tellingsAtOnce);
      const tellings = some.map((event) => this.#translated(event, isShared));
      for (const [i, telling] of tellings.entries()) {
        const told = telling instanceof Promise ? await telling : telling;
        const hasRoom = this.#putAll((some[i] as Event).seq, told);
        if (!hasRoom) await this.#room();
        if (signal.aborted || this.#isAside) return;
      }
    }
    this.#isTelling = false;
  }

  #tellVolatile({ observations, missed }: FeedBatch): void {
    const nowMs = Date.now();
    const told = observations.map((observation) => toVolatileEvent(observation, nowMs));
    if (missed > 0) told.unshift(missedEvent(missed, nowMs));
    for (const event of told) {
      if (event.type !== 'missed' && this.#types?.(event.type) === false) continue;
      // At most a window of them, so that room need not be asked for in between.
      this.#options.sink.put({ event, source: undefined, forms: undefined });
    }
  }

  #translated(event: Event, isShared: boolean): Telling {
    if (!isShared) return whenThere(toProcessEvents(event, this.#source), itemsOf(event));
    const known = LIVE_TELLINGS.get(event);
    if (known !== undefined) return known;
    const telling = whenThere(toProcessEvents(event, this.#source), sharedItemsOf(event));
    LIVE_TELLINGS.set(event, telling);
    return telling;
  }

  /** All wire events of one event together: at most some thousand small ones. */
  #putAll(seq: number, items: readonly FollowItem[]): boolean {
    const { sink } = this.#options;
    const done = seq === this.#place.seq ? this.#place.part : 0;
    let hasRoom = true;
    for (let i = done; i < items.length; i += 1) {
      const item = items[i] as FollowItem;
      if (this.#types?.(item.event.type) === false) continue;
      hasRoom = sink.put(item);
    }
    this.#place = { seq, part: 0 };
    this.#hasBegun = true;
    return hasRoom;
  }

  /** Waits a little for room; without any the sink is put aside. */
  async #room(): Promise<void> {
    const { sink, stalledMs = FOLLOW_LIMITS.stalledMs } = this.#options;
    this.#isAside = !(await settledWithin(sink.drained(), stalledMs));
  }
}

type Telling = readonly FollowItem[] | Promise<readonly FollowItem[]>;
type ItemsOf = (told: readonly ProcessEvent[]) => readonly FollowItem[];

const itemsOf =
  (source: Event): ItemsOf =>
  (told) =>
    told.map((event, i) => ({ event, source: i === 0 ? source : undefined, forms: undefined }));

const sharedItemsOf =
  (source: Event): ItemsOf =>
  (told) =>
    itemsOf(source)(told).map((item) => ({ ...item, forms: { texts: new Map() } }));

/** By the event object, of which all who follow live have the same. */
const LIVE_TELLINGS = new WeakMap<Event, Telling>();
