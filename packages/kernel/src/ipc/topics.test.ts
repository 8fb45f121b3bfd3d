import { bulkContent, testKernel, textsOf, textContent, TopicGround } from '@hivekernel/testkit';
import { beforeEach, describe, expect, it } from 'vitest';
import { KING_PID, type Pid } from '../ids.ts';
import { LIMITS } from '../limits.ts';

const MIB = 1024 * 1024;

let g: TopicGround;
let reader: Pid;

beforeEach(() => {
  g = new TopicGround(testKernel());
  reader = g.spawn('reader');
});

describe('Topics.publish()', () => {
  it('succeeds without subscribers, and is durable before the reply (M10)', () => {
    const sent = g.publish('news');
    const [event] = g.t.eventsOf('topic.published');
    expect(sent.value).toEqual({ message: event?.seq, subscribers: 0 });
    expect(sent.gate).toBe(event?.seq);
    expect(event?.body).toMatchObject({
      message: event?.seq,
      user: 'ann',
      topic: 'news',
      from: g.publisher,
      fromName: 'publisher',
      type: 'note',
      isTransient: false,
    });
  });

  it('reaches each subscriber of the topic, itself included, and nobody else (M10)', () => {
    const own = g.subscribe(g.publisher, 'news');
    const exact = g.subscribe(reader, 'news');
    const wide = g.subscribe(reader, 'n*');
    const other = g.subscribe(reader, 'weather');
    expect(g.publish('news', { text: 'a' }).value.subscribers).toBe(3);
    expect(textsOf(g.take(g.publisher, own))).toEqual(['a']);
    expect(g.take(reader, exact)).toEqual(g.take(reader, wide));
    expect(g.take(reader, other)).toEqual([]);
  });

  it('keeps users apart, the king among them (M10, A1)', () => {
    const bob = g.spawn('bob', 'bob');
    const bobs = g.subscribe(bob, '*');
    const kings = g.subscribe(KING_PID, '*');
    expect(g.publish('news').value.subscribers).toBe(0);
    expect(g.take(bob, bobs)).toEqual([]);
    expect(g.publish('news', {}, KING_PID).value.subscribers).toBe(1);
    expect(g.take(KING_PID, kings)).toHaveLength(1);
    expect(g.take(bob, bobs)).toEqual([]);
  });

  it('tells who published, under what, and what the publisher is to the subscriber (M10)', () => {
    const child = g.t.spawn({ name: 'child' }, { pid: g.publisher });
    const taking = g.subscribe(child, 'n*');
    g.publish('news', { type: 'flash', text: 'a' });
    expect(g.take(child, taking)).toEqual([
      {
        message: g.t.eventsOf('topic.published')[0]?.seq,
        from: g.publisher,
        fromName: 'publisher',
        fromAddress: g.t.view(g.publisher).address,
        relation: 'parent',
        priority: 2,
        type: 'flash',
        topic: 'news',
        content: textContent('a'),
        wallMs: g.t.eventsOf('topic.published')[0]?.wallMs,
        requiresAck: false,
        replyTo: '',
        deadlineMs: 0,
      },
    ]);
  });

  it.each([
    ['', 'empty'],
    ['x'.repeat(257), '257'],
    ['a\u0000b', 'control'],
    ['news.*', '"*"'],
  ])('refuses to publish under %j (M10)', (topic, why) => {
    const { refusal } = g.publish(topic);
    expect(refusal).toMatchObject({ code: 'invalid_argument', details: { field: 'topic' } });
    expect(refusal.message).toContain(why);
    expect(g.t.eventsOf('topic.published')).toEqual([]);
  });

  it('needs the right to send (A2)', () => {
    const architect = g.t.spawn({ name: 'architect', role: 'architect', user: 'ann' });
    expect(g.publish('news', {}, architect).refusal.code).toBe('permission_denied');
  });

  it('takes 1 MiB, and refuses a byte more (M8)', () => {
    expect(g.publish('a', { content: bulkContent(MIB) }).value.subscribers).toBe(0);
    expect(g.publish('a', { content: bulkContent(MIB + 1) }).refusal.code).toBe('too_large');
  });
});

