// A reader of events whose pace a test sets, at the port where doors have theirs. Not a test.

import { Following } from '../../src/api/events/follow.ts';
import type { FollowItem, FollowOrder, FollowSink } from '../../src/api/events/follow.ts';
import type { DoorGround } from './door-ground.ts';

export class TestSink implements FollowSink {
  readonly items: FollowItem[] = [];
  /** How many more it takes before it has no room. */
  roomFor = Infinity;
  readonly #live = Promise.withResolvers<string>();
  readonly #signal: AbortSignal;
  #waiters: (() => void)[] = [];
  #onItems: { readonly count: number; readonly resolve: () => void }[] = [];

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener('abort', () => this.#wake(), { once: true });
  }

  /** Where it was told that it is live. */
  get liveAt(): Promise<string> {
    return this.#live.promise;
  }

  get ids(): readonly string[] {
    return this.items.map(({ event }) => event.id);
  }

  put(item: FollowItem): boolean {
    this.items.push(item);
    this.roomFor -= 1;
    const { length } = this.items;
    for (const { count, resolve } of this.#onItems) if (length >= count) resolve();
    return this.roomFor > 0;
  }

  flush(): boolean {
    return this.roomFor > 0;
  }

  live(id: string): void {
    this.#live.resolve(id);
  }

  drained(): Promise<void> {
    if (this.roomFor > 0 || this.#signal.aborted) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  /** Resolves when there are so many. */
  has(count: number): Promise<void> {
    if (this.items.length >= count) return Promise.resolve();
    return new Promise((resolve) => this.#onItems.push({ count, resolve }));
  }

  makeRoom(count: number): void {
    this.roomFor = count;
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#waiters.splice(0)) wake();
  }
}

/** All that an order without `follow` brings. */
export async function followed(
  ground: DoorGround,
  order: FollowOrder,
): Promise<readonly FollowItem[]> {
  const sink = new TestSink(order.signal);
  await new Following({ feed: ground.feed, host: ground.host, order, sink }).run();
  return sink.items;
}
