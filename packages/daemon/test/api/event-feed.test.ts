import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { asPid } from '@hivekernel/kernel';
import type { Event, Pid } from '@hivekernel/kernel';
import { EventFeed } from '../../src/api/events/event-feed.ts';
import type { FeedBatch, FeedRequest } from '../../src/api/events/event-feed.ts';
import type { Host } from '../../src/journal/host.ts';
import { DoorGround } from './door-ground.ts';

let ground: DoorGround;
let ending: AbortController;

beforeEach(async () => {
  ground = await DoorGround.open();
  ending = new AbortController();
});
afterEach(async () => {
  ending.abort();
  await ground.close();
});

const ALL = { afterSeq: 0, follow: false } as const;

function open(request: Partial<FeedRequest>, feed = ground.feed): AsyncGenerator<FeedBatch> {
  return feed.open({ ...ALL, signal: ending.signal, ...request });
}

async function all(request: Partial<FeedRequest> = {}): Promise<Event[]> {
  const events: Event[] = [];
  for await (const batch of open(request)) events.push(...batch.events);
  return events;
}

const seqsOf = (events: readonly Event[]): number[] => events.map(({ seq }) => seq);

/** Reads until `until` events came. */
async function take(from: AsyncGenerator<FeedBatch>, until: number): Promise<Event[]> {
  const events: Event[] = [];
  while (events.length < until) {
    const next = await from.next();
    if (next.done === true) break;
    events.push(...next.value.events);
  }
  return events;
}

const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);

describe('EventFeed.open() on what is there', () => {
  it('hands out everything kept, or what comes after a seq, and ends', async () => {
    await ground.log(5);
    const { durableSeq } = ground.host;
    expect(seqsOf(await all())).toEqual(upTo(durableSeq));
    expect(seqsOf(await all({ afterSeq: durableSeq - 2 }))).toEqual([durableSeq - 1, durableSeq]);
    expect(await all({ afterSeq: durableSeq })).toEqual([]);
  });

  it('hands out only the newest, before that only those that concern a process', async () => {
    const pid = await ground.spawn({ name: 'w' });
    await ground.log(3, pid);
    await ground.log(4);
    const newest = await all({ last: 2 });
    expect(seqsOf(newest)).toEqual([ground.host.durableSeq - 1, ground.host.durableSeq]);
    const mine = await all({ last: 2, pid });
    expect(mine.map(({ kind, by }) => [kind, by])).toEqual([
      ['log.written', pid],
      ['log.written', pid],
    ]);
    expect(await all({ last: 1_000, pid })).toHaveLength(5);
  });

  it('refuses a seq that is not there yet', async () => {
    const afterSeq = ground.host.durableSeq + 1;
    await expect(all({ afterSeq })).rejects.toMatchObject({ code: 'invalid_argument' });
  });

  it('refuses a seq whose events are no longer kept, and says what is', async () => {
    await ground.log(5);
    const feed = new EventFeed({ host: withRetention(ground.host, 4), book: ground.feed.book });
    await expect(open({ afterSeq: 2 }, feed).next()).rejects.toMatchObject({
      code: 'gone',
      details: { first_seq: 4 },
    });
    const kept = await take(open({ afterSeq: 0 }, feed), 1);
    expect(kept[0]?.seq).toBe(4);
    expect((await take(open({ afterSeq: 3 }, feed), 1))[0]?.seq).toBe(4);
  });

  it('follows a process with its descendants, also those that are gone', async () => {
    const lead = await ground.spawn({ name: 'lead', role: 'lead' });
    const worker = await ground.spawn({ name: 'w' }, lead);
    const other = await ground.spawn({ name: 'other' });
    await ground.log(1, worker);
    await ground.log(1, other);
    await ground.call('kill', { pid: lead, isRecursive: true, reason: 'normal', graceMs: 0 });
    const pids = pidsOf(await all({ pid: lead, subtree: true }));
    expect(pids).toContain(worker);
    expect(pids).not.toContain(other);
    expect(pidsOf(await all({ pid: lead }), ['log.written'])).toEqual([]);
  });
});