describe('a live subscription', () => {
  it('waits for the next publication, which leaves when that is durable (M10, D3)', () => {
    const taking = g.subscribe(reader, 'news');
    const ticket = g.waiting(reader, taking);
    expect(ticket.isAnswered).toBe(false);
    const content = textContent('a');
    const args = { topic: 'news', type: 'note', content, isTransient: false };
    g.t.hold('publish', args, { pid: g.publisher });
    const { events, effects } = g.t.drain();
    const reply = effects.find(({ effect }) => effect.do === 'reply');
    expect(reply?.afterSeq).toBe(events.at(-1)?.seq);
  });

  it('gets every publication since it began, in order, of the wanted types (M10)', () => {
    g.publish('a', { isTransient: true, text: 'before' });
    const all = g.subscribe(reader, '*');
    const notes = g.subscribe(reader, '*', { type: 'n*' });
    for (const type of ['note', 'log', 'news']) g.publish('a', { type, text: type });
    expect(g.publish('b', { type: 'log', text: 'b' }).value.subscribers).toBe(1);
    expect(textsOf(g.take(reader, all))).toEqual(['note', 'log', 'news', 'b']);
    expect(textsOf(g.take(reader, notes))).toEqual(['note', 'news']);
  });

  it('ends by its own word, with its run, and with its channel (M9)', () => {
    const agent = g.t.spawn({ name: 'agent', user: 'ann', image: 'deaf', restart: 'permanent' });
    const first = g.subscribe(reader, 'news');
    g.subscribe(agent, 'news');
    g.subscribe(KING_PID, 'news', { channel: 'admin 7' });
    const toAll = (): number => g.publish('news').value.subscribers;
    expect(toAll()).toBe(2);
    g.unsubscribe(reader, first);
    expect(toAll()).toBe(1);
    g.t.ends(agent);
    expect(toAll()).toBe(0);
    expect(g.publish('news', {}, KING_PID).value.subscribers).toBe(1);
    g.t.fact({ fact: 'channel_ended', channel: 'admin 7' });
    expect(g.publish('news', {}, KING_PID).value.subscribers).toBe(0);
  });

  it('is over when the kernel was: it is nobody’s state (M10)', () => {
    const taking = g.subscribe(reader, 'news');
    g.t.reboot();
    expect(g.publish('news').value.subscribers).toBe(0);
    const args = { subscription: taking, max: 0, timeoutMs: 1, accepted: [] };
    expect(g.t.call('take', args, { pid: reader }).refusal.code).toBe('not_found');
  });

  it.each(['', 'x'.repeat(257), 'a\u0000*'])('is refused for the pattern %j (M10)', (pattern) => {
    expect(g.subscribing(reader, pattern).refusal.code).toBe('invalid_argument');
  });

  it('has no priority to choose by (M10)', () => {
    const { refusal } = g.subscribing(reader, '*', { leastUrgent: 1 });
    expect(refusal).toMatchObject({ code: 'invalid_argument', details: { field: 'min_priority' } });
  });

  it('is refused over the number that one may have, before anything is changed (M9)', () => {
    for (let i = 0; i < LIMITS.subscriptionsPerProcessMax; i += 1) g.subscribe(reader, `t${i}`);
    const refused = g.subscribing(reader, 'news', { durable: 'd' });
    expect(refused.refusal.code).toBe('limit_exceeded');
    expect(g.t.eventsOf('cursor.opened')).toEqual([]);
    expect(g.publish('news').value.subscribers).toBe(0);
  });
});

