// The stream of what happens: one call of follow_events over any number of connections.
//   1. Durable events come in the order of seq, each once, without a gap, also over a lost
//      connection or a kernel that was started anew: the next connection asks from the last seq on.
//   2. One item an event: where the wire tells several views of one seq, the first stands for it.
//   3. Volatile ones (progress, output, tokens) have seq 0 and are lost with a connection.

import { setTimeout as sleep } from 'node:timers/promises';
import type { LinkCaller, ReplyStream } from '@hivekernel/protocol/link-client';
import type { core, link } from '@hivekernel/protocol/messages';
import { HiveClientError, asClientError } from './client-error.ts';

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

export interface FollowRequest {
  /** Events with a higher seq; left out: everything that is kept. */
  readonly afterSeq?: number;
  /** Before going on, only the newest n of them. */
  readonly last?: number;
  /** Go on after what is there. Default true. */
  readonly follow?: boolean;
  readonly volatile?: boolean;
  readonly pid?: number;
  readonly subtree?: boolean;
  /** How long to look for a kernel that went away; 0: the first loss ends it. Default 30 s. */
  readonly reconnectMs?: number;
  /** Told when a connection is lost and when there is one again. */
  readonly onConnection?: (isThere: boolean) => void;
  readonly signal?: AbortSignal;
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
  const position = new Position(request);
  const patience = new Patience(request);
  for (;;) {
    try {
      const caller = await connect();
      if (patience.isTired) request.onConnection?.(true);
      const stream = caller.stream('followEvents', position.ask(), withSignal(request.signal));
      yield* position.take(stream, patience);
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

const withSignal = (signal: AbortSignal | undefined) => (signal ? { signal } : {});

const isLoss = (error: unknown): error is HiveClientError =>
  error instanceof HiveClientError && error.code === 'unavailable';

/** How far the reader has come. */
class Position {
  readonly #request: FollowRequest;
  #seq: number;
  #last: number;

  constructor(request: FollowRequest) {
    this.#request = request;
    this.#seq = request.afterSeq ?? 0;
    this.#last = request.last ?? 0;
  }

  ask(): link.FollowEventsCall {
    const { follow = true, volatile = false, pid = 0, subtree = false } = this.#request;
    return { afterSeq: this.#seq, last: this.#last, follow, volatile, pid, subtree };
  }

  async *take(
    stream: ReplyStream<link.FollowItem>,
    patience: Patience,
  ): AsyncGenerator<KernelEvent, void, undefined> {
    for await (const item of stream) {
      const { event } = item;
      if (event === undefined) continue;
      patience.refresh();
      if (event.seq > 0 && event.seq <= this.#seq) continue;
      if (event.seq > 0) {
        this.#seq = event.seq;
        // What was asked for once is not asked for again after a loss: the seq says where to go on.
        this.#last = 0;
      }
      yield toKernelEvent(event, item.raw);
    }
  }
}

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
