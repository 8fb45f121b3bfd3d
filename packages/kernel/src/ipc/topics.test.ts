import { Subscriber, testKernel, textContent } from '@hivekernel/testkit';
import type { SubscriberWish, TestKernel } from '@hivekernel/testkit';
import type { Delivery } from '@hivekernel/kernel';
import { describe, expect, it } from 'vitest';
import type { Content } from '../events/content.ts';
import type { Pid } from '../ids.ts';
import { LIMITS } from '../limits.ts';

const MIB = 1024 * 1024;

function publish(
  t: TestKernel,
  pid: Pid,
  wish: { topic?: string; type?: string; text?: string; content?: Content; transient?: true } = {},
) {
  const { topic = 'news', type = 'note', text = 'hello', transient = false } = wish;
  const content = wish.content ?? textContent(text);
  return t.call('publish', { topic, type, content, isTransient: transient }, { pid });
}

const subscriber = (t: TestKernel, pid: Pid, wish: SubscriberWish = {}): Subscriber =>
  new Subscriber(t, pid, { topic: 'news', ...wish });

const texts = (all: readonly Delivery[]): string[] =>
  all.map(({ content }) => Buffer.from(content.inline ?? '', 'base64').toString());

const large = (bytes: number): Content => ({ bytes, hash: 'f'.repeat(64) });

const refusal = (t: TestKernel, pid: Pid, wish: SubscriberWish): unknown => {
  try {
    return subscriber(t, pid, wish).pid;
  } catch (error) {
    return error;
  }
};

describe('Topics.publish() (M10)', () => {
  it('tells all who subscribe, in order, and how many they are', () => {
    const t = testKernel();
    const [pen, a, b] = [t.spawn(), t.spawn(), t.spawn()];
    const one = subscriber(t, a, { withRetained: false });
    const two = subscriber(t, b, { topic: 'ne*' });
    expect(publish(t, pen, { text: '1' }).value.subscribers).toBe(2);
    publish(t, pen, { text: '2' });
    expect(texts(one.taken())).toEqual(['1', '2']);
    const [first] = two.taken();
    expect(first).toMatchObject({ topic: 'news', type: 'note', from: pen, isRetained: false });
    expect(first).toMatchObject({ fromAddress: '/king/worker', missed: 0 });
  });

  it('answers a take that waits, once it is durable (D3)', () => {
    const t = testKernel();
    const one = subscriber(t, t.spawn());
    const taking = one.take();
    expect(taking.isAnswered).toBe(false);
    const { message } = publish(t, t.spawn()).value;
    expect(taking.value.messages[0]?.message).toBe(message);
  });

  it('succeeds without subscribers', () => {
    const t = testKernel();
    expect(publish(t, t.spawn()).value.subscribers).toBe(0);
  });

  it('keeps topics apart, and users (A1)', () => {
    const t = testKernel();
    const pen = t.spawn();
    const leo = t.spawn({ user: 'leo' });
    const other = subscriber(t, t.spawn(), { topic: 'other' });
    const stranger = subscriber(t, leo);
    publish(t, pen);
    expect(other.taken()).toEqual([]);
    expect(stranger.taken()).toEqual([]);
    expect(t.call('list_topics', { pattern: '' }, { pid: leo }).value.topics).toEqual([]);
    expect(t.call('list_topics', { pattern: '' }).value.topics).toHaveLength(1);
  });

  it('says nothing more to who unsubscribed', () => {
    const t = testKernel();
    const [pen, pid] = [t.spawn(), t.spawn()];
    const one = subscriber(t, pid);
    one.cancels();
    expect(publish(t, pen).value.subscribers).toBe(0);
    const gone = subscriber(t, pid);
    t.call('kill', { pid, isRecursive: false, reason: 'normal', graceMs: 0 });
    expect(publish(t, pen).value.subscribers).toBe(0);
    expect(gone.pid).toBe(pid);
  });

  it('needs the right to send', () => {
    const t = testKernel();
    expect(publish(t, t.spawn({ role: 'architect' })).refusal.code).toBe('permission_denied');
    expect(publish(t, t.spawn({ role: 'task' })).result?.ok).toBe(true);
  });

  it.each([
    ['', 'invalid_argument'],
    ['a*', 'invalid_argument'],
    ['a\u0000', 'invalid_argument'],
    ['x'.repeat(257), 'invalid_argument'],
  ])('refuses the name %j', (topic, code) => {
    const t = testKernel();
    expect(publish(t, t.spawn(), { topic }).refusal.code).toBe(code);
  });

  it('takes a payload up to 1 MiB (M8)', () => {
    const t = testKernel();
    const pid = t.spawn();
    expect(publish(t, pid, { content: large(MIB) }).result?.ok).toBe(true);
    expect(publish(t, pid, { content: large(MIB + 1) }).refusal.code).toBe('too_large');
  });
});