describe('EventFeed.open() with follow', () => {
  it('goes on live without a gap or a double, whenever events come', async () => {
    await ground.log(20);
    const reader = open({ follow: true });
    const seen = await take(reader, 3);
    await ground.log(20);
    const first = ground.host.durableSeq;
    seen.push(...(await take(reader, first - seen.length)));
    await ground.log(20);
    seen.push(...(await take(reader, ground.host.durableSeq - seen.length)));
    expect(seqsOf(seen)).toEqual(upTo(ground.host.durableSeq));
  });

  it('goes back to the store when the reader is slower than its buffer', async () => {
    const limits = { eventsMax: 8, weightMax: 1e9, observationsMax: 4 };
    const feed = new EventFeed({ host: ground.host, book: ground.feed.book, limits });
    const reader = open({ follow: true }, feed);
    const seen = await take(reader, ground.host.durableSeq);
    const waiting = reader.next();
    await ground.log(3);
    seen.push(...((await waiting).value as FeedBatch).events);
    await ground.log(100);
    seen.push(...(await take(reader, ground.host.durableSeq - seen.length)));
    expect(seqsOf(seen)).toEqual(upTo(ground.host.durableSeq));
  });

  it('counts the weight of events as well as their number', async () => {
    const limits = { eventsMax: 1e9, weightMax: 10_000, observationsMax: 4 };
    const feed = new EventFeed({ host: ground.host, book: ground.feed.book, limits });
    const reader = open({ follow: true, afterSeq: ground.host.durableSeq }, feed);
    const first = reader.next();
    await ground.log(1);
    const from = ((await first).value as FeedBatch).events[0]?.seq ?? 0;
    for (let i = 0; i < 20; i += 1) {
      const line = { level: 'info', message: 'x'.repeat(3_000), fields: {} } as const;
      await ground.call('log', line);
    }
    await ground.host.settled();
    expect(seqsOf(await take(reader, 20))).toEqual(upTo(20).map((n) => from + n));
  });

  it('shows only what is durable', async () => {
    const reader = open({ follow: true });
    await take(reader, ground.host.durableSeq);
    ground.store.holdAppends();
    const next = reader.next();
    void ground.call('log', { level: 'info', message: 'm', fields: {} });
    await new Promise((resolve) => setImmediate(resolve));
    const state = await Promise.race([next.then(() => 'told'), Promise.resolve('waits')]);
    expect(state).toBe('waits');
    ground.store.releaseAppends();
    expect(((await next).value as FeedBatch).events).toHaveLength(1);
  });

  it('brings observations at once, and counts those that a slow reader missed', async () => {
    const limits = { eventsMax: 100, weightMax: 1e9, observationsMax: 2 };
    const feed = new EventFeed({ host: ground.host, book: ground.feed.book, limits });
    const afterSeq = ground.host.durableSeq;
    const reader = open({ follow: true, volatile: true, afterSeq, pid: asPid(7) }, feed);
    const first = reader.next();
    await ground.feed.book.open();
    await new Promise((resolve) => setImmediate(resolve));
    ground.host.observe({ type: 'tokens', pid: 7, count: 1 });
    expect((await first).value).toMatchObject({ observations: [{ count: 1 }], missed: 0 });
    for (const count of [2, 3, 4]) ground.host.observe({ type: 'tokens', pid: 7, count });
    expect((await reader.next()).value).toMatchObject({
      observations: [{ count: 3 }, { count: 4 }],
      missed: 1,
    });
  });

  it('ends when the signal aborts, and leaves no listener behind', async () => {
    const reader = open({ follow: true });
    await take(reader, ground.host.durableSeq);
    const last = reader.next();
    ending.abort();
    expect(await last).toMatchObject({ done: true });
  });

  it('tells a reader whose place is no longer kept, and skips nothing in silence', async () => {
    const limits = { eventsMax: 2, weightMax: 1e9, observationsMax: 4 };
    const retention = { firstSeq: 1 };
    const host = withRetention(ground.host, retention);
    const feed = new EventFeed({ host, book: ground.feed.book, limits });
    const reader = open({ follow: true, afterSeq: ground.host.durableSeq }, feed);
    const first = reader.next();
    await ground.log(1);
    await first;
    await ground.log(10);
    retention.firstSeq = ground.host.durableSeq - 1;
    await expect(reader.next().then(() => reader.next())).rejects.toMatchObject({
      code: 'gone',
      message: expect.stringContaining('too slow'),
    });
  });
});

function pidsOf(events: readonly Event[], kinds?: readonly string[]): Pid[] {
  const wanted = events.filter(({ kind }) => kinds === undefined || kinds.includes(kind));
  return wanted.flatMap(({ body }) => ('pid' in body ? [body.pid] : []));
}

/** The host after its store has dropped what lies before `firstSeq`. */
function withRetention(host: Host, first: number | { readonly firstSeq: number }): Host {
  const firstSeq = (): number => (typeof first === 'number' ? first : first.firstSeq);
  return {
    call: (call, reply) => host.call(call, reply),
    fact: (fact) => host.fact(fact),
    observe: (observation) => host.observe(observation),
    content: (bytes) => host.content(bytes),
    hashedContent: (bytes) => host.hashedContent(bytes),
    bytes: (content) => host.bytes(content),
    onDurable: (listener) => host.onDurable(listener),
    onObservation: (listener) => host.onObservation(listener),
    read: ({ afterSeq, ...rest }) =>
      host.read({ ...rest, afterSeq: Math.max(afterSeq, firstSeq() - 1) }),
    get durableSeq() {
      return host.durableSeq;
    },
  };
}
