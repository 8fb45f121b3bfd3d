import { bulkContent, testKernel, textsOf, textOf, TopicGround } from '@hivekernel/testkit';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Delivery } from '../events/effects.ts';
import type { MessageId, Pid } from '../ids.ts';
import { LIMITS } from '../limits.ts';

const MIB = 1024 * 1024;
const HEAD = LIMITS.subscriberUnconfirmedMax;

let g: TopicGround;
let reader: Pid;

beforeEach(() => {
  g = new TopicGround(testKernel());
  reader = g.spawn('reader');
});

const durable = (wish = {}, pid = reader): number =>
  g.subscribe(pid, 'news', { durable: 'd', ...wish });
const idsOf = (taken: readonly Delivery[]): MessageId[] => taken.map(({ message }) => message);
const cursorOf = (pid = reader) => g.t.kernel.state.topics.cursor(pid, 'd');
const lost = (subscription: number): void =>
  g.t.fact({ fact: 'subscription_lost', pid: reader, subscription });
/** Texts are numbers. */
const numbersOf = (taken: readonly Delivery[]): number[] =>
  taken.map(({ content }) => Number(textOf(content)));
const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, i) => from + i);

describe('a durable subscription', () => {
  it('begins with the last values, and what is published since; once each (M10)', () => {
    g.publish('news', { text: 'old' });
    g.publish('news', { text: 'last' });
    const taking = durable();
    expect(g.publish('news', { text: 'new' }).value.subscribers).toBe(1);
    const taken = g.take(reader, taking);
    expect(textsOf(taken)).toEqual(['last', 'new']);
    expect(taken.map(({ isRetained }) => isRetained)).toEqual([true, undefined]);
    expect(g.take(reader, taking)).toEqual([]);
    g.unsubscribe(reader, taking);
    expect(g.take(reader, durable())).toEqual([]);
  });

  it('begins without them where they are not wanted (M10)', () => {
    g.publish('news');
    expect(g.take(reader, durable({ withRetained: false }))).toEqual([]);
  });

  it('keeps what was published while nobody took, whatever ends in between (M10)', () => {
    g.publish('news', { text: 'before' });
    g.unsubscribe(reader, durable({ withRetained: false }));
    g.publish('news', { text: 'a' });
    expect(g.publish('news', { text: 'b' }).value.subscribers).toBe(1);
    g.publish('other');
    const taking = durable({ withRetained: false });
    expect(textsOf(g.take(reader, taking))).toEqual(['a', 'b']);
  });

  it('is kept over restarts of its process, which ends its subscription (M10, S5)', () => {
    const agent = g.t.spawn({ name: 'agent', user: 'ann', image: 'deaf', restart: 'permanent' });
    const taking = durable({}, agent);
    g.publishMany('news', 3);
    const [first] = g.take(agent, taking, { max: 1 });
    expect(first?.content).toEqual(g.t.eventsOf('topic.published')[0]?.body.content);
    g.t.ends(agent);
    g.t.advanceMs(2_000);
    expect(numbersOf(g.take(agent, durable({}, agent)))).toEqual([0, 1, 2]);
  });

  it.each([false, true])('is kept over restarts of the kernel (snapshot: %s) (M10)', (isTaken) => {
    const taking = durable({ isAcknowledged: true });
    g.publishMany('news', 100);
    if (isTaken) g.t.takeSnapshot();
    const taken = g.take(reader, taking, { max: 10 });
    g.take(reader, taking, { max: 1, accepted: idsOf(taken.slice(2, 6)) });
    g.t.reboot();
    g.publish('news', { text: '100' });
    const again = durable({ isAcknowledged: true });
    const first = g.take(reader, again);
    expect(numbersOf(first)).toEqual([0, 1, ...range(6, 68)]);
    const second = g.take(reader, again, { accepted: idsOf(first) });
    expect(numbersOf(second)).toEqual(range(68, 101));
  });

  it('has one subscriber at a time, and is of one pattern and type (M10)', () => {
    const taking = durable();
    expect(g.subscribing(reader, 'news', { durable: 'd' }).refusal.code).toBe('conflict');
    g.unsubscribe(reader, taking);
    expect(g.subscribing(reader, 'n*', { durable: 'd' }).refusal.code).toBe('conflict');
    const typed = g.subscribing(reader, 'news', { durable: 'd', type: 'x' });
    expect(typed.refusal).toMatchObject({ code: 'conflict', details: { field: 'durable' } });
    durable();
  });

  it('is of its own process: another has another of the same name (M10)', () => {
    const other = g.spawn('other');
    const [first, second] = [durable(), durable({}, other)];
    expect(g.publish('news', { text: 'a' }).value.subscribers).toBe(2);
    expect(textsOf(g.take(reader, first))).toEqual(['a']);
    expect(textsOf(g.take(other, second))).toEqual(['a']);
  });

  it('waits for the types only that it wants (M10)', () => {
    const taking = durable({ type: 'log*' });
    expect(g.publish('news').value.subscribers).toBe(0);
    expect(g.publish('news', { type: 'log.a', text: 'a' }).value.subscribers).toBe(1);
    expect(cursorOf()?.waiting).toBe(1);
    expect(textsOf(g.take(reader, taking))).toEqual(['a']);
  });

  it('gives one that waits what is published, when that is durable (M10, D3)', () => {
    const ticket = g.waiting(reader, durable());
    g.publish('news', { text: 'a' });
    expect(textsOf(ticket.value.messages)).toEqual(['a']);
  });

  it('is told beside its place, for those who look (M10)', () => {
    const taking = durable();
    g.publishMany('news', 3);
    g.unsubscribe(reader, taking);
    const { cursors } = g.t.call('list_topics', { pattern: '' }, { pid: reader }).value;
    const of = { user: 'ann', name: 'd', pattern: 'news', owner: reader };
    expect(cursors).toEqual([{ ...of, waiting: 3, missed: 0, isLive: false }]);
    const gate = (pid: Pid): number => g.t.call('list_topics', { pattern: '' }, { pid }).gate;
    expect(gate(reader)).toBe(g.t.eventsOf('topic.published').at(-1)?.seq);
  });

  it.each(['x'.repeat(129), 'a\u0000'])('is refused under the name %j (M10)', (name) => {
    const { refusal } = g.subscribing(reader, 'news', { durable: name });
    expect(refusal).toMatchObject({ code: 'invalid_argument', details: { field: 'durable' } });
  });

  it('is bounded in number for each process (M10)', () => {
    for (let i = 0; i < LIMITS.cursorsPerProcessMax; i += 1) {
      g.subscribe(reader, 'news', { durable: `d${i}` });
    }
    expect(g.subscribing(reader, 'news', { durable: 'more' }).refusal.code).toBe('limit_exceeded');
    expect(g.publish('news').value.subscribers).toBe(LIMITS.cursorsPerProcessMax);
  });
});