describe('the last value (M10)', () => {
  it('is what who comes later gets first, marked, the oldest topic first', () => {
    const t = testKernel();
    const pen = t.spawn();
    publish(t, pen, { topic: 'a', text: 'old' });
    publish(t, pen, { topic: 'b', text: 'b' });
    publish(t, pen, { topic: 'a', text: 'new' });
    const got = subscriber(t, t.spawn(), { topic: '*' }).taken();
    expect(texts(got)).toEqual(['b', 'new']);
    expect(got.map(({ isRetained }) => isRetained)).toEqual([true, true]);
    expect(subscriber(t, t.spawn(), { topic: '*', withRetained: false }).taken()).toEqual([]);
  });

  it('stays as it is under a transient one, outlives its publisher and the kernel', () => {
    const t = testKernel();
    const pen = t.spawn();
    publish(t, pen, { text: 'kept' });
    publish(t, pen, { text: 'gone', transient: true });
    t.call('kill', { pid: pen, isRecursive: false, reason: 'normal', graceMs: 0 });
    t.advanceMs(200_000);
    for (const isSnapped of [true, false]) {
      if (isSnapped) t.takeSnapshot();
      t.reboot();
      expect(texts(subscriber(t, t.spawn()).taken())).toEqual(['kept']);
    }
  });

  it('is forgotten by clear, which another user cannot', () => {
    const t = testKernel();
    const pid = t.spawn();
    publish(t, pid);
    const leo = t.spawn({ user: 'leo' });
    expect(t.call('clear_topic', { topic: 'news' }, { pid: leo }).refusal.code).toBe('not_found');
    expect(t.call('clear_topic', { topic: 'news' }, { pid }).result?.ok).toBe(true);
    expect(t.call('clear_topic', { topic: 'news' }, { pid }).refusal.code).toBe('not_found');
    expect(subscriber(t, pid).taken()).toEqual([]);
  });

  it('is bounded by user: refused, while others are replaced and transient ones go through', () => {
    const t = testKernel();
    const pid = t.spawn();
    for (let i = 0; i < 64; i += 1) publish(t, pid, { topic: `t${i}`, content: large(MIB) });
    const over = publish(t, pid, { topic: 'more' });
    expect(over.refusal).toMatchObject({ code: 'limit_exceeded', details: { topics: 64 } });
    expect(publish(t, pid, { topic: 't1', content: large(MIB) }).result?.ok).toBe(true);
    expect(publish(t, pid, { topic: 'more', transient: true }).result?.ok).toBe(true);
    t.call('clear_topic', { topic: 't0' }, { pid });
    expect(publish(t, pid, { topic: 'more' }).result?.ok).toBe(true);
  });

  it('is listed with how often it was published, and for whom', () => {
    const t = testKernel();
    const pid = t.spawn();
    subscriber(t, pid, { topic: 'n*' });
    publish(t, pid, { text: 'a' });
    publish(t, pid, { text: 'b' });
    publish(t, pid, { topic: 'other' });
    const { topics } = t.call('list_topics', { pattern: 'n*' }, { pid }).value;
    expect(topics).toMatchObject([
      { user: 'root', topic: 'news', publications: 2, subscribers: 1, last: { topic: 'news' } },
    ]);
  });
});

