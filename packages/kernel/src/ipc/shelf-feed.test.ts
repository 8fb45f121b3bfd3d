import {
  messageOrder,
  QueueGround,
  spawnOrder,
  subscribeOrder,
  testKernel,
} from '@hivekernel/testkit';
import type { Subscriber, TestKernel, TestKernelOptions } from '@hivekernel/testkit';
import { describe, expect, it } from 'vitest';
import type { Content } from '../events/content.ts';
import { asMessageId, asPid, type MessageId, type Pid } from '../ids.ts';
import { LIMITS } from '../limits.ts';

const KILL = { isRecursive: false, reason: 'normal', graceMs: 0 } as const;
const UNKNOWN = asMessageId(999_999);

const ids = (all: readonly { message: MessageId }[]): MessageId[] =>
  all.map(({ message }) => message);

const groundOf = (options: TestKernelOptions = {}): QueueGround =>
  new QueueGround(testKernel(options));

describe('the end of a consumer', () => {
  it('with the kernel is no try, be it stopped or dead (M6)', () => {
    const g = groundOf();
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

  const ENDS: Readonly<Record<string, (g: QueueGround, consumer: Subscriber) => unknown>> = {
    'its stream broke': (_g, consumer) => consumer.breaks(),
    'its process was killed': (g, { pid }) => g.t.call('kill', { pid, ...KILL }),
    'its connection is over': (g, { channel }) => g.t.fact({ fact: 'channel_ended', channel }),
  };

  it.each(Object.keys(ENDS))(
    'because %s gives back what it held at once, with a try of the oldest (M6)',
    (end) => {
      const g = groundOf();
      const sent = g.many(3);
      const consumer = g.consumer();
      consumer.taken(2);
      const waiting = g.consumer(g.two).take();
      expect(ids(waiting.value.messages)).toEqual([sent[2]]);
      const more = g.consumer(g.boss).take();
      ENDS[end]?.(g, consumer);
      expect(more.value.messages).toMatchObject([
        { message: sent[0], tries: 1 },
        { message: sent[1], tries: 0 },
      ]);
    },
  );

  it.each([
    ['crashes', 1, (t: TestKernel, pid: Pid): void => t.ends(pid)],
    ['falls asleep', 0, (t: TestKernel, pid: Pid): void => void t.call('sleep', { pid })],
  ] as const)('that %s gives its messages to another one, with %i tries', (_what, tries, how) => {
    const g = groundOf();
    const agent = g.t.spawn({ name: 'agent', image: 'deaf', restart: 'permanent' });
    const sent = g.many(2);
    const consumer = g.consumer(agent);
    consumer.taken();
    how(g.t, agent);
    expect(g.tries()).toHaveLength(tries);
    expect(ids(g.consumer(g.two).taken())).toEqual(sent);
    expect(g.t.call('list_queues', { prefix: '' }).value).toMatchObject([{ consumers: 1 }]);
    expect(consumer.take().result?.ok).toBe(false);
  });

  it('that never became ready takes nothing with it', () => {
    const g = groundOf();
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
    const g = groundOf();
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
    const g = groundOf();
    const consumer = g.consumer();
    const waiting = consumer.take();
    consumer.cancels();
    expect(waiting.refusal.code).toBe('cancelled');
  });

  it('lets a TTL that ended in its hands take effect when the message is back (M7)', () => {
    const g = groundOf();
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
    const g = groundOf();
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
  const acked = (g: QueueGround): number =>
    g.t.eventsOf('queue.acked').reduce((sum, { body }) => sum + body.messages.length, 0);

  it('has at most 64 unconfirmed: more room confirms the oldest (M9)', () => {
    const g = groundOf();
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
    const g = groundOf();
    const sent = g.many(3);
    g.consumer(g.one, plain).taken(1);
    g.consumer(g.two).taken(1);
    expect(ids(g.look().messages)).toEqual([sent[1], sent[2]]);
    expect(g.look().total).toBe(2);
  });

  it('at its own word has read all but what did not reach it (M9)', () => {
    const g = groundOf();
    const sent = g.many(3);
    const consumer = g.consumer(g.one, plain);
    consumer.taken();
    consumer.cancels([sent[2] as MessageId, UNKNOWN]);
    expect(acked(g)).toBe(2);
    expect(g.look().messages).toMatchObject([{ message: sent[2], tries: 0 }]);
  });

  it('whose stream broke gives all back, and counts no try (M9)', () => {
    const g = groundOf();
    const sent = g.many(3);
    const consumer = g.consumer(g.one, plain);
    consumer.taken();
    consumer.breaks();
    expect([acked(g), g.tries()]).toEqual([0, []]);
    expect(ids(g.look().messages)).toEqual(sent);
  });

  it('reports to who wants to know, once it is confirmed (M6)', () => {
    const g = groundOf();
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
    const g = groundOf();
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
    const g = groundOf();
    const [one, two] = [g.consumer(), g.consumer(g.two)];
    const takes = [one.take(), two.take()];
    for (let n = 0; n < 7; n += 1) g.t.hold('send', messageOrder({ queue: 'jobs' }));
    g.t.pass();
    expect(takes.map(({ value }) => value.messages.length)).toEqual([4, 3]);
  });

  it('that wait are served before one that comes later in the same pass', () => {
    const g = groundOf();
    const [one, two] = [g.consumer(), g.consumer(g.two)];
    const waiting = one.take();
    g.t.hold('send', messageOrder({ queue: 'jobs' }));
    const late = two.holdTake();
    g.t.pass();
    expect([waiting.isAnswered, late.isAnswered]).toEqual([true, false]);
  });

  it('that take one at a time share what comes evenly', () => {
    const g = groundOf();
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
    const g = groundOf();
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

describe('a consumer that is paused', () => {
  it('is handed nothing until it goes on; others are served instead (S1)', () => {
    const g = groundOf();
    const agent = g.t.spawn({ name: 'agent', image: 'deaf' });
    const waiting = g.consumer(agent).take();
    const other = g.consumer(g.two).take();
    g.t.call('signal', { pid: agent, signal: 'STOP', ...KILL });
    const sent = g.many(2);
    expect(waiting.isAnswered).toBe(false);
    expect(ids(other.value.messages)).toEqual([sent[0]]);
    g.t.call('signal', { pid: agent, signal: 'CONT', ...KILL });
    expect(ids(waiting.value.messages)).toEqual([sent[1]]);
  });
});

describe('a word that is refused', () => {
  const big = (bytes: number): Content => ({ bytes, inline: '' });

  it.each([
    ['too_large', LIMITS.messagePayloadBytesMax + 1, 0],
    ['queue_full', 1, LIMITS.inboxMessagesMax],
  ] as const)(
    'with %s leaves the message in hand, from a queue as from an inbox (M8)',
    (code, bytes, filled) => {
      const g = groundOf();
      const message = g.sent();
      const consumer = g.consumer();
      consumer.taken();
      for (let n = 0; n < filled; n += 1) g.t.hold('send', messageOrder({ to: g.boss }));
      g.t.pass();
      expect(consumer.says(message, 'accepted', big(bytes)).refusal.code).toBe(code);
      expect(g.t.call('list_queues', { prefix: '' }).value).toMatchObject([{ inHand: 1 }]);
      expect(consumer.says(message).result?.ok).toBe(true);
    },
  );

  it('with a take that waits already has no effect (M9)', () => {
    const g = groundOf();
    const message = g.sent();
    const consumer = g.consumer();
    consumer.taken();
    consumer.take();
    expect(consumer.take({ accepted: [message] }).refusal.code).toBe('conflict');
    expect(g.t.call('list_queues', { prefix: '' }).value).toMatchObject([{ inHand: 1 }]);
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
    const g = groundOf();
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
    const g = groundOf();
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
    const g = groundOf();
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