describe('a live subscriber that is slow', () => {
  it('misses the oldest, is told how many, and slows nobody (M10)', () => {
    const slow = g.subscribe(reader, 'news');
    const quick = g.subscribe(reader, 'news');
    const missed = 44;
    g.publishMany('news', LIMITS.topicBacklogMax);
    const first = g.takeAll(reader, quick);
    g.publishMany('news', missed);
    expect(first.length + g.takeAll(reader, quick).length).toBe(LIMITS.topicBacklogMax + missed);
    const rest = g.takeAll(reader, slow);
    expect(rest).toHaveLength(LIMITS.topicBacklogMax);
    expect(rest[0]).toMatchObject({ missed, content: textContent(`${missed}`) });
    expect(rest.slice(1).every((one) => one.missed === undefined)).toBe(true);
    g.publish('news', { text: 'next' });
    expect(g.take(reader, slow)[0]).not.toHaveProperty('missed');
  });

  it('is bounded in bytes too, and one always has room (M10)', () => {
    const slow = g.subscribe(reader, 'news');
    const half = bulkContent(MIB / 2);
    for (let i = 0; i < 4; i += 1) g.publish('news', { content: half });
    expect(g.takeAll(reader, slow).map(({ missed }) => missed)).toEqual([2, undefined]);
    g.publish('news', { text: 'small' });
    g.publish('news', { content: bulkContent(MIB) });
    expect(g.takeAll(reader, slow).map(({ missed }) => missed)).toEqual([1]);
  });

  it('stops at 64 without a word where each waits for one, and misses what is over (M9)', () => {
    const taking = g.subscribe(reader, 'news', { isAcknowledged: true });
    g.publishMany('news', 300);
    const handed = g.takeAll(reader, taking);
    expect(handed).toHaveLength(64);
    expect(handed[0]?.missed).toBe(300 - LIMITS.topicBacklogMax);
    g.publishMany('news', 100);
    expect(g.take(reader, taking)).toEqual([]);
    const waits = g.waiting(reader, taking);
    const word = g.acknowledge(reader, handed[5]?.message ?? (0 as never));
    expect(word.value).toEqual({});
    expect(waits.value.messages).toHaveLength(1);
    expect(waits.value.messages[0]?.missed).toBe(36);
    const [one, two] = handed.map(({ message }) => message);
    const accepted = one === undefined || two === undefined ? [] : [one, two];
    expect(g.take(reader, taking, { accepted })).toHaveLength(2);
  });

  it('takes any word but one that only a message can have (M10)', () => {
    const taking = g.subscribe(reader, 'news', { isAcknowledged: true });
    g.publishMany('news', 3);
    const [a, b] = g.take(reader, taking).map(({ message }) => message);
    if (a === undefined || b === undefined) throw new Error('nothing was taken');
    expect(g.acknowledge(reader, a, { status: 'rejected' }).value).toEqual({});
    expect(g.acknowledge(reader, a).refusal.code).toBe('not_found');
    expect(g.acknowledge(reader, b, { status: 'escalate' }).refusal.code).toBe('invalid_argument');
    const reply = textContent('thanks');
    expect(g.acknowledge(reader, b, { reply }).refusal.details).toEqual({ field: 'reply' });
    expect(g.acknowledge(reader, b, { status: 'queued' }).value).toEqual({});
  });

  it('gets no more in one take than a delivery holds (M6, M10)', () => {
    const taking = g.subscribe(reader, 't*');
    for (let i = 0; i < 12; i += 1) {
      g.publish(`t${i}`, { content: bulkContent(MIB) });
    }
    g.unsubscribe(reader, taking);
    const retained = g.subscribe(reader, 't*');
    expect(g.take(reader, retained)).toHaveLength(1);
    expect(g.takeAll(reader, retained)).toHaveLength(11);
  });
});

