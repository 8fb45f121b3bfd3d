import { messageOrder, Subscriber, testKernel, textContent, textOf } from '@hivekernel/testkit';
import type { TestKernel } from '@hivekernel/testkit';
import { describe, expect, it } from 'vitest';
import { asMessageId, asPid, type MessageId, type Pid } from '../ids.ts';
import { LIMITS } from '../limits.ts';

type Wish = Parameters<typeof messageOrder>[0];

const sent = (t: TestKernel, to: Pid, wish: Wish = {}, pid = asPid(1)): MessageId =>
  t.call('send', messageOrder({ to, ...wish }), { pid }).value.message;

const ids = (all: readonly { message: MessageId }[]): MessageId[] =>
  all.map(({ message }) => message);

const listed = (t: TestKernel, pid: Pid) => t.call('list_inbox', { pid }).value;

const pushed = (t: TestKernel, pid: Pid): MessageId[] => ids(t.runtime.agent(pid).delivered);

describe('push', () => {
  it('pauses while an inbox is subscribed to, and goes on at the end of the last (M9)', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'deaf' });
    const before = sent(t, pid);
    const [one, two] = [new Subscriber(t, pid), new Subscriber(t, pid, { type: 'none' })];
    const message = sent(t, pid);
    expect(pushed(t, pid)).toEqual([before]);
    expect(ids(one.taken())).toEqual([message]);
    one.cancels();
    expect(pushed(t, pid)).toEqual([before]);
    two.breaks();
    expect(pushed(t, pid)).toEqual([before, message]);
  });

  it('that was under way before stays so, and its word is good (M9)', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'deaf' });
    const before = sent(t, pid);
    const subscriber = new Subscriber(t, pid);
    expect(subscriber.taken()).toEqual([]);
    t.fact({
      fact: 'acked',
      pid,
      acks: [{ message: before, status: 'accepted', reply: undefined }],
    });
    expect(listed(t, pid).total).toBe(0);
  });

  it('that failed goes to the subscriber after the pause (M6)', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'deaf' });
    const [first, second] = [sent(t, pid), sent(t, pid)];
    const subscriber = new Subscriber(t, pid);
    const urgent = new Subscriber(t, pid, { leastUrgent: 1 });
    const waiting = subscriber.take();
    t.fact({ fact: 'delivery_failed', pid, messages: [first], why: 'broken' });
    const filtered = urgent.take();
    expect([waiting.isAnswered, filtered.isAnswered]).toEqual([false, false]);
    t.advanceMs(1_000);
    expect(ids([...waiting.value.messages, ...filtered.value.messages])).toEqual([first, second]);
  });

  it('of what a subscriber took cannot fail: a late word of the link is passed over', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'deaf' });
    const message = sent(t, pid);
    t.kernel.resetDelivery(pid);
    const subscriber = new Subscriber(t, pid);
    expect(ids(subscriber.taken())).toEqual([message]);
    t.fact({ fact: 'delivery_failed', pid, messages: [message], why: 'late' });
    expect(t.eventsOf('message.delayed')).toEqual([]);
    t.kernel.resetDelivery(pid);
    t.pass();
    expect(ids(new Subscriber(t, pid).taken())).toEqual([]);
    expect(subscriber.says(message).result?.ok).toBe(true);
  });

  it('starts with the next run of who crashed as a subscriber (M6)', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'deaf', restart: 'permanent' });
    const subscriber = new Subscriber(t, pid);
    const all = [sent(t, pid), sent(t, pid)];
    expect(ids(subscriber.taken())).toEqual(all);
    t.ends(pid);
    t.advanceMs(2_000);
    expect(pushed(t, pid)).toEqual(all);
    expect(t.eventsOf('message.delayed')).toEqual([]);
  });

  it('wakes a sleeper for what its subscription left (S7, M8)', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'deaf' });
    new Subscriber(t, pid).taken();
    const message = sent(t, pid);
    t.call('sleep', { pid });
    t.advanceMs(10);
    expect(t.view(pid).state).toBe('idle');
    expect(pushed(t, pid)).toEqual([message]);
  });

  it('lets a sleeper without mail sleep on, though it had subscribed (S7)', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'deaf' });
    new Subscriber(t, pid).take();
    t.call('sleep', { pid });
    expect(t.view(pid).state).toBe('sleeping');
  });
});

