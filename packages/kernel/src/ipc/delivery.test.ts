import { bulkContent, messageOrder, spawnOrder, testKernel } from '@hivekernel/testkit';
import type { TestKernel } from '@hivekernel/testkit';
import { describe, expect, it } from 'vitest';
import { asPid, type Pid } from '../ids.ts';
import { LIMITS } from '../limits.ts';

const deliveredTo = (t: TestKernel, pid: Pid): number[] =>
  t.runtime.agent(pid).delivered.map(({ message }) => message);

function accept(t: TestKernel, pid: Pid, messages: readonly number[]): void {
  const acks = messages.map((message) => ({
    message: message as never,
    status: 'accepted' as const,
    reply: undefined,
  }));
  t.fact({ fact: 'acked', pid, acks });
}

describe('Deliverer', () => {
  it('has at most 256 messages under way to one receiver (M6)', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'deaf' });
    for (let i = 0; i < 300; i += 1) t.hold('send', messageOrder({ to: pid }));
    t.pass();
    expect(deliveredTo(t, pid)).toHaveLength(LIMITS.deliveryWindowMessages);
    accept(t, pid, deliveredTo(t, pid).slice(0, 10));
    expect(deliveredTo(t, pid)).toHaveLength(LIMITS.deliveryWindowMessages + 10);
    accept(t, pid, deliveredTo(t, pid));
    expect(deliveredTo(t, pid)).toHaveLength(300);
    expect(new Set(deliveredTo(t, pid)).size).toBe(300);
  });

  it('has at most 1 MiB under way, but always one (M6)', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'deaf' });
    const content = bulkContent(400 * 1_024);
    for (let i = 0; i < 4; i += 1) t.call('send', messageOrder({ to: pid, content }));
    expect(deliveredTo(t, pid)).toHaveLength(2);
    accept(t, pid, deliveredTo(t, pid).slice(0, 1));
    expect(deliveredTo(t, pid)).toHaveLength(3);
    const other = t.spawn({ image: 'deaf' });
    const whole = bulkContent(LIMITS.deliveryWindowBytes);
    for (let i = 0; i < 2; i += 1) t.call('send', messageOrder({ to: other, content: whole }));
    expect(deliveredTo(t, other)).toHaveLength(1);
  });

  it('gives all that is unacknowledged again to a new link, with the same ids (M6)', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'deaf' });
    for (let i = 0; i < 4; i += 1) t.call('send', messageOrder({ to: pid }));
    const first = deliveredTo(t, pid);
    accept(t, pid, first.slice(1, 2));
    t.kernel.resetDelivery(pid);
    t.pass();
    expect(deliveredTo(t, pid).slice(4)).toEqual([first[0], first[2], first[3]]);
  });

  it('gives one delivery a pass, each message once', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'deaf' });
    for (let i = 0; i < 5; i += 1) t.hold('send', messageOrder({ to: pid }));
    const { effects } = t.drain();
    expect(effects).toHaveLength(1);
    expect(effects[0]?.effect).toMatchObject({ do: 'deliver', pid, incarnation: 1 });
    t.pass();
    expect(deliveredTo(t, pid)).toEqual([]);
  });

  it('waits with each delivery for the events of its messages only (D3)', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'deaf' });
    const ticket = t.hold('send', messageOrder({ to: pid }));
    t.hold('log', { level: 'info', message: 'after it', fields: {} });
    const [deliver] = t.drain().effects;
    expect(deliver?.afterSeq).toBe(ticket.value.message);
  });

  it('lets no delivery pass an earlier one that still waits (M6)', () => {
    const t = testKernel();
    const lead = t.spawn({ role: 'lead', image: 'deaf' });
    const pid = t.spawn({ image: 'deaf' }, { pid: lead });
    for (let i = 0; i < LIMITS.deliveryWindowMessages; i += 1) {
      t.call('send', messageOrder({ to: pid }));
    }
    const older = t.call('send', messageOrder({ to: pid })).value.message;
    const later = t.call('send', messageOrder({ to: pid })).value.message;
    const taken = deliveredTo(t, pid).map((message) => ({
      message: message as never,
      status: 'accepted' as const,
      reply: undefined,
    }));
    const ack = (from: number, to: number): void =>
      t.kernel.input({ fact: 'acked', pid, acks: taken.slice(from, to) }, t.time.now());
    const urgent = t.hold('send', messageOrder({ to: pid }), { pid: lead }).value.message;
    ack(0, 2);
    const first = t.drain().effects.filter(({ effect }) => effect.do === 'deliver');
    ack(2, 3);
    const second = t.drain().effects.filter(({ effect }) => effect.do === 'deliver');
    expect(first).toMatchObject([
      { afterSeq: urgent, effect: { messages: [{ message: urgent }, { message: older }] } },
    ]);
    expect(second).toMatchObject([
      { afterSeq: urgent, effect: { messages: [{ message: later }] } },
    ]);
  });

  it('holds messages until the process is ready, and gives none to one that stops', () => {
    const t = testKernel();
    t.call('spawn', spawnOrder({ image: 'starting' }));
    const pid = asPid(2);
    t.call('send', messageOrder({ to: pid }));
    expect(deliveredTo(t, pid)).toEqual([]);
    t.runtime.ready(pid);
    t.pass();
    expect(deliveredTo(t, pid)).toHaveLength(1);
    const stubborn = t.spawn({ image: 'stubborn' });
    t.call('kill', { pid: stubborn, isRecursive: false, reason: 'normal', graceMs: 0 });
    t.call('send', messageOrder({ to: stubborn }));
    expect(deliveredTo(t, stubborn)).toEqual([]);
    expect(t.view(stubborn).inboxDepth).toBe(1);
  });

  it('leaves the mail of a virtual process where it is', () => {
    const t = testKernel();
    const pid = t.spawn();
    t.call('send', messageOrder({ to: pid }));
    expect(t.effects.filter((effect) => effect.do === 'deliver')).toEqual([]);
    expect(t.view(pid).inboxDepth).toBe(1);
  });

  it('lets no slow receiver hold up another (M6)', () => {
    const t = testKernel();
    const slow = t.spawn({ image: 'deaf' });
    const quick = t.spawn({ image: 'echo' });
    for (let i = 0; i < 600; i += 1) {
      t.hold('send', messageOrder({ to: slow }));
      t.hold('send', messageOrder({ to: quick }));
    }
    t.pass();
    expect(deliveredTo(t, quick)).toHaveLength(600);
    expect(t.view(quick).inboxDepth).toBe(0);
    expect(t.view(slow).inboxDepth).toBe(600);
  });
});