describe('the end of a durable subscription', () => {
  const forget = (name = 'd', pid = reader) => g.t.call('forget_cursor', { name }, { pid });

  it('is asked for by its owner, when nobody takes from it (M10)', () => {
    const taking = durable();
    expect(forget().refusal.code).toBe('conflict');
    g.unsubscribe(reader, taking);
    expect(forget('d', g.spawn('other')).refusal.code).toBe('not_found');
    g.publish('news', { isTransient: true });
    expect(forget().value).toEqual({});
    const [closed] = g.t.eventsOf('cursor.closed');
    expect(closed?.body).toEqual({ owner: reader, user: 'ann', name: 'd' });
    expect(forget().refusal.code).toBe('not_found');
    expect(g.publish('news', { isTransient: true }).value.subscribers).toBe(0);
    expect(g.take(reader, g.subscribe(reader, 'n*', { durable: 'd' }))).toEqual([]);
  });

  it('comes with its owner’s, for good (P8)', () => {
    durable();
    g.publishMany('news', 3);
    g.t.call('kill', { pid: reader, isRecursive: false, reason: 'normal', graceMs: 0 });
    expect(cursorOf()).toBeUndefined();
    expect(g.publish('news').value.subscribers).toBe(0);
    expect(g.t.kernel.state.topics.publications().size).toBe(1);
  });
});