describe('a live subscriber (M10)', () => {
  it('that is slow is told how many it missed, exactly, and slows nobody', () => {
    const t = testKernel();
    const pen = t.spawn();
    const slow = subscriber(t, t.spawn(), { isAcknowledged: false });
    const quick = subscriber(t, t.spawn(), { isAcknowledged: false });
    const count = LIMITS.topicBacklogMax + 44;
    const seen: string[] = [];
    for (let i = 0; i < count; i += 1) {
      publish(t, pen, { text: `${i}` });
      seen.push(...texts(quick.taken()));
    }
    expect(seen).toHaveLength(count);
    const [first, second] = slow.taken();
    expect([first?.missed, second?.missed]).toEqual([44, 0]);
    expect(texts(first === undefined ? [] : [first])).toEqual(['44']);
  });

  it('has a backlog that is bounded in bytes too', () => {
    const t = testKernel();
    const pen = t.spawn();
    const slow = subscriber(t, t.spawn());
    for (let i = 0; i < 5; i += 1) publish(t, pen, { content: large(MIB / 2) });
    expect(slow.taken().map(({ missed }) => missed)).toEqual([3, 0]);
  });

  it('that acknowledges stops at 64 in hand, and goes on with its words (M9)', () => {
    const t = testKernel();
    const pen = t.spawn();
    const one = subscriber(t, t.spawn());
    for (let i = 0; i < 70; i += 1) publish(t, pen, { text: `${i}` });
    const got = one.taken();
    expect(got).toHaveLength(64);
    expect(one.taken()).toEqual([]);
    expect(one.says(got[0]?.message as Delivery['message']).result?.ok).toBe(true);
    expect(texts(one.taken())).toEqual(['64']);
    expect(one.says(got[0]?.message as Delivery['message']).refusal.code).toBe('not_found');
  });

  it('wants a type, or all that begin so', () => {
    const t = testKernel();
    const pid = t.spawn();
    const one = subscriber(t, pid, { type: 'build.*' });
    for (const type of ['build.done', 'test', 'build.failed']) publish(t, pid, { type });
    expect(one.taken().map(({ type }) => type)).toEqual(['build.done', 'build.failed']);
  });
});

