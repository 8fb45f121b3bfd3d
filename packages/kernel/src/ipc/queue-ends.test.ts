import { messageOrder, QueueGround, testKernel, textContent, textOf } from '@hivekernel/testkit';
import type { TestKernelOptions } from '@hivekernel/testkit';
import { describe, expect, it } from 'vitest';
import { asMessageId, asPid, type MessageId } from '../ids.ts';

const UNKNOWN = asMessageId(999_999);

const ids = (all: readonly { message: MessageId }[]): MessageId[] =>
  all.map(({ message }) => message);

const groundOf = (options: TestKernelOptions = {}): QueueGround =>
  new QueueGround(testKernel(options));

describe('the word of a consumer', () => {
  it.each([
    ['accepted', 'accepted', 0],
    ['queued', 'queued', 0],
    ['rejected', 'rejected', 1],
  ] as const)('%s ends a message, and is reported where it is wanted (M6)', (...row) => {
    const [status, told, dead] = row;
    const g = groundOf();
    const message = g.sent({ requiresAck: true });
    const consumer = g.consumer();
    consumer.taken();
    expect(consumer.says(message, status).result?.ok).toBe(true);
    expect(g.look()).toMatchObject({ total: 0, deadTotal: dead });
    const who = { pid: g.one, name: 'one', queue: 'jobs' };
    expect(g.reports()).toMatchObject([{ message: `m${message}`, status: told, ...who }]);
    expect(g.reports()[0]?.['detail']).toContain('one (pid 3), who took it from the queue "jobs"');
  });

  it('that refuses what nobody asked an end of is told, and keeps no dead letter (M6)', () => {
    const g = groundOf();
    const message = g.sent();
    const consumer = g.consumer();
    consumer.taken();
    consumer.says(message, 'rejected');
    expect(g.reports()).toMatchObject([{ status: 'rejected' }]);
    expect(g.look().deadTotal).toBe(0);
  });

  it('escalate hands it to the consumer’s parent, and its end is still to come (M6)', () => {
    const g = groundOf();
    const far = g.t.spawn({ name: 'far' });
    const order = messageOrder({ queue: 'jobs', type: 'hard', requiresAck: true });
    const message = g.t.call('send', order, { pid: far }).value.message;
    const consumer = g.consumer();
    consumer.taken();
    consumer.says(message, 'escalate');
    expect(g.inbox(g.boss)).toMatchObject([{ type: 'hard', from: far, requiresAck: true }]);
    expect(g.inbox(far)).toEqual([]);
    const [handed] = g.inbox(g.boss);
    const ack = { pid: g.boss, message: handed?.message ?? UNKNOWN, status: 'accepted' } as const;
    g.t.call('acknowledge', { ...ack, reply: undefined }, { pid: g.boss });
    const [report] = g.inbox(far).map(({ content }) => JSON.parse(textOf(content)) as object);
    expect(report).toMatchObject({ message: `m${message}`, status: 'accepted', pid: g.boss });
  });

  it('escalate of one with nobody above it is a rejection and a dead letter (M6)', () => {
    const g = groundOf();
    const message = g.sent();
    const king = g.consumer(asPid(1));
    king.taken();
    king.says(message, 'escalate');
    expect(g.look().deadLetters).toMatchObject([{ message, whyDead: 'rejected' }]);
    expect(g.reports()).toMatchObject([{ status: 'rejected' }]);
  });

  it('may be a text, which goes to the sender as a reply (M6, M9)', () => {
    const g = groundOf();
    const message = g.sent();
    const consumer = g.consumer();
    consumer.taken();
    consumer.says(message, 'accepted', textContent('42'));
    expect(g.inbox(g.boss)).toMatchObject([
      { type: 'reply', from: g.one, replyTo: `m${message}`, relation: 'child' },
    ]);
  });

  it('is good once, and on what it holds alone', () => {
    const g = groundOf();
    const [first, second] = g.many(2);
    const one = g.consumer();
    one.taken(1);
    const two = g.consumer(g.two);
    expect(two.says(first as MessageId).refusal.code).toBe('not_found');
    expect(one.says(second as MessageId).refusal.code).toBe('not_found');
    expect(one.says(UNKNOWN).refusal.code).toBe('not_found');
    expect(one.says(first as MessageId).result?.ok).toBe(true);
    expect(one.says(first as MessageId).refusal.code).toBe('not_found');
    expect(g.look().total).toBe(1);
  });

  it('is good once of an agent with a runtime too', () => {
    const g = groundOf();
    const agent = g.t.spawn({ name: 'agent', image: 'deaf' });
    const message = g.sent();
    const consumer = g.consumer(agent);
    consumer.taken();
    expect(consumer.says(message).result?.ok).toBe(true);
    expect(consumer.says(message).refusal.code).toBe('not_found');
  });

  it('may come with the next take: many in one event; what it does not hold is passed over', () => {
    const g = groundOf();
    const sent = g.many(5);
    const consumer = g.consumer();
    const taken = ids(consumer.taken(4));
    expect(ids(consumer.taken(0, [...taken, ...taken, UNKNOWN, sent[4] as MessageId]))).toEqual([
      sent[4],
    ]);
    expect(g.t.eventsOf('queue.acked').map(({ body }) => body.messages)).toEqual([taken]);
    expect(g.look().total).toBe(1);
  });

  it('that never comes costs it the message in time: it is given again (M6)', () => {
    const g = groundOf({ settings: { consumerTimeoutMs: 5_000 } });
    const [first, second] = g.many(2);
    const silent = g.consumer();
    silent.taken(1);
    g.t.advanceMs(2_000);
    silent.taken(1);
    const other = g.consumer(g.two);
    const waiting = other.take();
    g.t.advanceMs(2_999);
    expect(waiting.isAnswered).toBe(false);
    g.t.advanceMs(1);
    expect(waiting.value.messages).toMatchObject([{ message: first, tries: 1, queue: 'jobs' }]);
    expect(silent.says(first as MessageId).refusal.code).toBe('not_found');
    expect(silent.says(second as MessageId).result?.ok).toBe(true);
    expect(other.says(first as MessageId).result?.ok).toBe(true);
    g.t.advanceMs(60_000);
    expect(g.t.eventsOf('queue.returned').map(({ body }) => body)).toMatchObject([
      { message: first, pid: g.one, tries: 1, why: 'no word on it within 5000 ms' },
    ]);
  });

  it('that never comes in five tries makes a dead letter, and what is behind goes on (M6)', () => {
    const g = groundOf({ settings: { consumerTimeoutMs: 1_000 } });
    const first = g.sent({ priority: 0 });
    const consumer = g.consumer();
    for (let n = 1; n <= 5; n += 1) {
      expect(consumer.taken(1)).toMatchObject([{ message: first, tries: n - 1 }]);
      g.t.advanceMs(1_000);
    }
    const second = g.sent();
    expect(ids(consumer.taken())).toEqual([second]);
    expect(g.tries()).toEqual([1, 2, 3, 4]);
    expect(g.look().deadLetters).toMatchObject([{ message: first, whyDead: 'undeliverable' }]);
    expect(g.reports()).toEqual([]);
  });

  it('that never comes in five tries is told to who wants to know (M6)', () => {
    const g = groundOf({ settings: { consumerTimeoutMs: 1_000, deliveryTriesMax: 1 } });
    g.sent({ requiresAck: true });
    g.consumer().taken();
    g.t.advanceMs(1_000);
    expect(g.reports()).toMatchObject([{ status: 'undeliverable', pid: 0, queue: 'jobs' }]);
  });

  it('always no: nothing waits behind (M6)', () => {
    const g = groundOf();
    const consumer = g.consumer();
    const rejected: MessageId[] = [];
    const sent = g.many(200);
    for (let all = consumer.taken(); all.length > 0; all = consumer.taken()) {
      for (const { message } of all) consumer.says(message, 'rejected');
      rejected.push(...ids(all));
    }
    expect(rejected).toEqual(sent);
    expect(g.tries()).toEqual([]);
  });
});

