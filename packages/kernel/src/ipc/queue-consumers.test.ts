import { messageOrder, spawnOrder, Subscriber, subscribeOrder } from '@hivekernel/testkit';
import { testKernel, textContent, textOf } from '@hivekernel/testkit';
import type { SubscriberWish, TestKernel } from '@hivekernel/testkit';
import { describe, expect, it } from 'vitest';
import { asMessageId, asPid, type MessageId, type Pid } from '../ids.ts';
import { LIMITS } from '../limits.ts';

const KILL = { isRecursive: false, reason: 'normal', graceMs: 0 } as const;
const UNKNOWN = asMessageId(999_999);

type Wish = Parameters<typeof messageOrder>[0];

/** king > boss > (one, two): one and two take, boss sends. All virtual. */
class Ground {
  readonly t: TestKernel;
  readonly boss: Pid;
  readonly one: Pid;
  readonly two: Pid;

  constructor(options: Parameters<typeof testKernel>[0] = {}) {
    this.t = testKernel(options);
    this.boss = this.t.spawn({ name: 'boss', role: 'lead' });
    this.one = this.t.spawn({ name: 'one' }, { pid: this.boss });
    this.two = this.t.spawn({ name: 'two' }, { pid: this.boss });
  }

  sent(wish: Wish = {}): MessageId {
    const order = messageOrder({ queue: 'jobs', ...wish });
    return this.t.call('send', order, { pid: this.boss }).value.message;
  }

  many(count: number, wish: Wish = {}): MessageId[] {
    return Array.from({ length: count }, () => this.sent(wish));
  }

  consumer(pid = this.one, wish: SubscriberWish = {}): Subscriber {
    return new Subscriber(this.t, pid, { queue: 'jobs', ...wish });
  }

  look() {
    return this.t.call('list_inbox', { pid: asPid(0), queue: 'jobs' }, { pid: this.boss }).value;
  }

  inbox(pid: Pid) {
    return this.t.call('list_inbox', { pid }).value.messages;
  }

  reports(): Record<string, unknown>[] {
    const all = this.inbox(this.boss).filter(({ type }) => type === 'ack');
    return all.map(({ content }) => JSON.parse(textOf(content)) as Record<string, unknown>);
  }

  tries(): number[] {
    return this.t.eventsOf('queue.returned').map(({ body }) => body.tries);
  }
}

const ids = (all: readonly { message: MessageId }[]): MessageId[] =>
  all.map(({ message }) => message);

describe('the word of a consumer', () => {
  it.each([
    ['accepted', 'accepted', 0],
    ['queued', 'queued', 0],
    ['rejected', 'rejected', 1],
  ] as const)('%s ends a message, and is reported where it is wanted (M6)', (...row) => {
    const [status, told, dead] = row;
    const g = new Ground();
    const message = g.sent({ requiresAck: true });
    const consumer = g.consumer();
    consumer.taken();
    expect(consumer.says(message, status).result?.ok).toBe(true);
    expect(g.look()).toMatchObject({ total: 0, deadTotal: dead });
    const who = { pid: g.one, name: 'one', queue: 'jobs' };
    expect(g.reports()).toMatchObject([{ message: `m${message}`, status: told, ...who }]);
    expect(g.reports()[0]?.['detail']).toContain('one (pid 3), who took it from the queue "jobs"');
  });

  it('that refuses what nobody waits for a word on is told to the sender, and keeps no dead letter', () => {
    const g = new Ground();
    const message = g.sent();
    const consumer = g.consumer();
    consumer.taken();
    consumer.says(message, 'rejected');
    expect(g.reports()).toMatchObject([{ status: 'rejected' }]);
    expect(g.look().deadTotal).toBe(0);
  });

  it('escalate hands it to the consumer’s parent, and its end is still to come (M6)', () => {
    const g = new Ground();
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
    const g = new Ground();
    const message = g.sent();
    const king = g.consumer(asPid(1));
    king.taken();
    king.says(message, 'escalate');
    expect(g.look().deadLetters).toMatchObject([{ message, whyDead: 'rejected' }]);
    expect(g.reports()).toMatchObject([{ status: 'rejected' }]);
  });

  it('may be a text, which goes to the sender as a reply (M6, M9)', () => {
    const g = new Ground();
    const message = g.sent();
    const consumer = g.consumer();
    consumer.taken();
    consumer.says(message, 'accepted', textContent('42'));
    expect(g.inbox(g.boss)).toMatchObject([
      { type: 'reply', from: g.one, replyTo: `m${message}`, relation: 'child' },
    ]);
  });

  it('is good once, and on what it holds alone', () => {
    const g = new Ground();
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
    const g = new Ground();
    const agent = g.t.spawn({ name: 'agent', image: 'deaf' });
    const message = g.sent();
    const consumer = g.consumer(agent);
    consumer.taken();
    expect(consumer.says(message).result?.ok).toBe(true);
    expect(consumer.says(message).refusal.code).toBe('not_found');
  });

  it('may come with the next take: many in one event; what it does not hold is passed over', () => {
    const g = new Ground();
    const sent = g.many(5);
    const consumer = g.consumer();
    const taken = ids(consumer.taken(4));
    expect(ids(consumer.taken(0, [...taken, ...taken, UNKNOWN, sent[4] as MessageId]))).toEqual([
      sent[4],
    ]);
    expect(g.t.eventsOf('queue.acked').map(({ body }) => body.messages)).toEqual([taken]);
    expect(g.look().total).toBe(1);
  });

  it('that never comes costs it the message after ack_timeout: it is given again (M6)', () => {
    const g = new Ground({ settings: { ackTimeoutMs: 5_000 } });
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
    const g = new Ground({ settings: { ackTimeoutMs: 1_000 } });
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
    const g = new Ground({ settings: { ackTimeoutMs: 1_000, deliveryTriesMax: 1 } });
    g.sent({ requiresAck: true });
    g.consumer().taken();
    g.t.advanceMs(1_000);
    expect(g.reports()).toMatchObject([{ status: 'undeliverable', pid: 0, queue: 'jobs' }]);
  });

  it('always no: nothing waits behind (M6)', () => {
    const g = new Ground();
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
    const g = new Ground({ settings: { ackTimeoutMs: 1_000 } });
    const [first, second, third] = g.many(3);
    g.consumer().taken(2);
    g.t.advanceMs(1_000);
    g.consumer(g.two).taken(1);
    g.t.takeSnapshot();
    g.t.reboot();
    expect(g.look().messages).toMatchObject([
      { message: first, tries: 1 },
      { message: second, tries: 1 },
      { message: third, tries: 0 },
    ]);
    const again = g.consumer();
    expect(ids(again.taken())).toEqual([first, second, third]);
    again.breaks();
    expect(g.tries()).toEqual([1, 1, 2, 2, 1]);
  });
});