describe('a durable subscriber (M10)', () => {
  const durable = { durable: 'desk' } as const;

  it('finds what was published while it was away, and what it did not confirm, in order', () => {
    const t = testKernel();
    const [pen, pid] = [t.spawn(), t.spawn()];
    const first = subscriber(t, pid, durable);
    for (const text of ['1', '2', '3']) publish(t, pen, { text });
    const got = first.taken(2);
    first.says(got[0]?.message as Delivery['message']);
    first.breaks();
    publish(t, pen, { text: '4' });
    expect(texts(subscriber(t, pid, durable).taken())).toEqual(['2', '3', '4']);
  });

  it('keeps its place over restarts of its process and of the kernel', () => {
    const t = testKernel();
    const pen = t.spawn();
    const pid = t.spawn({ image: 'hold', restart: 'permanent' });
    subscriber(t, pid, { ...durable, topic: 'n*' });
    publish(t, pen, { text: '1' });
    t.ends(pid);
    publish(t, pen, { text: '2' });
    t.takeSnapshot();
    publish(t, pen, { text: '3' });
    t.reboot();
    t.advanceMs(5_000);
    const got = subscriber(t, pid, { ...durable, topic: 'n*' }).taken();
    expect(texts(got)).toEqual(['1', '2', '3']);
  });

  it('without words confirms the oldest beyond 64, and all at its own cancel (M9)', () => {
    const t = testKernel();
    const [pen, pid] = [t.spawn(), t.spawn()];
    const plain = { ...durable, isAcknowledged: false };
    const one = subscriber(t, pid, plain);
    for (let i = 0; i < 70; i += 1) publish(t, pen, { text: `${i}` });
    expect(one.taken()).toHaveLength(64);
    expect(texts(one.taken(6))).toEqual(['64', '65', '66', '67', '68', '69']);
    one.breaks();
    const again = subscriber(t, pid, plain);
    const rest = again.taken();
    expect(texts(rest)[0]).toBe('6');
    again.cancels([rest.at(-1)?.message as Delivery['message']]);
    expect(texts(subscriber(t, pid, plain).taken())).toEqual(['69']);
  });

  it('begins with the last values where it wants them, once', () => {
    const t = testKernel();
    const [pen, pid] = [t.spawn(), t.spawn()];
    publish(t, pen, { text: 'before' });
    const one = subscriber(t, pid, durable);
    const [got] = one.taken();
    expect(got).toMatchObject({ isRetained: true });
    one.says(got?.message as Delivery['message']);
    one.cancels();
    expect(subscriber(t, pid, durable).taken()).toEqual([]);
    expect(subscriber(t, pid, { durable: 'b', withRetained: false }).taken()).toEqual([]);
  });

  it('is one at a time, of one pattern and one type', () => {
    const t = testKernel();
    const pid = t.spawn();
    const one = subscriber(t, pid, durable);
    expect(refusal(t, pid, durable)).toMatchObject({ code: 'conflict' });
    expect(t.call('forget_cursor', { name: 'desk' }, { pid }).refusal.code).toBe('conflict');
    one.cancels();
    for (const wish of [{ topic: 'n*' }, { type: 'x' }]) {
      expect(refusal(t, pid, { ...durable, ...wish })).toMatchObject({ code: 'conflict' });
    }
    expect(t.call('forget_cursor', { name: 'desk' }, { pid }).result?.ok).toBe(true);
    expect(t.call('forget_cursor', { name: 'desk' }, { pid }).refusal.code).toBe('not_found');
    expect(refusal(t, pid, { ...durable, topic: 'n*' })).toBe(pid);
  });

  it('misses the oldest beyond the bound of an inbox, and is told exactly how many', () => {
    const t = testKernel();
    const [pen, pid] = [t.spawn(), t.spawn()];
    const one = subscriber(t, pid, durable);
    for (let i = 0; i < 18; i += 1) publish(t, pen, { content: large(MIB) });
    const [got] = one.taken(1);
    expect(got?.missed).toBe(2);
    const { cursors } = t.call('list_topics', { pattern: '' }, { pid }).value;
    expect(cursors).toMatchObject([{ name: 'desk', waiting: 16, missed: 2, isLive: true }]);
    publish(t, pen, { content: large(MIB) });
    // What it has in hand was not missed.
    expect(one.taken(1)[0]?.missed).toBe(0);
  });

  it('ends with its process for good, and is bounded in number', () => {
    const t = testKernel();
    const pid = t.spawn();
    for (let i = 0; i < LIMITS.cursorsPerProcessMax; i += 1) {
      subscriber(t, pid, { durable: `c${i}` });
    }
    expect(refusal(t, pid, { durable: 'more' })).toMatchObject({ code: 'limit_exceeded' });
    t.call('kill', { pid, isRecursive: false, reason: 'normal', graceMs: 0 });
    t.advanceMs(200_000);
    expect(t.call('list_topics', { pattern: '' }).value.cursors).toEqual([]);
  });

  it.each(['', 'a\u0007', 'x'.repeat(129)])('refuses the name %j', (name) => {
    const t = testKernel();
    const wish = { durable: name, topic: name === '' ? '' : 'news' };
    expect(refusal(t, t.spawn(), wish)).toMatchObject({ code: 'invalid_argument' });
  });
});