describe('a subscriber of an inbox', () => {
  it.each([
    ['a virtual process', (t: TestKernel): Pid => t.spawn()],
    ['the king', (): Pid => asPid(1)],
    ['an agent', (t: TestKernel): Pid => t.spawn({ image: 'deaf' })],
  ])('may be %s, in the order of M4', (_what, make) => {
    const t = testKernel();
    const sender = t.spawn({ name: 'sender', role: 'lead' });
    const pid = make(t);
    const subscriber = new Subscriber(t, pid);
    const low = sent(t, pid, { priority: 3 }, sender);
    const high = sent(t, pid, { priority: 0 }, sender);
    const got = subscriber.taken();
    expect(ids(got)).toEqual([high, low]);
    expect(got[0]).toMatchObject({ from: sender, fromName: 'sender', type: 'note' });
    expect(got[0]?.queue).toBeUndefined();
  });

  it('is an operator for whom it acts: the inbox is that one’s (M9)', () => {
    const t = testKernel();
    const pid = t.spawn();
    const from = { pid, isOperator: true, channel: 'cli' };
    const order = { type: '', leastUrgent: 3, isAcknowledged: true } as const;
    const what = { from: { source: 'inbox' }, ...order } as const;
    const { subscription } = t.call('subscribe', what, from).value;
    const message = sent(t, pid);
    const args = { subscription, max: 0, timeoutMs: 0, accepted: [] };
    expect(ids(t.call('take', args, from).value.messages)).toEqual([message]);
    expect(t.call('take', args, { pid, channel: 'another' }).refusal.code).toBe('not_found');
    expect(t.call('take', args, { channel: 'cli' }).refusal.code).toBe('not_found');
    t.fact({ fact: 'channel_ended', channel: 'cli' });
    expect(ids(new Subscriber(t, pid).taken())).toEqual([message]);
  });

  it.each([
    ['accepted', 0],
    ['queued', 0],
    ['rejected', 1],
  ] as const)('says %s as a pushed receiver does, reported and once (M6)', (status, dead) => {
    const t = testKernel();
    const sender = t.spawn();
    const pid = t.spawn();
    const message = sent(t, pid, { requiresAck: true }, sender);
    const subscriber = new Subscriber(t, pid);
    subscriber.taken();
    subscriber.says(message, status, textContent('so'));
    expect(listed(t, pid)).toMatchObject({ total: 0, deadTotal: dead });
    const mail = listed(t, sender).messages;
    expect(mail.every(({ replyTo }) => replyTo === `m${message}`)).toBe(true);
    expect(new Set(mail.map(({ type }) => type))).toEqual(new Set(['ack', 'reply']));
    expect(subscriber.says(message, status).refusal.code).toBe('not_found');
  });

  it('hands to its parent what it escalates (M6)', () => {
    const t = testKernel();
    const lead = t.spawn({ role: 'lead' });
    const pid = t.spawn({}, { pid: lead });
    const message = sent(t, pid, { type: 'hard' });
    const subscriber = new Subscriber(t, pid);
    subscriber.taken();
    subscriber.says(message, 'escalate');
    expect(listed(t, lead).messages).toMatchObject([{ type: 'hard' }]);
  });

  it('answers an escalation by its word (PROTOCOL §3)', () => {
    const t = testKernel();
    const lead = t.spawn({ role: 'lead', image: 'deaf' });
    const pid = t.spawn({}, { pid: lead });
    const subscriber = new Subscriber(t, lead);
    const context = {};
    const order = { issue: 'help', severity: 'info', context, autoPropagate: true } as const;
    const asked = t.call('escalate', order, { pid });
    const [message] = subscriber.taken();
    expect(message?.type).toBe('escalation');
    subscriber.says(message?.message ?? asMessageId(0), 'accepted', textContent('do it'));
    expect(asked.value.handledBy).toBe(lead);
    expect(textOf(asked.value.response ?? textContent(''))).toBe('do it');
  });

  it('keeps what it does not answer for as long as it likes, and gives back no try (M9)', () => {
    const t = testKernel();
    const pid = t.spawn();
    const all = [sent(t, pid), sent(t, pid, { ttlMs: 1_000, requiresAck: true })];
    const subscriber = new Subscriber(t, pid);
    subscriber.taken();
    t.advanceMs(3_600_000);
    expect(ids(listed(t, pid).messages)).toEqual(all);
    subscriber.breaks();
    t.advanceMs(0);
    expect(ids(listed(t, pid).messages)).toEqual([all[0]]);
    expect(listed(t, pid).deadLetters).toMatchObject([{ whyDead: 'expired' }]);
    expect(t.eventsOf('message.delayed')).toEqual([]);
  });

  it('gives back in the old order what it held, at any end but its own when all is as read', () => {
    const t = testKernel();
    const pid = t.spawn();
    const all = [sent(t, pid), sent(t, pid), sent(t, pid, { type: 'x' }), sent(t, pid)];
    const some = new Subscriber(t, pid, { type: 'x' });
    const rest = new Subscriber(t, pid, { isAcknowledged: false });
    some.taken();
    rest.taken();
    rest.breaks();
    some.cancels();
    const again = new Subscriber(t, pid, { isAcknowledged: false });
    expect(ids(again.taken())).toEqual(all);
    again.cancels([all[3] as MessageId]);
    expect(ids(listed(t, pid).messages)).toEqual([all[3]]);
    expect(t.eventsOf('message.acked').map(({ body }) => body.messages)).toEqual([all.slice(0, 3)]);
  });

  it('hides from those who look what is as good as read, and nothing else', () => {
    const t = testKernel();
    const pid = t.spawn();
    const all = [sent(t, pid), sent(t, pid), sent(t, pid)];
    new Subscriber(t, pid, { isAcknowledged: false }).taken(1);
    new Subscriber(t, pid).taken(1);
    expect(ids(listed(t, pid).messages)).toEqual(all.slice(1));
    expect(listed(t, pid).total).toBe(2);
  });

  it('that stops reading holds 64; the rest waits, to the bound of the inbox (M8, M9)', () => {
    const t = testKernel();
    const pid = t.spawn();
    const subscriber = new Subscriber(t, pid, { isAcknowledged: false });
    const waiting = subscriber.take();
    for (let n = 0; n < LIMITS.inboxMessagesMax; n += 1) t.hold('send', messageOrder({ to: pid }));
    t.pass();
    expect(waiting.value.messages).toHaveLength(LIMITS.subscriberUnconfirmedMax);
    expect(t.call('send', messageOrder({ to: pid })).refusal.code).toBe('queue_full');
    expect(subscriber.taken()).toHaveLength(LIMITS.subscriberUnconfirmedMax);
    expect(sent(t, pid)).toBeGreaterThan(0);
  });

  it('does not lose its hand to what coalesces or displaces (M3, P8)', () => {
    const t = testKernel();
    const lead = t.spawn({ role: 'lead', image: 'deaf' });
    const [one, two] = [t.spawn({}, { pid: lead }), t.spawn({}, { pid: lead })];
    const subscriber = new Subscriber(t, lead);
    sent(t, two, {}, one);
    const [copy] = subscriber.taken();
    expect(copy?.type).toBe('sibling_traffic:note');
    for (let n = 1; n < LIMITS.inboxMessagesMax; n += 1) {
      t.hold('send', messageOrder({ to: lead }));
    }
    t.pass();
    expect(t.call('send', messageOrder({ to: lead })).refusal.code).toBe('queue_full');
    expect(subscriber.says(copy?.message ?? asMessageId(0)).result?.ok).toBe(true);
  });

  it('loses to the operator what that answers for: its own word comes too late', () => {
    const t = testKernel();
    const pid = t.spawn();
    const message = sent(t, pid);
    const subscriber = new Subscriber(t, pid);
    subscriber.taken();
    const ack = { pid, message, status: 'accepted', reply: undefined } as const;
    expect(t.call('acknowledge', ack).result?.ok).toBe(true);
    expect(subscriber.says(message).refusal.code).toBe('not_found');
    const more = [sent(t, pid), sent(t, pid)];
    expect(ids(subscriber.taken())).toEqual(more);
  });

  it('is over with its process, and what it held is dead with the rest (P8)', () => {
    const t = testKernel();
    const pid = t.spawn();
    const all = [sent(t, pid), sent(t, pid)];
    const subscriber = new Subscriber(t, pid);
    subscriber.taken(1);
    t.call('kill', { pid, isRecursive: false, reason: 'normal', graceMs: 0 });
    expect(t.eventsOf('process.gone')).toHaveLength(1);
    expect(ids(listed(t, pid).deadLetters)).toEqual(all);
  });

  it('shares an inbox with others, one each in turn, at most so many', () => {
    const t = testKernel();
    const pid = t.spawn();
    const takes = [new Subscriber(t, pid), new Subscriber(t, pid)].map((one) => one.take());
    for (let n = 0; n < 5; n += 1) t.hold('send', messageOrder({ to: pid }));
    t.pass();
    expect(takes.map(({ value }) => value.messages.length)).toEqual([3, 2]);
    for (let n = 2; n < LIMITS.subscriptionsPerProcessMax; n += 1) void new Subscriber(t, pid);
    expect(() => new Subscriber(t, pid)).toThrow(`${LIMITS.subscriptionsPerProcessMax}`);
    expect(() => new Subscriber(t, pid, { queue: 'jobs' })).toThrow('subscriptions');
    expect(t.call('list_queues', { prefix: '' }).value).toEqual([]);
  });
});
