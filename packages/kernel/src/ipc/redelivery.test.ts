import { messageOrder, testKernel, textOf } from '@hivekernel/testkit';
import type { TestKernel } from '@hivekernel/testkit';
import { describe, expect, it } from 'vitest';
import type { MessageId, Pid } from '../ids.ts';

const given = (t: TestKernel, pid: Pid): number[] =>
  t.runtime.agent(pid).delivered.map(({ message }) => message);

const fails = (t: TestKernel, pid: Pid, messages: readonly MessageId[]): void =>
  t.fact({ fact: 'delivery_failed', pid, messages, why: 'the call broke' });

const acked = (t: TestKernel, pid: Pid, messages: readonly MessageId[]): void => {
  const acks = messages.map(
    (message) => ({ message, status: 'accepted', reply: undefined }) as const,
  );
  t.fact({ fact: 'acked', pid, acks });
};

/** Two senders of one priority, and one who takes no message by itself. */
function ground(settings: Parameters<typeof testKernel>[0] = {}) {
  const t = testKernel(settings);
  const to = t.spawn({ name: 'reader', image: 'deaf' });
  const [a, b] = [t.spawn({ name: 'a' }), t.spawn({ name: 'b' })];
  const send = (from: Pid, wish: Parameters<typeof messageOrder>[0] = {}): MessageId =>
    t.call('send', messageOrder({ to, ...wish }), { pid: from }).value.message;
  return { t, to, a, b, send };
}

describe('Redelivery', () => {
  it('stops the lane that failed and sends it again in order, with the same ids (M6)', () => {
    const { t, to, a, b, send } = ground();
    const [first, second] = [send(a), send(a)];
    fails(t, to, [second, first]);
    const third = send(a);
    expect(given(t, to)).toEqual([first, second]);
    // Nobody else waits for it, nor does the sender's own mail of another priority.
    const [other, urgent] = [send(b), send(a, { priority: 0 })];
    expect(given(t, to).slice(2)).toEqual([other, urgent]);
    t.advanceMs(999);
    expect(given(t, to)).toHaveLength(4);
    t.advanceMs(1);
    expect(given(t, to).slice(4)).toEqual([first, second, third]);
    expect(t.eventsOf('message.delayed').map(({ body }) => body)).toMatchObject([
      { pid: to, from: a, head: first, tries: 1, why: 'the call broke' },
    ]);
  });

  it('waits 1 s x 2^n and gives the head up after 5 tries; the rest goes on (M6)', () => {
    const { t, to, a, send } = ground();
    const [head, next] = [send(a), send(a)];
    for (const waitMs of [1_000, 2_000, 4_000, 8_000]) {
      fails(t, to, [head]);
      const before = given(t, to).length;
      t.advanceMs(waitMs - 1);
      expect(given(t, to)).toHaveLength(before);
      t.advanceMs(1);
      expect(given(t, to).slice(before)).toEqual([head, next]);
    }
    const before = given(t, to).length;
    fails(t, to, [head]);
    expect(given(t, to).slice(before)).toEqual([next]);
    const inbox = t.call('list_inbox', { pid: to }).value;
    expect(inbox).toMatchObject({ total: 1, deadTotal: 1 });
    expect(inbox.deadLetters).toMatchObject([{ message: head, whyDead: 'undeliverable' }]);
    fails(t, to, [next]);
    expect(t.eventsOf('message.delayed').at(-1)?.body).toMatchObject({ head: next, tries: 1 });
  });

  it('tells who asked for the end of it (M6)', () => {
    const { t, to, a, send } = ground({ settings: { deliveryTriesMax: 1 } });
    const message = send(a, { requiresAck: true });
    fails(t, to, [message]);
    const [report] = t.call('list_inbox', { pid: a }).value.messages;
    expect(report).toMatchObject({ type: 'ack', replyTo: `m${message}`, relation: 'system' });
    expect(JSON.parse(textOf(report!.content))).toMatchObject({ status: 'undeliverable', pid: to });
  });

  it('counts tries over a restart of the kernel, and keeps its pauses (M6)', () => {
    const { t, to, a, send } = ground({ settings: { restartByRole: PERMANENT } });
    const head = send(a);
    for (const waitMs of [1_000, 2_000, 4_000]) {
      fails(t, to, [head]);
      t.advanceMs(waitMs);
    }
    fails(t, to, [head]);
    t.takeSnapshot();
    t.reboot();
    t.advanceMs(3_000);
    expect(t.view(to).state).toBe('idle');
    expect(given(t, to)).toEqual([]);
    t.advanceMs(5_000);
    expect(given(t, to)).toEqual([head]);
    fails(t, to, [head]);
    expect(t.call('list_inbox', { pid: to }).value.deadTotal).toBe(1);
  });

  it('lets the lane go on when what failed is acknowledged after all', () => {
    const { t, to, a, send } = ground();
    const [first, second] = [send(a), send(a)];
    fails(t, to, [first]);
    acked(t, to, [first]);
    expect(given(t, to)).toEqual([first, second, second]);
    t.advanceMs(10_000);
    expect(given(t, to)).toHaveLength(3);
  });

  it('passes over what is acknowledged, waits, is unknown, or another’s', () => {
    const { t, to, a, b, send } = ground();
    const message = send(a);
    acked(t, to, [message]);
    const before = t.events.length;
    fails(t, to, [message, 9_999 as MessageId]);
    fails(t, b, [message]);
    fails(t, 77 as Pid, [message]);
    expect(t.events).toHaveLength(before);
  });

  it('goes on with all lanes when the link is new, save those that pause', () => {
    const { t, to, a, b, send } = ground();
    const [first, other] = [send(a), send(b)];
    fails(t, to, [first]);
    t.kernel.resetDelivery(to);
    t.pass();
    expect(given(t, to)).toEqual([first, other, other]);
    t.advanceMs(1_000);
    expect(given(t, to)).toEqual([first, other, other, first]);
  });
});

const PERMANENT = {
  kernel: 'temporary',
  daemon: 'permanent',
  agent: 'permanent',
  architect: 'permanent',
  lead: 'permanent',
  worker: 'permanent',
  task: 'permanent',
} as const;