describe('the end of a consumer', () => {
  it('with the kernel is no try, be it stopped or dead (M6)', () => {
    const g = new Ground();
    const sent = g.many(2);
    for (let n = 0; n < 6; n += 1) {
      const agent = g.t.spawn({ name: `agent-${n}`, image: 'deaf' });
      expect(ids(g.consumer(agent).taken())).toEqual(sent);
      if (n % 2 === 0) g.t.fact({ fact: 'stopping', reason: 'test', graceMs: 100 });
      g.t.reboot();
    }
    expect(g.tries()).toEqual([]);
    expect(g.look().messages).toMatchObject([{ tries: 0 }, { tries: 0 }]);
  });

  const ENDS: Readonly<Record<string, (g: Ground, consumer: Subscriber) => unknown>> = {
    'its stream broke': (_g, consumer) => consumer.breaks(),
    'its process was killed': (g, { pid }) => g.t.call('kill', { pid, ...KILL }),
    'its connection is over': (g, { channel }) => g.t.fact({ fact: 'channel_ended', channel }),
  };

  it.each(Object.keys(ENDS))(
    'because %s gives back what it held at once, with a try (M6)',
    (end) => {
      const g = new Ground();
      const sent = g.many(3);
      const consumer = g.consumer();
      consumer.taken(2);
      const waiting = g.consumer(g.two).take();
      expect(ids(waiting.value.messages)).toEqual([sent[2]]);
      const more = g.consumer(g.boss).take();
      ENDS[end]?.(g, consumer);
      expect(more.value.messages).toMatchObject([
        { message: sent[0], tries: 1 },
        { message: sent[1], tries: 1 },
      ]);
    },
  );

  it.each([
    ['crashes', (t: TestKernel, pid: Pid): void => t.ends(pid)],
    ['falls asleep', (t: TestKernel, pid: Pid): void => void t.call('sleep', { pid })],
  ] as const)('that %s gives its messages to another one', (_what, how) => {
    const g = new Ground();
    const agent = g.t.spawn({ name: 'agent', image: 'deaf', restart: 'permanent' });
    const sent = g.many(2);
    const consumer = g.consumer(agent);
    consumer.taken();
    how(g.t, agent);
    expect(ids(g.consumer(g.two).taken())).toEqual(sent);
    expect(g.t.call('list_queues', { prefix: '' }).value).toMatchObject([{ consumers: 1 }]);
    expect(consumer.take().result?.ok).toBe(false);
  });

  it('that never became ready takes nothing with it', () => {
    const g = new Ground();
    g.t.call('spawn', spawnOrder({ name: 'late', image: 'starting' }));
    const pid = asPid(g.two + 1);
    const sent = g.many(1);
    g.consumer(pid).taken();
    g.t.advanceMs(g.t.settings.startTimeoutMs);
    g.t.runtime.exits(pid);
    g.t.pass();
    expect(ids(g.consumer(g.two).taken())).toEqual(sent);
  });

  it('by its own word gives back what it held, and counts no try', () => {
    const g = new Ground();
    const sent = g.many(2);
    const consumer = g.consumer();
    consumer.taken();
    consumer.cancels();
    expect(g.tries()).toEqual([]);
    expect(ids(g.consumer(g.two).taken())).toEqual(sent);
    expect(consumer.take().refusal.code).toBe('not_found');
    expect(consumer.says(sent[0] as MessageId).refusal.code).toBe('not_found');
  });

  it('answers a take that waits', () => {
    const g = new Ground();
    const consumer = g.consumer();
    const waiting = consumer.take();
    consumer.cancels();
    expect(waiting.refusal.code).toBe('cancelled');
  });

  it('does not let a TTL pass that ended in its hands: the message is gone when it is back (M7)', () => {
    const g = new Ground();
    const message = g.sent({ ttlMs: 1_000, requiresAck: true });
    const consumer = g.consumer();
    consumer.taken();
    g.t.advanceMs(2_000);
    expect(g.t.eventsOf('queue.dropped')).toEqual([]);
    consumer.cancels();
    g.t.advanceMs(0);
    expect(g.look()).toMatchObject({ total: 0, deadLetters: [{ message, whyDead: 'expired' }] });
  });

  it('that took in time handles it though its TTL is over (M7)', () => {
    const g = new Ground();
    const message = g.sent({ ttlMs: 1_000 });
    const consumer = g.consumer();
    consumer.taken();
    g.t.advanceMs(2_000);
    expect(consumer.says(message).result?.ok).toBe(true);
    expect(g.t.eventsOf('queue.dropped')).toEqual([]);
  });
});

