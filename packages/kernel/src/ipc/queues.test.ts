import {
  bulkContent,
  messageOrder,
  Subscriber,
  subscribeOrder,
  testKernel,
  textContent,
} from '@hivekernel/testkit';
import type { TestKernel } from '@hivekernel/testkit';
import { describe, expect, it } from 'vitest';
import type { Priority } from '../events/words.ts';
import { asMessageId, asPid, type MessageId, type Pid } from '../ids.ts';
import { LIMITS } from '../limits.ts';

const send = (t: TestKernel, pid: Pid, wish: Parameters<typeof messageOrder>[0] = {}) =>
  t.call('send', messageOrder({ queue: 'jobs', ...wish }), { pid });

const sent = (...args: Parameters<typeof send>): MessageId => send(...args).value.message;

const look = (t: TestKernel, pid: Pid, queue = 'jobs') =>
  t.call('list_inbox', { pid: asPid(0), queue }, { pid }).value;

const queuesOf = (t: TestKernel, pid: Pid, prefix = '') =>
  t.call('list_queues', { prefix }, { pid }).value;

const ids = (all: readonly { message: MessageId }[]): MessageId[] =>
  all.map(({ message }) => message);

/** king > (boss > worker, task), and leo's agent. All virtual. */
function ground(): { t: TestKernel; boss: Pid; worker: Pid; task: Pid; leo: Pid } {
  const t = testKernel();
  const boss = t.spawn({ name: 'boss', role: 'lead' });
  const worker = t.spawn({ name: 'hand' }, { pid: boss });
  const task = t.spawn({ name: 'errand', role: 'task' }, { pid: boss });
  return { t, boss, worker, task, leo: t.spawn({ name: 'leo', role: 'agent', user: 'leo' }) };
}

/** As full as it may be, by one call each. */
function fill(t: TestKernel, pid: Pid, queue = 'jobs'): void {
  for (let n = 0; n < LIMITS.inboxMessagesMax; n += 1) {
    t.hold('send', messageOrder({ queue }), { pid });
  }
  t.pass();
}

