import { messageOrder, testKernel, textContent, textOf } from '@hivekernel/testkit';
import type { TestKernel } from '@hivekernel/testkit';
import { describe, expect, it } from 'vitest';
import type { AckStatus } from '../events/words.ts';
import { asPid, type Pid } from '../ids.ts';
import { LIMITS } from '../limits.ts';

const STUCK = {
  issue: 'no such file',
  severity: 'error',
  context: { path: '/a' },
  autoPropagate: true,
} as const;

/** king > queen > lead > worker, all with a runtime that acknowledges nothing by itself. */
function chain(t: TestKernel): { queen: Pid; lead: Pid; worker: Pid } {
  const queen = t.spawn({ name: 'queen', role: 'daemon', image: 'deaf' });
  const lead = t.spawn({ name: 'lead', role: 'lead', image: 'deaf' }, { pid: queen });
  const worker = t.spawn({ name: 'worker', role: 'worker', image: 'deaf' }, { pid: lead });
  return { queen, lead, worker };
}

/** king > queen > virtual > worker: the middle one is driven by calls, it has no runtime. */
function virtualChain(t: TestKernel): { queen: Pid; virtual: Pid; worker: Pid } {
  const queen = t.spawn({ role: 'daemon', image: 'deaf' });
  const virtual = t.spawn({ role: 'lead' }, { pid: queen });
  const worker = t.spawn({ image: 'deaf' }, { pid: virtual });
  return { queen, virtual, worker };
}

function fill(t: TestKernel, pid: Pid): void {
  while (t.hold('send', messageOrder({ to: pid })).result?.ok === true);
  t.pass();
}

function answers(t: TestKernel, pid: Pid, how: { status: AckStatus; reply?: string }): void {
  const message = t.runtime.agent(pid).delivered.at(-1)?.message;
  if (message === undefined) throw new Error(`nothing was delivered to ${pid}`);
  const reply = how.reply === undefined ? undefined : textContent(how.reply);
  t.fact({ fact: 'acked', pid, acks: [{ message, status: how.status, reply }] });
}

const heardBy = (t: TestKernel, pid: Pid): string[] =>
  t.runtime.agent(pid).delivered.map(({ type }) => type);