describe('a consumer to whom a message is as good as read', () => {
  const plain = { isAcknowledged: false } as const;
  const acked = (g: Ground): number =>
    g.t.eventsOf('queue.acked').reduce((sum, { body }) => sum + body.messages.length, 0);

  it('has at most 64 unconfirmed: more room confirms the oldest (M9)', () => {
    const g = new Ground();
    const sent = g.many(200);
    const consumer = g.consumer(g.one, plain);
    expect(ids(consumer.taken(40))).toEqual(sent.slice(0, 40));
    expect(acked(g)).toBe(0);
    expect(ids(consumer.taken(30))).toEqual(sent.slice(40, 70));
    expect(acked(g)).toBe(6);
    expect(consumer.taken()).toHaveLength(LIMITS.subscriberUnconfirmedMax);
    expect(acked(g)).toBe(70);
    expect(g.t.eventsOf('queue.acked').flatMap(({ body }) => body.messages)).toEqual(
      sent.slice(0, 70),
    );
    g.t.advanceMs(3_600_000);
    expect(g.tries()).toEqual([]);
  });

  it('hides what it was handed from those who look', () => {
    const g = new Ground();
    const sent = g.many(3);
    g.consumer(g.one, plain).taken(1);
    g.consumer(g.two).taken(1);
    expect(ids(g.look().messages)).toEqual([sent[1], sent[2]]);
    expect(g.look().total).toBe(2);
  });

  it('at its own word has read all but what did not reach it (M9)', () => {
    const g = new Ground();
    const sent = g.many(3);
    const consumer = g.consumer(g.one, plain);
    consumer.taken();
    consumer.cancels([sent[2] as MessageId, UNKNOWN]);
    expect(acked(g)).toBe(2);
    expect(g.look().messages).toMatchObject([{ message: sent[2], tries: 0 }]);
  });

  it('whose stream broke gives all back, and counts no try (M9)', () => {
    const g = new Ground();
    const sent = g.many(3);
    const consumer = g.consumer(g.one, plain);
    consumer.taken();
    consumer.breaks();
    expect([acked(g), g.tries()]).toEqual([0, []]);
    expect(ids(g.look().messages)).toEqual(sent);
  });

  it('reports to who wants to know, once it is confirmed (M6)', () => {
    const g = new Ground();
    g.sent({ requiresAck: true });
    const consumer = g.consumer(g.one, plain);
    consumer.taken();
    expect(g.reports()).toEqual([]);
    consumer.cancels();
    expect(g.reports()).toMatchObject([{ status: 'accepted', pid: g.one }]);
  });
});