describe('the tries of a message', () => {
  it('count over a restart of the kernel, and what was in hand waits in its old place (M6)', () => {
    const g = groundOf({ settings: { consumerTimeoutMs: 1_000 } });
    const [first, second, third] = g.many(3);
    g.consumer().taken(2);
    g.t.advanceMs(1_000);
    g.consumer(g.two).taken(1);
    g.t.takeSnapshot();
    g.t.reboot();
    expect(g.look().messages).toMatchObject([
      { message: first, tries: 1 },
      { message: second, tries: 0 },
      { message: third, tries: 0 },
    ]);
    const again = g.consumer();
    expect(ids(again.taken())).toEqual([first, second, third]);
    again.breaks();
    expect(g.tries()).toEqual([1, 2]);
  });

  it('are those of the oldest in a hand alone: one poison job takes no other with it (M6)', () => {
    const g = groundOf();
    const [poison, ...others] = g.many(30);
    for (let n = 0; n < g.t.settings.deliveryTriesMax; n += 1) {
      const consumer = g.consumer();
      expect(consumer.taken(10)).toHaveLength(10);
      consumer.breaks();
    }
    expect(g.look()).toMatchObject({ total: 29, deadLetters: [{ message: poison }] });
    expect(ids(g.consumer().taken())).toEqual(others);
    expect(g.look().messages.every(({ tries }) => tries === 0)).toBe(true);
  });

  it('begin for what was taken later when what was taken before is late (M6)', () => {
    const g = groundOf({ settings: { consumerTimeoutMs: 1_000 } });
    const [first, second] = g.many(2);
    const consumer = g.consumer();
    consumer.taken(1);
    g.t.advanceMs(600);
    consumer.taken(1);
    g.t.advanceMs(400);
    expect(g.tries()).toEqual([1]);
    expect(ids(g.consumer(g.two).taken())).toEqual([first]);
    g.t.advanceMs(600);
    expect(ids(g.consumer(g.boss).taken())).toEqual([second]);
  });

  it('are told with a message only when they are durable (D3)', () => {
    const g = groundOf();
    g.many(1);
    const consumer = g.consumer();
    consumer.taken();
    const waiting = g.consumer(g.two).take();
    consumer.breaks();
    const returned = g.t.eventsOf('queue.returned').at(-1)?.seq;
    expect(waiting.value.messages).toMatchObject([{ tries: 1 }]);
    expect(waiting.gate).toBe(returned);
  });
});
