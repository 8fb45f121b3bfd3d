import {
  bulkContent,
  messageOrder,
  spawnOrder,
  testKernel,
  textContent,
  textOf,
} from '@hivekernel/testkit';
import type { TestKernel } from '@hivekernel/testkit';
import { describe, expect, it } from 'vitest';
import type { Delivery } from '../events/effects.ts';
import type { AckStatus } from '../events/words.ts';
import { asPid, type MessageId, type Pid } from '../ids.ts';
import { LIMITS } from '../limits.ts';

/** king > lead (virtual, so its inbox keeps all) > one, who reads nothing by itself. */
function ground(image = 'deaf') {
  const t = testKernel();
  const lead = t.spawn({ name: 'lead', role: 'lead' });
  const one = t.spawn({ name: 'one', image }, { pid: lead });
  const send = (wish: Parameters<typeof messageOrder>[0] = {}): MessageId =>
    t.call('send', messageOrder({ to: one, ...wish }), { pid: lead }).value.message;
  const say = (message: MessageId, status: AckStatus): void =>
    t.fact({ fact: 'acked', pid: one, acks: [{ message, status, reply: undefined }] });
  return { t, lead, one, send, say };
}

const inboxOf = (t: TestKernel, pid: Pid) => t.call('list_inbox', { pid }).value;
const reportsTo = (t: TestKernel, pid: Pid): readonly Delivery[] =>
  inboxOf(t, pid).messages.filter(({ type, relation }) => type === 'ack' && relation === 'system');
const bodyOf = (report: Delivery | undefined): unknown =>
  JSON.parse(textOf(report?.content ?? textContent('{}')));

describe('the report of an end (M6)', () => {
  it.each(['accepted', 'queued', 'rejected'] as const)(
    'comes to who asked for it: %s',
    (status) => {
      const { t, lead, one, send, say } = ground();
      const message = send({ requiresAck: true, type: 'job' });
      say(message, status);
      const [report, ...more] = reportsTo(t, lead);
      expect(more).toEqual([]);
      expect(report).toMatchObject({ replyTo: `m${message}`, from: 1, priority: 0 });
      expect(bodyOf(report)).toMatchObject({
        message: `m${message}`,
        status,
        pid: one,
        name: 'one',
        type: 'job',
      });
    },
  );

  it('comes of a rejection though nobody asked, and of nothing else', () => {
    const { t, lead, send, say } = ground();
    say(send(), 'accepted');
    say(send({ ttlMs: 10 }), 'queued');
    expect(reportsTo(t, lead)).toEqual([]);
    say(send(), 'rejected');
    expect(reportsTo(t, lead)).toHaveLength(1);
  });

  it('comes when its time was over in the queue (M7)', () => {
    const { t, lead, one } = ground();
    t.call('signal', { pid: one, signal: 'STOP', isRecursive: false, reason: '', graceMs: 0 });
    for (const requiresAck of [true, false]) {
      t.call('send', messageOrder({ to: one, ttlMs: 500, requiresAck }), { pid: lead });
    }
    t.advanceMs(500);
    expect(reportsTo(t, lead).map(bodyOf)).toMatchObject([{ status: 'expired' }]);
  });

  it('comes when the receiver is gone for good: of requests too (M9), not of a mere zombie', () => {
    const { t, lead, one, send } = ground();
    const { wallMs } = t.time.now();
    send();
    const asked = send({ requiresAck: true });
    const request = send({ deadlineMs: wallMs + 600_000 });
    t.runtime.exits(one);
    t.pass();
    expect(reportsTo(t, lead)).toEqual([]);
    t.call('wait_child', { pid: one, timeoutMs: 1 }, { pid: lead });
    expect(reportsTo(t, lead).map(bodyOf)).toMatchObject([
      { message: `m${asked}`, status: 'receiver_gone' },
      { message: `m${request}`, status: 'receiver_gone' },
    ]);
    expect(inboxOf(t, one)).toMatchObject({ total: 0, deadTotal: 3 });
    expect(inboxOf(t, one).deadLetters[0]?.whyDead).toBe('receiver_gone');
  });

  it('comes when a receiver never became ready (M8)', () => {
    const t = testKernel();
    const lead = t.spawn({ name: 'lead', role: 'lead' });
    t.call('spawn', spawnOrder({ name: 'late', image: 'starting' }), { pid: lead });
    t.call('send', messageOrder({ toAddress: '/lead/late', requiresAck: true }), { pid: lead });
    t.runtime.exits(asPid(3));
    t.pass();
    expect(reportsTo(t, lead).map(bodyOf)).toMatchObject([{ status: 'receiver_gone' }]);
  });

  it('of one that was handed on names the message that its sender knows', () => {
    const t = testKernel();
    const lead = t.spawn({ name: 'lead', role: 'lead', image: 'deaf' });
    const one = t.spawn({ name: 'one', image: 'deaf' }, { pid: lead });
    const sent = t.call('send', messageOrder({ to: one, requiresAck: true })).value.message;
    const acked = (pid: Pid, message: MessageId, status: AckStatus): void =>
      t.fact({ fact: 'acked', pid, acks: [{ message, status, reply: undefined }] });
    acked(one, sent, 'escalate');
    expect(reportsTo(t, asPid(1))).toEqual([]);
    const handed = t.runtime.agent(lead).delivered.at(-1)?.message;
    expect(handed).not.toBe(sent);
    acked(lead, handed as MessageId, 'accepted');
    const [report] = reportsTo(t, asPid(1));
    expect(report?.replyTo).toBe(`m${sent}`);
    expect(bodyOf(report)).toMatchObject({ status: 'accepted', pid: lead });
  });

  it('makes no other: neither reports, signals nor copies are reported on', () => {
    const t = testKernel();
    const lead = t.spawn({ name: 'lead', role: 'lead', image: 'rejecting' });
    const from = { pid: lead };
    const [a, b] = ['a', 'b'].map((name) => t.spawn({ name, image: 'rejecting' }, from));
    t.call('send', messageOrder({ to: b as Pid, requiresAck: true }), { pid: a as Pid });
    t.runtime.exits(b as Pid);
    t.pass();
    // The copy and the signal were rejected by the lead, the report by its receiver.
    const rejected = t.eventsOf('message.dropped').filter(({ body }) => body.why === 'rejected');
    expect(rejected).toHaveLength(4);
    const reports = t.eventsOf('message.sent').filter(({ body }) => body.type === 'ack');
    expect(reports.map(({ body }) => body.to)).toEqual([a]);
  });

  it('is bounded: so many wait, the oldest give way', () => {
    const { t, lead, one, send } = ground();
    const count = LIMITS.endReportsMax + 5;
    for (let i = 0; i < count; i += 1) {
      const message = send();
      const acks = [{ message, status: 'rejected', reply: undefined } as const];
      t.fact({ fact: 'acked', pid: one, acks });
    }
    expect(t.view(lead).inboxDepth).toBe(LIMITS.endReportsMax);
    const displaced = t.eventsOf('message.dropped').filter(({ body }) => body.why === 'displaced');
    expect(displaced).toHaveLength(5);
    // And they take nothing of the signals' reserve (P8).
    t.runtime.exits(one);
    t.pass();
    expect(inboxOf(t, lead).messages.filter(({ type }) => type === 'signal')).toHaveLength(1);
  });

  it('that finds no room is lost, and that is told', () => {
    const { t, lead, send, say } = ground();
    const message = send({ requiresAck: true });
    const content = bulkContent(LIMITS.messagePayloadBytesMax);
    for (let i = 0; i < 16; i += 1) t.call('send', messageOrder({ to: lead, content }));
    say(message, 'accepted');
    expect(reportsTo(t, lead)).toEqual([]);
    expect(t.eventsOf('syscall.refused').at(-1)?.body).toMatchObject({
      pid: lead,
      syscall: 'ack',
      rule: 'M6',
      code: 'queue_full',
    });
  });

  it('reaches no sender that is no more', () => {
    const t = testKernel();
    const lead = t.spawn({ name: 'lead', role: 'lead' });
    const [a, b] = ['a', 'b'].map((name) => t.spawn({ name, image: 'deaf' }, { pid: lead }));
    const order = messageOrder({ to: b as Pid, requiresAck: true });
    const { message } = t.call('send', order, { pid: a as Pid }).value;
    t.call('kill', { pid: a as Pid, isRecursive: false, reason: 'normal', graceMs: 0 });
    const acks = [{ message, status: 'accepted', reply: undefined } as const];
    t.fact({ fact: 'acked', pid: b as Pid, acks });
    expect(t.eventsOf('message.sent').filter(({ body }) => body.type === 'ack')).toEqual([]);
  });
});