describe('Escalations', () => {
  it('go to the parent as a message of type escalation, and wait for its word', () => {
    const t = testKernel();
    const { lead, worker } = chain(t);
    const ticket = t.call('escalate', STUCK, { pid: worker });
    const [message] = t.runtime.agent(lead).delivered;
    expect(message).toMatchObject({ type: 'escalation', from: worker, relation: 'child' });
    expect(JSON.parse(textOf(message?.content ?? textContent('')))).toEqual({
      issue: 'no such file',
      severity: 'error',
      context: { path: '/a' },
      fromPid: worker,
      fromName: 'worker',
    });
    expect(ticket.isAnswered).toBe(false);
    answers(t, lead, { status: 'accepted', reply: 'use /b' });
    expect(ticket.value.handledBy).toBe(lead);
    expect(textOf(ticket.value.response ?? textContent(''))).toBe('use /b');
    expect(t.kernel.state.escalations.byId.size).toBe(0);
  });

  it.each(['accepted', 'queued'] as const)('are handled by who answers %s', (status) => {
    const t = testKernel();
    const { lead, worker } = chain(t);
    const ticket = t.call('escalate', STUCK, { pid: worker });
    answers(t, lead, { status });
    expect(ticket.value).toEqual({ handledBy: lead, response: undefined });
  });

  it.each(['escalate', 'rejected'] as const)(
    'go on up at %s, where auto_propagate is',
    (status) => {
      const t = testKernel();
      const { queen, lead, worker } = chain(t);
      const ticket = t.call('escalate', STUCK, { pid: worker });
      answers(t, lead, { status });
      expect(heardBy(t, queen)).toEqual(['escalation']);
      answers(t, queen, { status: 'accepted' });
      expect(ticket.value.handledBy).toBe(queen);
    },
  );

  it.each(['escalate', 'rejected'] as const)('end at %s without auto_propagate', (status) => {
    const t = testKernel();
    const { queen, lead, worker } = chain(t);
    const ticket = t.call('escalate', { ...STUCK, autoPropagate: false }, { pid: worker });
    answers(t, lead, { status });
    expect(ticket.value.handledBy).toBe(0);
    expect(heardBy(t, queen)).toEqual([]);
  });

  it('go on up after 30 s without an answer; the king is last and always takes it', () => {
    const t = testKernel();
    const { queen, worker } = chain(t);
    const ticket = t.call('escalate', STUCK, { pid: worker });
    t.advanceMs(29_999);
    expect(heardBy(t, queen)).toEqual([]);
    t.advanceMs(1);
    expect(heardBy(t, queen)).toEqual(['escalation']);
    t.advanceMs(30_000);
    expect(ticket.value.handledBy).toBe(1);
    const inbox = t.call('list_inbox', { pid: asPid(1) }).value;
    expect(inbox.messages.map(({ type }) => type)).toEqual(['escalation']);
  });

  it('end after 30 s without auto_propagate', () => {
    const t = testKernel();
    const { worker } = chain(t);
    const ticket = t.call('escalate', { ...STUCK, autoPropagate: false }, { pid: worker });
    t.advanceMs(30_000);
    expect(ticket.value.handledBy).toBe(0);
    expect(t.eventsOf('escalation.ended')[0]?.body.status).toBe('timed_out');
  });

  it('pass over a virtual parent at once, where auto_propagate is', () => {
    const t = testKernel();
    const { queen, virtual, worker } = virtualChain(t);
    t.call('escalate', STUCK, { pid: worker });
    expect(heardBy(t, queen)).toEqual(['escalation']);
    expect(t.view(virtual).inboxDepth).toBe(0);
  });

  it('stay with a virtual parent without auto_propagate, which nobody answers for', () => {
    const t = testKernel();
    const { queen, virtual, worker } = virtualChain(t);
    const ticket = t.call('escalate', { ...STUCK, autoPropagate: false }, { pid: worker });
    const { messages } = t.call('list_inbox', { pid: virtual }, { pid: virtual }).value;
    expect(messages).toMatchObject([{ type: 'escalation', from: worker }]);
    t.advanceMs(29_999);
    expect(ticket.isAnswered).toBe(false);
    t.advanceMs(1);
    expect(ticket.value).toEqual({ handledBy: 0, response: undefined });
    expect(heardBy(t, queen)).toEqual([]);
  });

  it.each([true, false])('over the payload limit are refused (M8), auto_propagate %s', (auto) => {
    const t = testKernel();
    const { lead, worker } = chain(t);
    const half = 'x'.repeat(LIMITS.messagePayloadBytesMax / 2);
    const order = { ...STUCK, issue: half, context: { path: half }, autoPropagate: auto };
    expect(t.call('escalate', order, { pid: worker }).refusal.code).toBe('too_large');
    expect(t.eventsOf('escalation.raised')).toEqual([]);
    expect(t.view(lead).inboxDepth).toBe(0);
  });

  it('go on up at once where an inbox is full', () => {
    const t = testKernel();
    const { queen, lead, worker } = chain(t);
    fill(t, lead);
    const ticket = t.call('escalate', STUCK, { pid: worker });
    expect(heardBy(t, queen)).toEqual(['escalation']);
    answers(t, queen, { status: 'accepted' });
    expect(ticket.value.handledBy).toBe(queen);
    fill(t, queen);
    expect(t.call('escalate', STUCK, { pid: worker }).value.handledBy).toBe(1);
  });

  it('are refused where the parent alone is asked and its inbox is full (M8)', () => {
    const t = testKernel();
    const { lead, worker } = chain(t);
    fill(t, lead);
    const order = { ...STUCK, autoPropagate: false };
    expect(t.call('escalate', order, { pid: worker }).refusal.code).toBe('queue_full');
    expect(t.eventsOf('escalation.raised')).toEqual([]);
  });

  it('are taken by the king though its inbox is full: the event keeps the issue (M11)', () => {
    const t = testKernel();
    const queen = t.spawn({ role: 'daemon', image: 'deaf' });
    fill(t, asPid(1));
    const order = { ...STUCK, autoPropagate: false };
    expect(t.call('escalate', order, { pid: queen }).value.handledBy).toBe(1);
    expect(t.eventsOf('escalation.raised').at(-1)?.body).toMatchObject({ at: 1, message: 0 });
    expect(t.view(1).inboxDepth).toBe(LIMITS.inboxMessagesMax);
  });

  it('go on up when who should answer dies', () => {
    const t = testKernel();
    const { queen, lead, worker } = chain(t);
    t.call('escalate', STUCK, { pid: worker });
    t.runtime.exits(lead);
    t.pass();
    expect(heardBy(t, queen)).toContain('escalation');
  });

  it('of a task reach beyond its parent, though its messages do not (M1)', () => {
    const t = testKernel();
    const { queen, lead } = chain(t);
    const task = t.spawn({ role: 'task', image: 'deaf' }, { pid: lead });
    t.call('escalate', STUCK, { pid: task });
    answers(t, lead, { status: 'escalate' });
    expect(heardBy(t, queen)).toEqual(['escalation']);
  });

  it('of a child of the king are taken at once', () => {
    const t = testKernel();
    const queen = t.spawn({ role: 'daemon', image: 'deaf' });
    expect(t.call('escalate', STUCK, { pid: queen }).value.handledBy).toBe(1);
  });

  it('come again to a new link, and are answered once', () => {
    const t = testKernel();
    const { lead, worker } = chain(t);
    const ticket = t.call('escalate', STUCK, { pid: worker });
    t.kernel.resetDelivery(lead);
    t.pass();
    expect(heardBy(t, lead)).toEqual(['escalation', 'escalation']);
    answers(t, lead, { status: 'accepted' });
    answers(t, lead, { status: 'accepted' });
    expect(ticket.value.handledBy).toBe(lead);
  });

  it('need an issue, and are bounded in number by what a process may be owed', () => {
    const t = testKernel();
    const { worker } = chain(t);
    const empty = t.call('escalate', { ...STUCK, issue: '' }, { pid: worker });
    expect(empty.refusal).toMatchObject({ code: 'invalid_argument', details: { field: 'issue' } });
    for (let i = 0; i < LIMITS.owedCallsPerProcessMax; i += 1) {
      t.hold('escalate', STUCK, { pid: worker });
    }
    expect(t.call('escalate', STUCK, { pid: worker }).refusal.code).toBe('limit_exceeded');
    t.advanceMs(60_000);
    expect(t.unanswered).toEqual([]);
    expect(t.kernel.state.escalations.byId.size).toBe(0);
  });
});
