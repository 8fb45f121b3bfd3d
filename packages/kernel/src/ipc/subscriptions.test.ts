import { messageOrder, Subscriber, testKernel } from '@hivekernel/testkit';
import type { TestKernel } from '@hivekernel/testkit';
import { describe, expect, it } from 'vitest';
import { EMPTY_CONTENT } from '../events/content.ts';
import { EffectQueue, type Delivery } from '../events/effects.ts';
import type { CallRef } from '../events/event.ts';
import { Timers } from '../events/timers.ts';
import { Kernel } from '../kernel.ts';
import { asMessageId, asPid, asSeq, SEQ_ZERO, type MessageId } from '../ids.ts';
import { LIMITS } from '../limits.ts';
import type { ProcessRecord } from '../process/record.ts';
import type { Acknowledgement } from './message-ends.ts';
import { Subscriptions, type Feed, type Handed, type SubscriptionEnd } from './subscriptions.ts';

/** From a place of numbers, for whoever asks first. */
class NumberFeed implements Feed {
  readonly source: { readonly waiting: number[] };
  readonly ends: [SubscriptionEnd, MessageId[]][] = [];
  readonly rooms: number[] = [];
  held = 0;

  constructor(source: { readonly waiting: number[] }) {
    this.source = source;
  }

  next(): Handed | undefined {
    const n = this.source.waiting.shift();
    if (n === undefined) return undefined;
    this.held += 1;
    return {
      delivery: { message: asMessageId(n), content: EMPTY_CONTENT } as Delivery,
      gate: asSeq(n),
    };
  }

  makeRoom(wanted: number): void {
    this.rooms.push(wanted);
  }

  settle({ message }: Acknowledgement): boolean {
    if (message % 2 === 1) return false;
    this.held -= 1;
    return true;
  }

  close(end: SubscriptionEnd, returned: ReadonlySet<MessageId>): void {
    this.ends.push([end, [...returned]]);
  }
}

const owner = (pid: number) => ({ pid: asPid(pid) }) as ProcessRecord;

function ground() {
  const effects = new EffectQueue({ lastSeq: () => SEQ_ZERO, onReply: () => undefined });
  const timers = new Timers();
  const all = new Subscriptions({
    effects,
    timers,
    lastSeq: () => SEQ_ZERO,
    isPaused: (pid) => paused.has(pid),
  });
  const paused = new Set<number>();
  const place = { waiting: [] as number[] };
  let id = 0;
  const refOf = (pid: number): CallRef => ({ channel: 'c', pid: asPid(pid), id: (id += 1) });
  const replies = () =>
    effects.drain().map(({ effect, afterSeq }) => {
      if (effect.do !== 'reply') throw new Error('not a reply');
      const { to, result } = effect;
      if (!result.ok) return { pid: to.pid, code: result.error.code };
      const { messages } = result.value as { messages: { message: MessageId }[] };
      return { pid: to.pid, got: messages.map(({ message }) => message), afterSeq };
    });
  const open = (pid: number) => {
    const feed = new NumberFeed(place);
    return { feed, subscription: all.open(owner(pid), 'c', feed) };
  };
  const take = (
    one: { subscription: ReturnType<Subscriptions['open']> },
    max = 0,
    until?: number,
  ) => all.take(one.subscription, { ref: refOf(one.subscription.owner), max, untilMonoMs: until });
  const put = (...numbers: number[]): void => {
    place.waiting.push(...numbers);
    all.stir(place);
  };
  return { all, place, timers, effects, open, take, put, replies, refOf };
}

