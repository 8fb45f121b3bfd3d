// The stream of what happens: one call of follow_events over any number of connections.
//   1. Durable events come in the order of seq, each once, without a gap, also over a lost
//      connection or a kernel that was started anew: the next connection asks from the last id on.
//   2. `followEvents` gives one item an event: where the wire tells several views of one seq, the
//      first stands for it. `wireEvents` gives them all.
//   3. Volatile ones (progress, output, tokens) have seq 0 and are lost with a connection.

import { setTimeout as sleep } from 'node:timers/promises';
import type { LinkCaller, ReplyStream } from '@hivekernel/protocol/link-client';
import type { core, link } from '@hivekernel/protocol/messages';
import { HiveClientError, asClientError } from './client-error.ts';
import { EventPlace } from './event-place.ts';

/** An event as the journal holds it. */
export interface JournalEvent {
  readonly seq: number;
  readonly wallMs: number;
  readonly kind: string;
  readonly by: number;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface KernelEvent {
  /** 0: volatile. */
  readonly seq: number;
  readonly timestampMs: number;
  /** The wire's word for it. */
  readonly type: string;
  readonly pid: number;
  readonly message: string;
  /** All that the wire tells. */
  readonly event: core.ProcessEvent;
  /** Undefined where it is volatile. */
  readonly journal: JournalEvent | undefined;
}

/** One message of the wire, as other clients see it too. */
export interface WireEvent {
  /** Where to go on after it: `42`, or `42.1` where more of event 42 follows. Empty: volatile. */
  readonly id: string;
  readonly event: core.ProcessEvent;
}

export interface FollowRequest {
  /** Events with a higher seq; left out: everything that is kept. */
  readonly afterSeq?: number;
  /** The id of the last one that was received; beats `afterSeq`. */
  readonly afterId?: string;
  /** Before going on, only the newest n of them. */
  readonly last?: number;
  /** Begins with the first one of this time or later, ms since 1970. */
  readonly sinceMs?: number;
  /** Go on after what is there. Default true. */
  readonly follow?: boolean;
  readonly volatile?: boolean;
  readonly pid?: number;
  readonly subtree?: boolean;
  /** How long to look for a kernel that went away; 0: the first loss ends it. Default 30 s. */
  readonly reconnectMs?: number;
  /** Told when a connection is lost and when there is one again. */
  readonly onConnection?: (isThere: boolean) => void;
  /** Told once, when all that was kept has been handed out; the id is where. */
  readonly onLive?: (id: string) => void;
  readonly signal?: AbortSignal;
}

export interface WireRequest extends FollowRequest {
  /** Only these; `task.*` is all that begin so. */
  readonly types?: readonly string[];
}

export const FOLLOW_LIMITS = {
  reconnectMs: 30_000,
  backoffFirstMs: 50,
  backoffMaxMs: 2_000,
} as const;

/** A ready connection; dials when there is none. */
export type Connector = () => Promise<LinkCaller>;

/**
 * Ends when the request's `follow` is false and all is told, when the signal aborts (silently), or
 * by a throw: a refusal, or `unavailable` when no kernel came back in time.
 */
export async function* followEvents(
  connect: Connector,
  request: FollowRequest,
): AsyncGenerator<KernelEvent, void, undefined> {
  for await (const { event, raw } of followItems(connect, {
    request,
    types: [],
    wireOnly: false,
  })) {
    const isRest = event.seq > 0 && raw === '';
    if (!isRest) yield toKernelEvent(event, raw);
  }
}

/** The same of the wire's events: all of them, each once. */
export async function* wireEvents(
  connect: Connector,
  request: WireRequest,
): AsyncGenerator<WireEvent, void, undefined> {
  const { types = [] } = request;
  for await (const { event } of followItems(connect, { request, types, wireOnly: true })) {
    yield { id: event.id, event };
  }
}

interface Item {
  readonly event: core.ProcessEvent;
  readonly raw: string;
}

interface Wanted {
  readonly request: FollowRequest;
  readonly types: readonly string[];
  readonly wireOnly: boolean;
}

async function* followItems(
  connect: Connector,
  wanted: Wanted,
): AsyncGenerator<Item, void, undefined> {
  const { request } = wanted;
  const place = new EventPlace(firstCall(wanted));
  const patience = new Patience(request);
  const onLive = once(request.onLive);
  for (;;) {
    try {
      const caller = await connect();
      if (patience.isTired) request.onConnection?.(true);
      const stream = caller.stream('followEvents', place.ask(), withSignal(request.signal));
      yield* itemsOf(stream, { place, patience, onLive });
      return;
    } catch (thrown) {
      const error = asClientError(thrown);
      if (request.signal?.aborted) return;
      if (!isLoss(error)) throw error;
      if (!patience.isTired) request.onConnection?.(false);
      await patience.rest(error);
      if (request.signal?.aborted) return;
    }
  }
}

interface Follower {
  readonly place: EventPlace;
  readonly patience: Patience;
  readonly onLive: (id: string) => void;
}

async function* itemsOf(
  stream: ReplyStream<link.FollowItem>,
  { place, patience, onLive }: Follower,
): AsyncGenerator<Item, void, undefined> {
  for await (const { event, raw, mark } of stream) {
    patience.refresh();
    if (event === undefined) {
      place.mark(mark);
      onLive(mark);
    } else {
      place.take(event);
      yield { event, raw };
    }
  }
}

function firstCall({ request, types, wireOnly }: Wanted): link.FollowEventsCall {
  return {
    afterSeq: request.afterSeq ?? 0,
    afterId: request.afterId ?? '',
    last: request.last ?? 0,
    sinceMs: Math.trunc(request.sinceMs ?? 0),
    follow: request.follow ?? true,
    volatile: request.volatile ?? false,
    pid: request.pid ?? 0,
    subtree: request.subtree ?? false,
    types: [...types],
    wireOnly,
  };
}

function once<T>(tell: ((value: T) => void) | undefined): (value: T) => void {
  let isTold = false;
  return (value) => {
    if (isTold) return;
    isTold = true;
    tell?.(value);
  };
}

const withSignal = (signal: AbortSignal | undefined) => (signal ? { signal } : {});

const isLoss = (error: unknown): error is HiveClientError =>
  error instanceof HiveClientError && error.code === 'unavailable';

/** Waits between tries, longer each time, until it has been too long without an event. */
class Patience {
  readonly #request: FollowRequest;
  #lostAtMs: number | undefined;
  #backoffMs: number = FOLLOW_LIMITS.backoffFirstMs;