describe('sending to a queue', () => {
  it('go on at a word, where one waits with a full hand (M9)', () => {
    const t = testKernel();
    const boss = t.spawn({ name: 'boss', role: 'lead' });
    const all = Array.from({ length: LIMITS.subscriberUnconfirmedMax + 1 }, () =>
      sent(t, boss, { queue: 'jobs' }),
    );
    const one = new Subscriber(t, boss, { queue: 'jobs' });
    const held = one.taken().map(({ message }) => message);
    expect(held).toEqual(all.slice(0, -1));
    const waiting = one.take();
    expect(waiting.isAnswered).toBe(false);
    one.says(held[7] as MessageId);
    expect(waiting.value.messages.map(({ message }) => message)).toEqual(all.slice(-1));
  });

  it('is open to every process of the user with the right to send, a task too (M1, A1)', () => {
    const { t, boss, worker, task } = ground();
    const all = [sent(t, boss), sent(t, worker), sent(t, task), sent(t, asPid(1))];
    expect(ids(look(t, worker).messages)).toEqual(all);
    expect(look(t, worker).messages.map(({ relation }) => relation)).toEqual([
      'parent',
      'other',
      'sibling',
      'other',
    ]);
  });

  it('is one of the sender’s user: another one’s of that name is another (A1)', () => {
    const { t, boss, leo } = ground();
    const [ours, his] = [sent(t, boss), sent(t, leo)];
    expect([ids(look(t, boss).messages), ids(look(t, leo).messages)]).toEqual([[ours], [his]]);
    const thief = new Subscriber(t, leo, { queue: 'jobs' });
    expect(ids(thief.taken())).toEqual([his]);
    expect(thief.says(ours).refusal.code).toBe('not_found');
    expect(queuesOf(t, leo).map(({ user }) => user)).toEqual(['leo']);
    expect(queuesOf(t, asPid(1)).map(({ user }) => user)).toEqual(['leo', 'root']);
  });

  it('needs the right to send, as taking does and dealing with dead letters (A2)', () => {
    const { t } = ground();
    const pid = t.spawn({ role: 'architect' });
    expect(send(t, pid).refusal.code).toBe('permission_denied');
    expect(() => new Subscriber(t, pid, { queue: 'jobs' })).toThrow('denied');
    const letter = { pid: asPid(0), queue: 'jobs', message: asMessageId(1) };
    expect(t.call('requeue', letter, { pid }).refusal.code).toBe('permission_denied');
    expect(t.call('drop_letter', letter, { pid }).refusal.code).toBe('permission_denied');
    expect(look(t, pid).total).toBe(0);
  });

  it.each([
    ['a reserved name', { queue: 'dead:jobs' }, 'invalid_argument', 'list_inbox'],
    ['a name over 128 characters', { queue: 'x'.repeat(129) }, 'invalid_argument', '129'],
    ['a name with a line in it', { queue: 'a\nb' }, 'invalid_argument', 'control'],
    [
      'a payload over 1 MiB',
      { content: bulkContent(LIMITS.messagePayloadBytesMax + 1) },
      'too_large',
      'artifact',
    ],
    ['a deadline that is over', { deadlineMs: 1 }, 'timed_out', 'M9'],
  ] as const)('refuses %s, and leaves nothing', (_what, wish, code, word) => {
    const { t, boss } = ground();
    const { refusal } = send(t, boss, wish);
    expect(refusal.code).toBe(code);
    expect(refusal.message).toContain(word);
    expect(queuesOf(t, asPid(1))).toEqual([]);
  });

  it('takes a payload of 1 MiB (M8)', () => {
    const { t, boss } = ground();
    const content = bulkContent(LIMITS.messagePayloadBytesMax);
    sent(t, boss, { content });
    expect(queuesOf(t, boss)).toMatchObject([{ waiting: 1, bytes: content.bytes }]);
  });

  it('refuses what is over 10,000 messages, and takes one again when one is gone (M8)', () => {
    const { t, boss, worker } = ground();
    fill(t, boss);
    const { refusal } = send(t, boss);
    expect(refusal).toMatchObject({ code: 'queue_full', details: { queue: 'jobs' } });
    expect(refusal.message).toContain('10000 messages');
    const consumer = new Subscriber(t, worker, { queue: 'jobs' });
    const [first] = consumer.taken(1);
    expect(send(t, boss).refusal.code).toBe('queue_full');
    consumer.says(first?.message ?? asMessageId(0));
    expect(sent(t, boss)).toBeGreaterThan(0);
  });

  it('refuses what is over 16 MiB, and what is smaller still fits (M8)', () => {
    const { t, boss } = ground();
    const content = bulkContent(LIMITS.messagePayloadBytesMax);
    for (let n = 0; n < 16; n += 1) sent(t, boss, { content });
    expect(send(t, boss).refusal.code).toBe('queue_full');
    expect(sent(t, boss, { content: bulkContent(0) })).toBeGreaterThan(0);
  });

  it('refuses one queue too many of a user, not to another one; dead letters count (M1)', () => {
    const { t, boss, leo, worker } = ground();
    const last = sent(t, boss, { queue: 'last', requiresAck: true });
    for (let n = 1; n < LIMITS.queuesPerUserMax; n += 1) sent(t, boss, { queue: `q${n}` });
    expect(send(t, boss, { queue: 'more' }).refusal.code).toBe('limit_exceeded');
    expect(sent(t, boss, { queue: 'q1' })).toBeGreaterThan(0);
    expect(sent(t, leo, { queue: 'more' })).toBeGreaterThan(0);
    const consumer = new Subscriber(t, worker, { queue: 'last' });
    consumer.taken();
    consumer.says(last, 'rejected');
    expect(send(t, boss, { queue: 'more' }).refusal.code).toBe('limit_exceeded');
    t.call('drop_letter', { pid: boss, queue: 'last', message: last }, { pid: boss });
    expect(sent(t, boss, { queue: 'more' })).toBeGreaterThan(0);
    expect(send(t, boss, { queue: 'last' }).refusal.code).toBe('limit_exceeded');
  });

  it('keeps the order of asked priority and age: no relation lifts it (M4)', () => {
    const { t, boss, worker } = ground();
    const byPriority = new Map<Priority, MessageId>();
    for (const priority of [3, 2, 1, 0] as const) {
      byPriority.set(priority, sent(t, boss, { priority }));
      t.advanceMs(1_000);
    }
    t.advanceMs(30_000);
    const late = sent(t, boss, { priority: 0 });
    const expected = [...[0, 1, 2].map((one) => byPriority.get(one as Priority)), late];
    expected.splice(3, 0, byPriority.get(3));
    const order = look(t, worker).messages;
    expect(ids(order)).toEqual(expected);
    expect(order.map(({ priority }) => priority)).toEqual([0, 1, 2, 3, 0]);
    expect(ids(new Subscriber(t, worker, { queue: 'jobs' }).taken())).toEqual(expected);
  });

  it('repeated with its key is one message, also over a restart (M5)', () => {
    const { t, boss, worker } = ground();
    const wish = { idempotencyKey: 'k' };
    const first = sent(t, boss, wish);
    expect(sent(t, boss, wish)).toBe(first);
    t.takeSnapshot();
    t.reboot();
    expect(sent(t, boss, wish)).toBe(first);
    expect(new Subscriber(t, worker, { queue: 'jobs' }).taken()).toHaveLength(1);
    const others = [{ queue: 'other' }, { queue: '', to: worker }, { type: 'x' }];
    for (const other of others) {
      expect(send(t, boss, { ...wish, ...other }).refusal.code).toBe('conflict');
    }
  });

  it('is told as an event of its own, with who sent it into what (A1)', () => {
    const { t, boss } = ground();
    const deadlineMs = t.time.now().wallMs + 60_000;
    const wish = { type: 'job', replyTo: 'm1', deadlineMs, ttlMs: 90_000, priority: 1 } as const;
    const message = sent(t, boss, wish);
    expect(t.eventsOf('queue.sent').at(-1)?.body).toEqual({
      message,
      user: 'root',
      queue: 'jobs',
      from: boss,
      fromName: 'boss',
      priority: 1,
      type: 'job',
      content: textContent('hello'),
      requiresAck: false,
      expiresMonoMs: t.time.monoMs + 60_000,
      replyTo: 'm1',
      deadlineMs,
    });
  });
});