describe('the last value', () => {
  it('comes first to a new subscriber, oldest first, and says what it is (M10)', () => {
    g.publish('b', { text: 'b' });
    g.publish('a', { text: 'a1' });
    g.publish('a', { text: 'a2' });
    const taking = g.subscribe(reader, '*');
    g.publish('c', { text: 'c' });
    const taken = g.take(reader, taking);
    expect(textsOf(taken)).toEqual(['b', 'a2', 'c']);
    expect(taken.map(({ isRetained }) => isRetained)).toEqual([true, true, undefined]);
  });

  it('does not come where it is not wanted, nor of another type (M10)', () => {
    g.publish('a', { type: 'log' });
    expect(g.take(reader, g.subscribe(reader, 'a', { withRetained: false }))).toEqual([]);
    expect(g.take(reader, g.subscribe(reader, 'a', { type: 'note' }))).toEqual([]);
    expect(g.take(reader, g.subscribe(reader, '*', { type: 'log' }))).toHaveLength(1);
  });

  it('stays what it is under a transient publication (M10)', () => {
    g.publish('a', { text: 'kept' });
    const taking = g.subscribe(reader, 'a', { withRetained: false });
    g.publish('a', { text: 'passing', isTransient: true });
    g.publish('b', { text: 'passing', isTransient: true });
    expect(textsOf(g.take(reader, taking))).toEqual(['passing']);
    expect(textsOf(g.take(reader, g.subscribe(reader, '*')))).toEqual(['kept']);
  });

  it('stays when its publisher is gone, and over restarts of the kernel (M10)', () => {
    g.publish('a', { text: 'kept' });
    g.t.call('kill', { pid: g.publisher, isRecursive: false, reason: 'normal', graceMs: 0 });
    g.t.advanceMs(120_000);
    for (const isFromSnapshot of [false, true]) {
      if (isFromSnapshot) g.t.takeSnapshot();
      g.t.reboot();
      const taken = g.take(reader, g.subscribe(reader, 'a'));
      expect(textsOf(taken)).toEqual(['kept']);
      expect(taken[0]).toMatchObject({ fromName: 'publisher', fromAddress: '', relation: 'other' });
    }
  });

  it('is not handed out once a newer one took its place, or it was forgotten (M10)', () => {
    for (const topic of ['a', 'b', 'c']) g.publish(topic, { text: `${topic}1` });
    const taking = g.subscribe(reader, '*');
    g.publish('a', { text: 'a2' });
    g.t.call('clear_topic', { topic: 'b' }, { pid: g.publisher });
    expect(textsOf(g.take(reader, taking))).toEqual(['c1', 'a2']);
  });

  it('is forgotten by a clear, which is refused where there is none (M10)', () => {
    const clear = (topic: string, pid: Pid = g.publisher) =>
      g.t.call('clear_topic', { topic }, { pid });
    g.publish('a');
    expect(clear('a', g.spawn('bob', 'bob')).refusal.code).toBe('not_found');
    expect(clear('a').value).toEqual({});
    expect(g.t.eventsOf('topic.cleared').map(({ body }) => body)).toEqual([
      { user: 'ann', topic: 'a' },
    ]);
    expect(g.take(reader, g.subscribe(reader, 'a'))).toEqual([]);
    expect(clear('a').refusal.code).toBe('not_found');
    expect(clear('*').refusal.code).toBe('invalid_argument');
  });

  it('is bounded in bytes for each user; what takes no more is taken (M10)', () => {
    const content = bulkContent(MIB);
    for (let i = 0; i < 64; i += 1) g.publish(`t${i}`, { content });
    expect(g.publish('more').refusal.code).toBe('limit_exceeded');
    expect(g.publish('more', { isTransient: true }).value.subscribers).toBe(0);
    expect(g.publish('t0', { content }).value.subscribers).toBe(0);
    g.publish('t1', { text: 'small' });
    expect(g.publish('t2', { content: bulkContent(MIB) }).value.subscribers).toBe(0);
    expect(g.publish('more').value.subscribers).toBe(0);
    expect(g.publish('t1', { content }).refusal.code).toBe('limit_exceeded');
    const bob = g.spawn('bob', 'bob');
    expect(g.publish('more', {}, bob).value.subscribers).toBe(0);
  });

  it('is bounded in number for each user (M10)', () => {
    const content = textContent('');
    for (let i = 0; i < LIMITS.topicsPerUserMax; i += 1) {
      const args = { topic: `t${i}`, type: '', content, isTransient: false };
      g.t.hold('publish', args, { pid: g.publisher });
    }
    expect(g.publish('more').refusal.code).toBe('limit_exceeded');
    expect(g.publish('t9').value.subscribers).toBe(0);
    g.t.call('clear_topic', { topic: 't3' }, { pid: g.publisher });
    expect(g.publish('more').value.subscribers).toBe(0);
  });

  it('keeps its content alive, until another takes its place (DESIGN D3)', () => {
    const hash = (digit: string): string => digit.repeat(64);
    g.publish('a', { content: bulkContent(9_000, hash('a')) });
    expect([...g.t.kernel.liveHashes()]).toEqual([hash('a')]);
    g.publish('a', { content: bulkContent(9_000, hash('b')), isTransient: true });
    g.publish('a', { content: bulkContent(9_000, hash('c')) });
    expect([...g.t.kernel.liveHashes()]).toEqual([hash('c')]);
  });
});