describe('what a durable subscriber confirms', () => {
  it('is what it gave a word for, whichever, in any order; one event a take (M9)', () => {
    const taking = durable({ isAcknowledged: true });
    g.publishMany('news', 6);
    const ids = idsOf(g.take(reader, taking));
    const [a, b, c, d] = ids as [MessageId, MessageId, MessageId, MessageId];
    g.acknowledge(reader, c, { status: 'rejected' });
    g.acknowledge(reader, a, { status: 'queued' });
    expect(g.acknowledge(reader, b, { status: 'escalate' }).refusal.code).toBe('invalid_argument');
    g.take(reader, taking, { accepted: [d, a, d, b] });
    const moved = g.t.eventsOf('cursor.moved').map(({ body }) => body.messages);
    expect(moved).toEqual([[c], [a], [d, b]]);
    g.unsubscribe(reader, taking);
    expect(idsOf(g.take(reader, durable({ isAcknowledged: true })))).toEqual(ids.slice(4));
  });

  it('makes room in its hands, where at most 64 are without a word (M9)', () => {
    const taking = durable({ isAcknowledged: true });
    g.publishMany('news', 100);
    const first = g.take(reader, taking);
    expect(first).toHaveLength(HEAD);
    const waits = g.waiting(reader, taking);
    expect(waits.isAnswered).toBe(false);
    g.acknowledge(reader, first[9]?.message ?? (0 as never));
    expect(numbersOf(waits.value.messages)).toEqual([64]);
  });

  it('is, without words, the oldest of what it was handed, when a take needs room (M9)', () => {
    const taking = durable();
    g.publishMany('news', 100);
    expect(numbersOf(g.take(reader, taking))).toEqual(range(0, 64));
    expect(g.t.eventsOf('cursor.moved')).toEqual([]);
    expect(numbersOf(g.take(reader, taking, { max: 10 }))).toEqual(range(64, 74));
    expect(g.t.eventsOf('cursor.moved').map(({ body }) => body.messages.length)).toEqual([10]);
    lost(taking);
    const again = durable();
    expect(numbersOf(g.takeAll(reader, again))).toEqual(range(10, 100));
  });

  it('is, without words, all that it has when it cancels, and nothing when it is lost (M9)', () => {
    const first = durable();
    g.publishMany('news', 5);
    const ids = idsOf(g.take(reader, first));
    lost(first);
    const second = durable();
    expect(idsOf(g.take(reader, second))).toEqual(ids);
    g.unsubscribe(reader, second, ids.slice(3));
    expect(idsOf(g.take(reader, durable()))).toEqual(ids.slice(3));
  });

  it('is nothing of what it gave no word for, where words are asked for (M9)', () => {
    const taking = durable({ isAcknowledged: true });
    g.publishMany('news', 5);
    expect(g.take(reader, taking)).toHaveLength(5);
    g.unsubscribe(reader, taking);
    expect(g.take(reader, durable({ isAcknowledged: true }))).toHaveLength(5);
  });
});

describe('a cursor that nobody takes from', () => {
  it('drops the oldest but those that may be in hand, and tells how many (M10)', () => {
    g.unsubscribe(reader, durable());
    const over = 30;
    g.publishMany('news', LIMITS.cursorPendingMax + over);
    expect(cursorOf()).toMatchObject({ waiting: LIMITS.cursorPendingMax, missed: over });
    g.t.reboot();
    const taken = g.takeAll(reader, durable());
    const rest = range(HEAD + over, LIMITS.cursorPendingMax + over);
    expect(numbersOf(taken)).toEqual([...range(0, HEAD), ...rest]);
    expect(taken.flatMap(({ missed }, i) => (missed === undefined ? [] : [[i, missed]]))).toEqual([
      [HEAD, over],
    ]);
    expect(cursorOf()?.missed).toBe(0);
  });

  it('tells it again with the same one, until that is confirmed (M10)', () => {
    const taking = durable({ isAcknowledged: true });
    const content = bulkContent(MIB);
    const before = HEAD + 16;
    for (let i = 0; i < before + 2; i += 1) g.publish('news', { content });
    const head = idsOf(Array.from({ length: HEAD }, () => g.take(reader, taking)).flat());
    expect(head).toHaveLength(HEAD);
    for (const end of ['lost', 'cancelled'] as const) {
      const again = end === 'lost' ? taking : durable({ isAcknowledged: true });
      const [next] = g.take(reader, again, { max: 1, accepted: end === 'lost' ? head : [] });
      expect(next?.missed).toBe(2);
      if (end === 'lost') lost(again);
      else g.unsubscribe(reader, again);
    }
    expect(cursorOf()).toMatchObject({ waiting: 16, missed: 2 });
    const last = durable({ isAcknowledged: true });
    const [told] = g.take(reader, last, { max: 1 });
    g.acknowledge(reader, told?.message ?? (0 as never));
    expect(cursorOf()).toMatchObject({ waiting: 15, missed: 0 });
  });

  it('drops nothing that is in somebody’s hands (M10)', () => {
    const taking = durable({ isAcknowledged: true });
    g.publishMany('news', HEAD);
    const inHand = g.take(reader, taking);
    g.publishMany('news', LIMITS.cursorPendingMax);
    expect(cursorOf()?.missed).toBe(HEAD);
    const [next] = g.take(reader, taking, { accepted: idsOf(inHand) });
    expect(next?.missed).toBe(HEAD);
    expect(numbersOf([next as Delivery])).toEqual([HEAD]);
  });

  it('shares each publication with all others, in memory and in a snapshot (M10)', () => {
    for (let i = 0; i < 50; i += 1)
      g.unsubscribe(reader, g.subscribe(reader, '*', { durable: `${i}` }));
    const hash = 'c'.repeat(64);
    g.publish('news', { content: bulkContent(9_000, hash), isTransient: true });
    const { topics } = g.t.kernel.state;
    expect(topics.publications().size).toBe(1);
    expect(g.t.kernel.snapshot().split(hash)).toHaveLength(2);
    expect([...g.t.kernel.liveHashes()]).toEqual([hash]);
    for (let i = 0; i < 50; i += 1) g.t.call('forget_cursor', { name: `${i}` }, { pid: reader });
    expect([...g.t.kernel.liveHashes()]).toEqual([]);
  });
});