describe('what waits in a queue', () => {
  it('outlives its sender and its consumers, and a restart of the kernel (M6)', () => {
    const { t, boss, worker, task } = ground();
    const message = sent(t, worker, { content: bulkContent(9, 'cd'.repeat(32)) });
    const consumer = new Subscriber(t, task, { queue: 'jobs' });
    consumer.cancels();
    t.call('kill', { pid: worker, isRecursive: false, reason: 'normal', graceMs: 0 });
    t.advanceMs(120_000);
    expect([...t.kernel.liveHashes()]).toContain('cd'.repeat(32));
    t.takeSnapshot();
    t.reboot();
    const [found] = new Subscriber(t, boss, { queue: 'jobs' }).taken();
    expect(found).toMatchObject({ message, from: worker, fromName: 'hand', fromAddress: '' });
    expect(found).toMatchObject({ relation: 'other', queue: 'jobs', tries: 0 });
  });

  it.each([
    [true, 1],
    [false, 0],
  ])('expires with an event; wanted (%s), it is reported and kept as dead (M7)', (ack, dead) => {
    const { t, boss, worker } = ground();
    const message = sent(t, boss, { ttlMs: 1_000, requiresAck: ack });
    t.advanceMs(999);
    expect(look(t, worker).total).toBe(1);
    t.advanceMs(1);
    expect(look(t, worker)).toMatchObject({ total: 0, deadTotal: dead });
    const body = { message, from: boss, pid: 0, why: 'expired', toDeadLetters: ack };
    expect(t.eventsOf('queue.dropped').map((event) => event.body)).toMatchObject([body]);
    const reports = t.call('list_inbox', { pid: boss }).value.messages;
    expect(reports.map(({ type }) => type)).toEqual(ack ? ['ack'] : []);
    expect(queuesOf(t, boss)).toHaveLength(dead);
  });

  it('expires where its deadline comes before its TTL (M9)', () => {
    const { t, boss } = ground();
    sent(t, boss, { ttlMs: 9_000, deadlineMs: t.time.now().wallMs + 500 });
    t.advanceMs(500);
    expect(t.eventsOf('queue.dropped')).toHaveLength(1);
  });

  it('is listed with its counts; a queue of nothing and nobody is no more', () => {
    const { t, boss, worker } = ground();
    expect(queuesOf(t, boss)).toEqual([]);
    const consumer = new Subscriber(t, worker, { queue: 'jobs' });
    expect(queuesOf(t, boss)).toMatchObject([{ name: 'jobs', waiting: 0, consumers: 1 }]);
    const { wallMs } = t.time.now();
    const first = sent(t, boss);
    t.advanceMs(10);
    sent(t, boss);
    sent(t, boss, { queue: 'other' });
    consumer.taken(1);
    expect(queuesOf(t, boss)).toEqual([
      {
        user: 'root',
        name: 'jobs',
        waiting: 1,
        bytes: 10,
        inHand: 1,
        consumers: 1,
        deadLetters: 0,
        oldestWallMs: wallMs + 10,
      },
      expect.objectContaining({ name: 'other', consumers: 0, waiting: 1 }),
    ]);
    expect(queuesOf(t, boss, 'jo')).toHaveLength(1);
    consumer.says(first);
    consumer.taken();
    consumer.says(ids(look(t, boss).messages)[0] ?? first);
    expect(queuesOf(t, boss, 'jo')).toMatchObject([{ consumers: 1, oldestWallMs: 0 }]);
    consumer.cancels();
    expect(queuesOf(t, boss, 'jo')).toEqual([]);
    expect(t.kernel.state.queueTable.find('root', 'jobs')).toBeUndefined();
  });

  it('is looked at behind the read gate, by its last change (DESIGN §3)', () => {
    const { t, boss, worker } = ground();
    const message = sent(t, boss);
    const at = (pid: Pid): number[] =>
      [
        t.call('list_inbox', { pid: asPid(0), queue: 'jobs' }, { pid }),
        t.call('list_queues', { prefix: '' }, { pid }),
      ].map(({ gate }) => gate);
    expect([at(boss), at(worker)]).toEqual([
      [0, 0],
      [message, message],
    ]);
  });
});

