// The stream of the kernel's events, as somebody who waits for one sees it. What came before a wait
// began is not missed: a wait looks at all events after a seq that it names.

import type { HiveClient, JournalEvent } from '@hivekernel/client';

/** What is looked back on; more than comes between an event and the wait for the next. */
const EVENTS_KEPT = 20_000;

export interface SeenEvent extends JournalEvent {
  /** On the clock of this process. */
  readonly seenAtMs: number;
}

interface Waiter {
  readonly fits: (event: SeenEvent) => boolean;
  readonly resolve: (event: SeenEvent) => void;
}

export class Follower {
  readonly #events: SeenEvent[] = [];
  readonly #waiters = new Set<Waiter>();
  readonly #onEvent: ((event: SeenEvent) => void) | undefined;
  readonly #stopped = new AbortController();
  readonly #work: Promise<void>;

  constructor(client: HiveClient, onEvent?: (event: SeenEvent) => void) {
    this.#onEvent = onEvent;
    this.#work = this.#follow(client);
    this.#work.catch(() => undefined); // `stop` rejects with it.
  }

  /** The seq of the last event that was seen. */
  get mark(): number {
    return this.#events.at(-1)?.seq ?? 0;
  }

  /** The first event after the seq `mark` that fits. Rejects with the signal's reason. */
  async until(
    fits: (event: SeenEvent) => boolean,
    { mark, signal }: { mark: number; signal: AbortSignal },
  ): Promise<SeenEvent> {
    const isIt = (event: SeenEvent): boolean => event.seq > mark && fits(event);
    const seen = this.#events.find(isIt);
    if (seen !== undefined) return seen;
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<SeenEvent>();
    const waiter = { fits: isIt, resolve };
    const onAbort = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
    this.#waiters.add(waiter);
    try {
      return await promise;
    } finally {
      this.#waiters.delete(waiter);
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Rejects where the stream broke. */
  stop(): Promise<void> {
    this.#stopped.abort();
    return this.#work;
  }

  async #follow(client: HiveClient): Promise<void> {
    const { signal } = this.#stopped;
    for await (const { journal } of client.followEvents({ afterSeq: 0, signal })) {
      if (journal !== undefined) this.#see({ ...journal, seenAtMs: performance.now() });
    }
  }

  #see(event: SeenEvent): void {
    this.#events.push(event);
    if (this.#events.length > 2 * EVENTS_KEPT) this.#events.splice(0, EVENTS_KEPT);
    this.#onEvent?.(event);
    for (const { fits, resolve } of this.#waiters) if (fits(event)) resolve(event);
  }
}

/** Of a kind, about a process, with these fields in its body. */
export const isOf = (kind: string, pid: number, more: Readonly<Record<string, unknown>> = {}) => {
  const wanted = Object.entries({ pid, ...more });
  return (event: JournalEvent): boolean =>
    event.kind === kind && wanted.every(([field, value]) => event.body[field] === value);
};