describe('MessageEnds.acknowledge()', () => {
  it('ends a message once, however often and in whatever words it is acknowledged', () => {
    const { t, one, lead, send } = ground();
    const message = send({ requiresAck: true });
    const word = { message, reply: textContent('yes') };
    const acks = (['accepted', 'rejected', 'accepted'] as const).map((status) => ({
      ...word,
      status,
    }));
    t.fact({ fact: 'acked', pid: one, acks });
    t.fact({ fact: 'acked', pid: one, acks });
    expect(inboxOf(t, lead).messages.map(({ type }) => type)).toEqual(['ack', 'reply']);
    expect(t.eventsOf('message.acked')).toHaveLength(1);
  });

  it('lets nothing wait behind one that is rejected for ever (M6)', () => {
    const { t, one, send, say } = ground();
    const bad = send();
    const good = Array.from({ length: 10 }, () => send());
    say(bad, 'rejected');
    for (const message of good) say(message, 'accepted');
    expect(inboxOf(t, one).total).toBe(0);
    expect(t.runtime.agent(one).delivered).toHaveLength(11);
  });
});

describe('a deadline (M9)', () => {
  it('travels with the message, and ends it in the queue as a TTL does', () => {
    const { t, one, lead } = ground();
    const { wallMs } = t.time.now();
    const send = (wish: Parameters<typeof messageOrder>[0]): MessageId =>
      t.call('send', messageOrder({ to: one, ...wish }), { pid: lead }).value.message;
    send({ deadlineMs: wallMs + 100 });
    expect(t.runtime.agent(one).delivered[0]?.deadlineMs).toBe(wallMs + 100);
    t.call('signal', { pid: one, signal: 'STOP', isRecursive: false, reason: '', graceMs: 0 });
    send({ deadlineMs: wallMs + 1_000, ttlMs: 60_000 });
    send({ deadlineMs: wallMs + 60_000, ttlMs: 1_000 });
    t.takeSnapshot();
    t.advanceMs(999);
    expect(inboxOf(t, one).total).toBe(3);
    t.advanceMs(1);
    expect(inboxOf(t, one).total).toBe(1);
    expect(t.eventsOf('message.dropped').map(({ body }) => body.why)).toEqual([
      'expired',
      'expired',
    ]);
  });

  it('that is over refuses the send', () => {
    const { t, one } = ground();
    t.advanceMs(1_000);
    const { wallMs } = t.time.now();
    const { refusal } = t.call('send', messageOrder({ to: one, deadlineMs: wallMs }));
    expect(refusal).toMatchObject({ code: 'timed_out', details: { field: 'deadline_ms' } });
  });
});