describe('the queues of a user', () => {
  it('hold at most so much in all; what was taken makes room (M8)', () => {
    const { t, boss, worker } = ground();
    const part = LIMITS.messagePayloadBytesMax;
    const content = { bytes: part, inline: '' };
    const put = (n: number) => send(t, boss, { queue: `q${n >> 3}`, content });
    const fits = LIMITS.queueBytesPerUserMax / part;
    for (let n = 0; n < fits; n += 1) expect(put(n).result?.ok).toBe(true);
    expect(put(fits).refusal).toMatchObject({ code: 'queue_full', details: { field: 'queue' } });
    const consumer = new Subscriber(t, worker, { queue: 'q0' });
    const [first] = consumer.taken(1);
    consumer.says(first?.message ?? asMessageId(0));
    expect(put(fits).result?.ok).toBe(true);
  });

  it('are at most so many, with those that are only waited at', () => {
    const { t, boss, worker } = ground();
    for (let n = 0; n < LIMITS.queuesPerUserMax; n += 1) {
      t.hold('subscribe', subscribeOrder({ queue: `w${n}` }), { pid: worker });
    }
    t.pass();
    const open = () => t.call('subscribe', subscribeOrder({ queue: 'one-more' }), { pid: boss });
    expect(open().refusal.code).toBe('limit_exceeded');
  });

  it('tell that one is empty by what emptied it (read gate)', () => {
    const { t, boss, worker } = ground();
    const message = sent(t, boss);
    const consumer = new Subscriber(t, worker, { queue: 'jobs' });
    consumer.taken(1);
    consumer.says(message);
    consumer.cancels();
    const acked = t.eventsOf('queue.acked').at(-1)?.seq;
    const looks = [
      t.call('list_inbox', { pid: asPid(0), queue: 'jobs' }, { pid: boss }),
      t.call('list_queues', { prefix: '' }, { pid: boss }),
    ];
    expect(looks.map(({ gate }) => gate)).toEqual([acked, acked]);
  });
});