describe('consumers of one queue', () => {
  it('that stop reading hold 64 each, and the rest waits for others (M9)', () => {
    const g = new Ground();
    const sent = g.many(100);
    const idle = g.consumer();
    expect(idle.taken()).toHaveLength(LIMITS.subscriberUnconfirmedMax);
    expect(idle.taken()).toEqual([]);
    const [first] = sent;
    idle.says(first as MessageId);
    expect(ids(idle.taken())).toEqual([sent[64]]);
    expect(ids(g.consumer(g.two).taken())).toEqual(sent.slice(65));
  });

  it('that wait get one each in turn', () => {
    const g = new Ground();
    const [one, two] = [g.consumer(), g.consumer(g.two)];
    const takes = [one.take(), two.take()];
    for (let n = 0; n < 7; n += 1) g.t.hold('send', messageOrder({ queue: 'jobs' }));
    g.t.pass();
    expect(takes.map(({ value }) => value.messages.length)).toEqual([4, 3]);
  });

  it('that wait are served before one that comes later in the same pass', () => {
    const g = new Ground();
    const [one, two] = [g.consumer(), g.consumer(g.two)];
    const waiting = one.take();
    g.t.hold('send', messageOrder({ queue: 'jobs' }));
    const late = two.holdTake();
    g.t.pass();
    expect([waiting.isAnswered, late.isAnswered]).toEqual([true, false]);
  });

  it('that take one at a time share what comes evenly', () => {
    const g = new Ground();
    const consumers = [g.consumer(), g.consumer(g.two)];
    const takes = consumers.map((consumer) => consumer.take({ max: 1 }));
    const counts = [0, 0];
    for (let n = 0; n < 20; n += 1) {
      g.sent();
      for (const [i, take] of takes.entries()) {
        if (!take.isAnswered) continue;
        counts[i] = (counts[i] ?? 0) + 1;
        takes[i] = (consumers[i] as Subscriber).take({
          max: 1,
          accepted: ids(take.value.messages),
        });
      }
    }
    expect(counts).toEqual([10, 10]);
  });

  it('are at most so many, whatever became of a refused one', () => {
    const g = new Ground();
    for (let n = 0; n < LIMITS.consumersPerSourceMax; n += 1) {
      const pid = n % 2 === 0 ? g.one : g.two;
      g.t.hold('subscribe', subscribeOrder({ queue: 'jobs' }), { pid });
    }
    g.t.pass();
    const refused = g.t.call('subscribe', subscribeOrder({ queue: 'jobs' }), { pid: g.boss });
    expect(refused.refusal.code).toBe('limit_exceeded');
    const views = g.t.call('list_queues', { prefix: '' }).value;
    expect(views).toMatchObject([{ consumers: LIMITS.consumersPerSourceMax }]);
  });
});

describe('what a consumer wants', () => {
  it.each([
    [{ type: 'job' }, [0, 2]],
    [{ type: 'jo*' }, [0, 2]],
    [{ type: '*' }, [1, 0, 2, 3]],
    [{ leastUrgent: 1 }, [1]],
    [{ type: 'note', leastUrgent: 2 }, [1]],
    [{ type: 'none' }, []],
  ] as const)('%j is all that it gets; the rest waits for others (M9)', (wish, expected) => {
    const g = new Ground();
    const sent = [
      g.sent({ type: 'job', priority: 2 }),
      g.sent({ type: 'note', priority: 0 }),
      g.sent({ type: 'job', priority: 2 }),
      g.sent({ type: 'note', priority: 3 }),
    ];
    const got = ids(g.consumer(g.one, wish).taken());
    expect(got).toEqual(expected.map((i) => sent[i]));
    const rest = ids(g.consumer(g.two).taken());
    expect(new Set([...got, ...rest])).toEqual(new Set(sent));
  });

  it('comes to it past 9,000 that it does not want, and again when it gave it back', () => {
    const g = new Ground();
    for (let n = 0; n < 9_000; n += 1) {
      g.t.hold('send', messageOrder({ queue: 'jobs', type: 'other', priority: 0 }));
    }
    g.t.pass();
    const consumer = g.consumer(g.one, { type: 'job' });
    const waiting = consumer.take();
    const message = g.sent({ type: 'job' });
    expect(ids(waiting.value.messages)).toEqual([message]);
    consumer.breaks();
    const next = g.consumer(g.two, { type: 'job' });
    expect(ids(next.taken())).toEqual([message]);
  });

  it('excludes everything: its take waits, and ends with its time', () => {
    const g = new Ground();
    g.many(3);
    const take = g.consumer(g.one, { type: 'none' }).take({ timeoutMs: 500 });
    g.many(3);
    g.t.advanceMs(499);
    expect(take.isAnswered).toBe(false);
    g.t.advanceMs(1);
    expect(take.value.messages).toEqual([]);
    expect(g.look().total).toBe(6);
  });
});