describe('Subscriptions', () => {
  it('answer a take at once where something waits, with at most what is asked for', () => {
    const { open, take, put } = ground();
    const one = open(2);
    put(2, 4, 6);
    expect(take(one, 2)?.map(({ message }) => message)).toEqual([2, 4]);
    expect(take(one, 1_000)).toHaveLength(1);
    expect(one.feed.rooms).toEqual([2, LIMITS.subscriberUnconfirmedMax]);
  });

  it('serve those that wait in turn, one each, and gate the answer by the newest (D3)', () => {
    const { all, open, take, put, replies } = ground();
    const [one, two, three] = [open(2), open(3), open(4)];
    for (const each of [one, two, three]) expect(take(each)).toBeUndefined();
    put(2, 4, 6, 8);
    all.flush();
    expect(replies()).toEqual([
      { pid: 2, got: [2, 8], afterSeq: 8 },
      { pid: 3, got: [4], afterSeq: 4 },
      { pid: 4, got: [6], afterSeq: 6 },
    ]);
    // Who was served stands behind those who were not.
    take(two);
    take(one);
    put(10);
    all.flush();
    expect(replies()).toEqual([{ pid: 3, got: [10], afterSeq: 10 }]);
  });

  it('look only at what was stirred', () => {
    const { all, place, open, take, replies } = ground();
    take(open(2));
    place.waiting.push(2);
    all.flush();
    expect(replies()).toEqual([]);
    all.stir(place);
    all.flush();
    expect(replies()).toHaveLength(1);
  });

  it('hand out no more while 64 are in the hands of one (M9)', () => {
    const { all, open, take, put, replies } = ground();
    const one = open(2);
    put(...Array.from({ length: 100 }, (_, i) => i * 2));
    expect(take(one)).toHaveLength(64);
    expect(take(one)).toBeUndefined();
    all.settle(asPid(2), { message: asMessageId(2), status: 'accepted', reply: undefined });
    all.stir(one.feed.source);
    all.flush();
    expect(replies()).toMatchObject([{ got: [128] }]);
  });

  it('answer with nothing when the time of a take is over; it may take again', () => {
    const { timers, open, take, replies } = ground();
    const one = open(2);
    expect(take(one, 0, 500)).toBeUndefined();
    timers.fireDue(499);
    expect(replies()).toEqual([]);
    timers.fireDue(500);
    expect(replies()).toEqual([{ pid: 2, got: [], afterSeq: 0 }]);
    expect(take(one)).toBeUndefined();
  });

  it('take one take at a time of each, and give up one that is cancelled', () => {
    const { all, open, take, replies, refOf, put } = ground();
    const one = open(2);
    const ref = refOf(2);
    all.take(one.subscription, { ref, max: 0, untilMonoMs: undefined });
    expect(() => all.requireNoTake(one.subscription)).toThrow('waits already');
    expect(all.cancelTake({ ...ref, id: 999 })).toBe(false);
    expect(all.cancelTake(ref)).toBe(true);
    expect(replies()).toEqual([{ pid: 2, code: 'cancelled' }]);
    put(2);
    expect(take(one)).toHaveLength(1);
  });

  it('are known by their owner over its own channel alone', () => {
    const { all, open } = ground();
    const { subscription } = open(2);
    const of = (pid: number, channel: string) => ({ pid: asPid(pid), channel });
    expect(all.require(subscription.id, of(2, 'c'))).toBe(subscription);
    for (const other of [of(3, 'c'), of(2, 'd')]) {
      expect(() => all.require(subscription.id, other)).toThrow('There is no subscription');
    }
  });

  it.each([
    ['end', 'cancelled'],
    ['lost', 'lost'],
    ['endAllOf', 'lost'],
    ['endChannel', 'lost'],
  ] as const)('end by %s once, as %s, with the take that waits', (how, as) => {
    const { all, open, take, replies } = ground();
    const one = open(2);
    take(one);
    const { subscription } = one;
    const ways = {
      end: () => all.end(subscription, 'cancelled'),
      lost: () => all.lost(asPid(2), subscription.id),
      endAllOf: () => all.endAllOf(asPid(2), 'lost'),
      endChannel: () => all.endChannel('c'),
    };
    ways[how]();
    for (const again of Object.values(ways)) again();
    expect(one.feed.ends).toEqual([[as, []]]);
    expect(replies()).toEqual([{ pid: 2, code: 'cancelled' }]);
    expect(() => all.require(subscription.id, { pid: asPid(2), channel: 'c' })).toThrow();
  });

  it('do not end by the word of another process', () => {
    const { all, open } = ground();
    const one = open(2);
    all.lost(asPid(3), one.subscription.id);
    expect(one.feed.ends).toEqual([]);
  });

  it('are at most so many of one process; those of others do not count', () => {
    const { all, open } = ground();
    for (let n = 0; n < LIMITS.subscriptionsPerProcessMax; n += 1) open(2);
    expect(() => all.requireRoom(owner(2))).toThrow('1000 subscriptions');
    expect(() => all.requireRoom(owner(3))).not.toThrow();
    all.endAllOf(asPid(2), 'lost');
    expect(() => all.requireRoom(owner(2))).not.toThrow();
  });

  it('are over at a refold, and their numbers mean no other one after it', () => {
    const t = testKernel();
    const pid = t.spawn();
    const message = t.call('send', messageOrder({ to: pid })).value.message;
    const old = new Subscriber(t, pid);
    old.taken();
    refold(t);
    const fresh = new Subscriber(t, pid);
    expect(fresh.subscription).toBeGreaterThan(old.subscription);
    expect(old.take().refusal.code).toBe('not_found');
    expect(fresh.taken().map((one) => one.message)).toEqual([message]);
  });
});

/** As after a failed append: the kernel is folded anew in the middle of its life. */
function refold(t: TestKernel): void {
  const { settings } = t;
  const kernel = new Kernel({ settings, partition: 0 });
  for (const event of t.events) kernel.replay(event);
  kernel.resume();
  kernel.inherit(t.kernel);
  t.kernel = kernel;
}

/** Hands out messages of these sizes. */
function feedOf(sizes: readonly number[]): Feed {
  const left = [...sizes];
  const feed = {
    source: {},
    held: 0,
    next: () => {
      const bytes = left.shift();
      if (bytes === undefined) return undefined;
      feed.held += 1;
      return { delivery: { content: { bytes } } as Delivery, gate: SEQ_ZERO };
    },
    makeRoom: () => undefined,
    settle: () => false,
    close: () => undefined,
  };
  return feed;
}

describe('one take (M9)', () => {
  it('hands out no more than fits a reply, however many are asked for', () => {
    const subscriptions = new Subscriptions({
      effects: undefined as unknown as EffectQueue,
      timers: undefined as unknown as Timers,
      lastSeq: () => SEQ_ZERO,
      isPaused: () => false,
    });
    const big = LIMITS.messagePayloadBytesMax;
    const owner = { pid: asPid(2) } as ProcessRecord;
    const one = subscriptions.open(owner, 'test', feedOf([1, big, big, 1, 1]));
    const ref = { channel: 'test', pid: owner.pid, id: 1 };
    const sizes = () =>
      subscriptions
        .take(one, { ref, max: 0, untilMonoMs: undefined })
        ?.map(({ content }) => content.bytes);
    expect(sizes()).toEqual([1, big]);
    expect(sizes()).toEqual([big]);
    expect(sizes()).toEqual([1, 1]);
  });
});