describe('the dead letters of a queue', () => {
  /** One, rejected. */
  function dead() {
    const all = ground();
    const { t, boss, worker } = all;
    const message = sent(t, boss, { requiresAck: true, type: 'job', priority: 1 });
    const consumer = new Subscriber(t, worker, { queue: 'jobs' });
    consumer.taken();
    consumer.says(message, 'rejected');
    return { ...all, consumer, message, letter: { pid: asPid(0), queue: 'jobs', message } };
  }

  it('are listed with why, for every process of the user (M6)', () => {
    const { t, boss, message } = dead();
    expect(look(t, boss)).toMatchObject({
      total: 0,
      deadTotal: 1,
      deadLetters: [{ message, whyDead: 'rejected', type: 'job', queue: 'jobs' }],
    });
  });

  it('go back as a message of their own, that knows what its sender called it (M6)', () => {
    const { t, worker, boss, consumer, message, letter } = dead();
    const again = t.call('requeue', letter, { pid: worker }).value.message;
    expect(again).not.toBe(message);
    const [job] = consumer.taken();
    expect(job).toMatchObject({ message: again, from: boss, fromName: 'boss', type: 'job' });
    expect(t.eventsOf('queue.sent').at(-1)?.body).toMatchObject({ origin: message, priority: 1 });
    consumer.says(again, 'accepted', textContent('done'));
    const replies = t.call('list_inbox', { pid: boss }).value.messages;
    const name = `m${message}`;
    expect(replies.map(({ type, replyTo }) => [type, replyTo])).toContainEqual(['reply', name]);
    expect(t.call('requeue', letter, { pid: worker }).refusal.code).toBe('not_found');
  });

  it('go for good where somebody says so (M6)', () => {
    const { t, boss, letter } = dead();
    t.call('drop_letter', letter, { pid: boss });
    expect(look(t, boss).deadTotal).toBe(0);
    expect(t.eventsOf('queue.letter_removed').at(-1)?.body.why).toBe('dropped');
    expect(t.call('drop_letter', letter, { pid: boss }).refusal.code).toBe('not_found');
  });

  it('are not another user’s, and not of another queue', () => {
    const { t, boss, leo, letter } = dead();
    const other = { ...letter, queue: 'other' };
    for (const [what, pid] of [
      [letter, leo],
      [other, boss],
    ] as const) {
      expect(t.call('requeue', what, { pid }).refusal.code).toBe('not_found');
      expect(t.call('drop_letter', what, { pid }).refusal.code).toBe('not_found');
    }
  });

  it('wait on where the queue is full (M8)', () => {
    const { t, boss, letter } = dead();
    fill(t, boss);
    expect(t.call('requeue', letter, { pid: boss }).refusal.code).toBe('queue_full');
    expect(look(t, boss).deadTotal).toBe(1);
  });

  it('stay over a restart, and are bounded: the oldest go', () => {
    const { t, boss, consumer } = dead();
    for (let n = 0; n < LIMITS.deadLettersMax; n += 1) {
      const message = sent(t, boss, { requiresAck: true });
      consumer.taken();
      consumer.says(message, 'rejected');
    }
    const before = look(t, boss).deadLetters;
    t.takeSnapshot();
    t.reboot();
    expect(look(t, boss)).toMatchObject({ deadTotal: LIMITS.deadLettersMax });
    expect(look(t, boss).deadLetters).toEqual(before);
  });
});