describe('Topics.list()', () => {
  const list = (pid: Pid, pattern = '') => g.t.call('list_topics', { pattern }, { pid }).value;

  it('tells of the topics of the own user, and the king of all (A1)', () => {
    const bob = g.spawn('bob', 'bob');
    g.publish('b', { text: 'b' });
    g.publish('a');
    g.publish('a', { isTransient: true });
    g.publish('z', {}, bob);
    g.subscribe(reader, 'a');
    g.subscribe(reader, '*', { durable: 'd' });
    expect(list(reader).topics).toMatchObject([
      { user: 'ann', topic: 'a', publications: 2, subscribers: 2, last: { topic: 'a' } },
      { user: 'ann', topic: 'b', publications: 1, subscribers: 1, last: { topic: 'b' } },
    ]);
    expect(list(bob).topics.map(({ topic }) => topic)).toEqual(['z']);
    expect(list(bob).cursors).toEqual([]);
    expect(list(KING_PID).topics.map(({ topic }) => topic)).toEqual(['a', 'b', 'z']);
    expect(list(KING_PID).cursors).toEqual([
      {
        user: 'ann',
        name: 'd',
        pattern: '*',
        owner: reader,
        waiting: 2,
        missed: 0,
        isLive: true,
      },
    ]);
  });

  it('tells of those only that a pattern matches (M10)', () => {
    for (const topic of ['news.a', 'news.b', 'weather']) g.publish(topic);
    const names = (pattern: string): string[] =>
      list(reader, pattern).topics.map(({ topic }) => topic);
    expect(names('news.*')).toEqual(['news.a', 'news.b']);
    expect(names('weather')).toEqual(['weather']);
    expect(names('x*')).toEqual([]);
  });

  it('holds the first ones, and tells how many there are (M10)', () => {
    const content = textContent('');
    for (let i = 0; i < LIMITS.topicsListedMax + 5; i += 1) {
      const args = { topic: `t${10_000 + i}`, type: '', content, isTransient: false };
      g.t.hold('publish', args, { pid: g.publisher });
    }
    const { topics, ...rest } = list(reader);
    expect(topics).toHaveLength(LIMITS.topicsListedMax);
    expect(topics[0]?.topic).toBe('t10000');
    expect(rest).toEqual({ topicsTotal: LIMITS.topicsListedMax + 5, cursors: [], cursorsTotal: 0 });
    expect(list(reader, 't1100*')).toMatchObject({ topicsTotal: 5 });
  });

  it('waits until what it tells of others is durable (read gate)', () => {
    g.publish('a');
    const seq = g.t.events.at(-1)?.seq;
    const look = (pid: Pid): number => g.t.call('list_topics', { pattern: '' }, { pid }).gate;
    expect(look(reader)).toBe(seq);
    expect(look(g.publisher)).toBe(0);
  });
});