  constructor(request: FollowRequest) {
    this.#request = request;
  }

  get isTired(): boolean {
    return this.#lostAtMs !== undefined;
  }

  refresh(): void {
    this.#lostAtMs = undefined;
    this.#backoffMs = FOLLOW_LIMITS.backoffFirstMs;
  }

  /** Throws the error when no time is left. */
  async rest(error: HiveClientError): Promise<void> {
    const { reconnectMs = FOLLOW_LIMITS.reconnectMs, signal } = this.#request;
    this.#lostAtMs ??= performance.now();
    if (performance.now() - this.#lostAtMs >= reconnectMs) throw error;
    try {
      await sleep(this.#backoffMs, undefined, withSignal(signal));
    } catch {
      return;
    }
    this.#backoffMs = Math.min(this.#backoffMs * 2, FOLLOW_LIMITS.backoffMaxMs);
  }
}

function toKernelEvent(event: core.ProcessEvent, raw: string): KernelEvent {
  const { seq, timestampMs, type, pid, message } = event;
  return { seq, timestampMs, type, pid, message, event, journal: toJournalEvent(raw) };
}

function toJournalEvent(raw: string): JournalEvent | undefined {
  if (raw === '') return undefined;
  try {
    return JSON.parse(raw) as JournalEvent;
  } catch {
    return undefined;
  }
}
