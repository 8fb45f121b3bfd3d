import { bulkContent, messageOrder, testKernel, textContent, textOf } from '@hivekernel/testkit';
import type { TestKernel } from '@hivekernel/testkit';
import { describe, expect, it } from 'vitest';
import type { Delivery } from '../events/effects.ts';
import type { Priority } from '../events/words.ts';
import { asPid, type Pid } from '../ids.ts';
import { LIMITS } from '../limits.ts';

/** king > lead > (one > below, two, task), cousin under the king; nobody reads by itself. */
function family(t: TestKernel) {
  const lead = t.spawn({ name: 'lead', role: 'lead', image: 'deaf' });
  const from = { pid: lead };
  const one = t.spawn({ name: 'one', role: 'worker', image: 'deaf' }, from);
  const two = t.spawn({ name: 'two', role: 'worker', image: 'deaf' }, from);
  const task = t.spawn({ name: 'task', role: 'task', image: 'deaf' }, from);
  const below = t.spawn({ name: 'below', role: 'worker', image: 'deaf' }, { pid: one });
  const cousin = t.spawn({ name: 'cousin', role: 'worker', image: 'deaf' });
  return { lead, one, two, task, below, cousin };
}

const mailOf = (t: TestKernel, pid: Pid): readonly Delivery[] => t.runtime.agent(pid).delivered;
const typesOf = (t: TestKernel, pid: Pid): string[] => mailOf(t, pid).map(({ type }) => type);

const send = (t: TestKernel, from: Pid, to: Pid, wish: Parameters<typeof messageOrder>[0] = {}) =>
  t.call('send', messageOrder({ to, ...wish }), { pid: from });

describe('Broker.send()', () => {
  it.each([
    ['lead', 'one', 'parent', 1],
    ['one', 'lead', 'child', 3],
    ['one', 'two', 'sibling', 2],
    ['one', 'cousin', 'other', 3],
    ['lead', 'below', 'other', 3],
    ['task', 'lead', 'child', 3],
  ] as const)('takes a message from %s to %s as from %s, priority %i (M1, M4)', (...row) => {
    const [from, to, relation, priority] = row;
    const t = testKernel();
    const family_ = family(t);
    const { message } = send(t, family_[from], family_[to], { type: 'hi' }).value;
    const got = mailOf(t, family_[to]).at(-1);
    expect(got).toMatchObject({ message, type: 'hi', from: family_[from], fromName: from });
    expect(got).toMatchObject({ relation, priority });
  });

  it.each([0, 1, 2, 3] as const)(
    'gives priority %i asked by a parent the more urgent (M4)',
    (asked) => {
      const t = testKernel();
      const { lead, one } = family(t);
      send(t, lead, one, { priority: asked });
      expect(mailOf(t, one)[0]?.priority).toBe(Math.min(asked, 1));
    },
  );

  it('copies sibling traffic to the parent: LOW, prefixed, for 60 s (M1, M3)', () => {
    const t = testKernel();
    const { lead, one, two } = family(t);
    send(t, one, two, { type: 'plan', priority: 0, requiresAck: true, replyTo: 'm1' });
    expect(mailOf(t, lead)).toMatchObject([
      { type: 'sibling_traffic:plan', priority: 3, from: one, requiresAck: false, replyTo: 'm1' },
    ]);
    const copy = t.eventsOf('message.sent').at(-1)?.body;
    expect(copy).toMatchObject({ isCopy: true, to: lead, expiresMonoMs: 60_000 });
  });

  it('copies neither what goes across branches nor what one sends to itself', () => {
    const t = testKernel();
    const { lead, one, cousin } = family(t);
    send(t, one, cousin);
    send(t, one, one);
    expect(mailOf(t, lead)).toEqual([]);
    expect(typesOf(t, one)).toEqual(['note']);
  });

  it('leaves the copy away where the parent has no room, and sends the message (M3)', () => {
    const t = testKernel();
    const { lead, one, two } = family(t);
    fill(t, lead);
    expect(send(t, one, two).value.message).toBeGreaterThan(0);
    expect(t.view(lead).inboxDepth).toBe(LIMITS.inboxMessagesMax);
  });

  it.each(['one', 'below', 'cousin', 'two'] as const)(
    'refuses a task that writes to %s, who is not its parent (M1)',
    (to) => {
      const t = testKernel();
      const everybody = family(t);
      const { refusal } = send(t, everybody.task, everybody[to]);
      expect(refusal.code).toBe('permission_denied');
      expect(refusal.message).toContain('M1');
    },
  );

  it('refuses an architect, save to its parent and children (A1, A2)', () => {
    const t = testKernel();
    const agent = t.spawn({ name: 'agent', role: 'agent', image: 'deaf' });
    const architect = t.spawn({ role: 'architect', image: 'deaf' }, { pid: agent });
    const { one } = family(t);
    expect(send(t, architect, one).refusal.code).toBe('permission_denied');
    expect(send(t, architect, agent).value.message).toBeGreaterThan(0);
  });

  it('refuses another user, save between parent and child (A1)', () => {
    const t = testKernel();
    const { cousin, one } = family(t);
    const leo = t.spawn({ name: 'leo', user: 'leo', role: 'lead', image: 'deaf' });
    expect(send(t, leo, cousin).refusal.message).toContain('user "root"');
    expect(send(t, one, leo).refusal.code).toBe('permission_denied');
    expect(send(t, leo, asPid(1)).value.message).toBeGreaterThan(0);
  });

  it('refuses the dead, the zombies and the unknown (M8)', () => {
    const t = testKernel();
    const { lead, one, two } = family(t);
    t.runtime.exits(one);
    t.call('kill', { pid: two, isRecursive: false, reason: 'normal', graceMs: 0 });
    expect(send(t, lead, one).refusal).toMatchObject({ code: 'wrong_state' });
    expect(send(t, lead, two).refusal).toMatchObject({ code: 'wrong_state' });
    expect(send(t, lead, asPid(99)).refusal).toMatchObject({ code: 'not_found' });
  });

  it('refuses a payload over 1 MiB and takes one of just that size (M8)', () => {
    const t = testKernel();
    const { lead, one } = family(t);
    const over = send(t, lead, one, { content: bulkContent(LIMITS.messagePayloadBytesMax + 1) });
    expect(over.refusal.code).toBe('too_large');
    expect(over.refusal.message).toContain('artifact');
    const fits = send(t, lead, one, { content: bulkContent(LIMITS.messagePayloadBytesMax) });
    expect(fits.value.message).toBeGreaterThan(0);
  });

  it('never gives an id twice, also after a restart (M5)', () => {
    const t = testKernel();
    const virtual = t.spawn();
    const ids = [1, 2, 3].map(() => send(t, asPid(1), virtual).value.message);
    t.reboot();
    ids.push(send(t, asPid(1), virtual).value.message);
    expect(new Set(ids).size).toBe(4);
    expect(ids.toSorted((a, b) => a - b)).toEqual(ids);
  });
});

function fill(t: TestKernel, pid: Pid): void {
  for (let i = 0; i < LIMITS.inboxMessagesMax; i += 1) t.hold('send', messageOrder({ to: pid }));
  t.pass();
}

describe('a full inbox', () => {
  it('of 20,000 sends to one that does not read takes 10,000 (M8)', () => {
    const t = testKernel();
    const { one, two } = family(t);
    let taken = 0;
    for (let i = 0; i < 20_000; i += 1) {
      const ticket = t.hold('send', messageOrder({ to: one }));
      if (ticket.result?.ok === true) taken += 1;
      else expect(ticket.refusal.code).toBe('queue_full');
    }
    t.pass();
    expect(taken).toBe(LIMITS.inboxMessagesMax);
    expect(t.view(one).inboxDepth).toBe(LIMITS.inboxMessagesMax);
    // Nobody else is disturbed.
    expect(send(t, asPid(1), two).value.message).toBeGreaterThan(0);
    // A little is read, a little fits.
    const acks = mailOf(t, one).slice(0, 3);
    t.fact({
      fact: 'acked',
      pid: one,
      acks: acks.map(({ message }) => ({ message, status: 'accepted', reply: undefined })),
    });
    const more = [1, 2, 3, 4].map(() => t.call('send', messageOrder({ to: one })));
    expect(more.map((ticket) => ticket.result?.ok)).toEqual([true, true, true, false]);
  });

  it('is full at 16 MiB too (M8)', () => {
    const t = testKernel();
    const { one } = family(t);
    const content = bulkContent(LIMITS.messagePayloadBytesMax);
    for (let i = 0; i < 16; i += 1) send(t, asPid(1), one, { content });
    expect(send(t, asPid(1), one, { content }).refusal.code).toBe('queue_full');
    expect(send(t, asPid(1), one, { content: bulkContent(1) }).refusal.code).toBe('queue_full');
    expect(send(t, asPid(1), one, { content: bulkContent(0) }).value.message).toBeGreaterThan(0);
  });

  it('gives up its copies first, the oldest first, with an event (M3)', () => {
    const t = testKernel();
    const { lead, one, two } = family(t);
    for (let i = 0; i < 300; i += 1) send(t, one, two);
    for (let i = 300; i < LIMITS.inboxMessagesMax; i += 1)
      t.hold('send', messageOrder({ to: lead }));
    t.pass();
    // 256 copies are in the lead's hands; the other 44 may go.
    for (let i = 0; i < 44; i += 1) expect(send(t, asPid(1), lead).result?.ok).toBe(true);
    expect(send(t, asPid(1), lead).refusal.code).toBe('queue_full');
    const dropped = t.eventsOf('message.dropped').map(({ body }) => body);
    expect(dropped).toHaveLength(44);
    expect(dropped.every(({ why, pid }) => why === 'displaced' && pid === lead)).toBe(true);
    expect(dropped.map(({ message }) => message)).toEqual(
      dropped.map(({ message }) => message).toSorted((a, b) => a - b),
    );
  });

  it('has 1,000 places more for the signals of the kernel (P8)', () => {
    const t = testKernel({ settings: { osProcessesMax: 2_000 } });
    const lead = t.spawn({ role: 'lead', image: 'deaf', limits: { childrenMax: 2_000 } });
    const children = Array.from({ length: 1_001 }, () => t.spawn({ image: 'hold' }, { pid: lead }));
    fill(t, lead);
    for (const pid of children) t.runtime.exits(pid);
    t.pass();
    const signals = t.eventsOf('message.sent').filter(({ body }) => body.type === 'signal');
    expect(signals).toHaveLength(LIMITS.inboxSignalReserve);
    expect(t.view(lead).inboxDepth).toBe(LIMITS.inboxMessagesMax + LIMITS.inboxSignalReserve);
  });

  it('tells of the signals that found no room, once and then in sum (P8, A4)', () => {
    const t = testKernel({ settings: { osProcessesMax: 2_000 } });
    const lead = t.spawn({ role: 'lead', image: 'deaf', limits: { childrenMax: 2_000 } });
    const from = { pid: lead };
    const count = LIMITS.inboxSignalReserve + 5;
    const children = Array.from({ length: count }, () => t.spawn({ image: 'hold' }, from));
    fill(t, lead);
    for (const pid of children) t.runtime.exits(pid);
    t.pass();
    const lost = () => t.eventsOf('syscall.refused').filter((one) => one.body.syscall === 'signal');
    expect(lost().map(({ body }) => body)).toMatchObject([
      { pid: lead, rule: 'P8', code: 'queue_full', count: 1 },
    ]);
    t.advanceMs(1_000);
    expect(lost().map(({ body }) => body.count)).toEqual([1, 4]);
  });

  it('gives signals to a virtual process the reserve alone, since it takes none (P8)', () => {
    const t = testKernel();
    const lead = t.spawn({ role: 'lead', limits: { childrenMax: 2_000 } });
    for (let i = 0; i < LIMITS.inboxSignalReserve + 5; i += 1) {
      t.call('exit', { exitCode: 0, output: '' }, { pid: t.spawn({}, { pid: lead }) });
    }
    expect(t.view(lead).inboxDepth).toBe(LIMITS.inboxSignalReserve);
    fill(t, lead);
    const whole = LIMITS.inboxMessagesMax + LIMITS.inboxSignalReserve;
    expect(t.view(lead).inboxDepth).toBe(whole);
  });

  it('keeps its places though signals wait in it (P8)', () => {
    const t = testKernel();
    const lead = t.spawn({ role: 'lead', image: 'deaf' });
    const child = t.spawn({ image: 'hold' }, { pid: lead });
    t.runtime.exits(child);
    fill(t, lead);
    expect(t.view(lead).inboxDepth).toBe(LIMITS.inboxMessagesMax + 1);
  });
});

describe('a signal of the kernel (P8)', () => {
  const hup = (ppid: number) => ({ signal: 'HUP', ppid: asPid(ppid) }) as const;
  const chld = (pid: number) => ({ signal: 'CHLD', pid: asPid(pid), exitCode: 0 }) as const;

  function signals(t: TestKernel, pid: Pid, bodies: readonly (typeof hup | typeof chld)[]): void {
    const { broker, table } = t.kernel.parts;
    bodies.forEach((body, i) => broker.signal(table.require(pid), body(10 + (i % 2))));
    t.pass();
  }
  const textsIn = (t: TestKernel, pid: Pid) =>
    t
      .call('list_inbox', { pid })
      .value.messages.map(({ content }) => JSON.parse(textOf(content)) as unknown);

  it('takes the place of one that waits, about the same child or of the same kind', () => {
    const t = testKernel();
    const virtual = t.spawn();
    signals(t, virtual, [chld, chld, chld, hup]);
    signals(t, virtual, [hup]);
    expect(textsIn(t, virtual)).toEqual([chld(11), chld(10), hup(10)]);
    const dropped = t.eventsOf('message.dropped').map(({ body }) => body.why);
    expect(dropped).toEqual(['coalesced', 'coalesced']);
  });

  it('leaves one alone that is under way', () => {
    const t = testKernel();
    const deaf = t.spawn({ image: 'deaf' });
    signals(t, deaf, [hup]);
    signals(t, deaf, [hup]);
    expect(mailOf(t, deaf)).toHaveLength(2);
    expect(t.eventsOf('message.dropped')).toEqual([]);
    t.kernel.resetDelivery(deaf);
    signals(t, deaf, [chld]);
    expect(textsIn(t, deaf)).toEqual([hup(10), hup(10), chld(10)]);
  });

  it('takes the place of one that waits since before a restart', () => {
    const t = testKernel();
    const virtual = t.spawn();
    signals(t, virtual, [chld]);
    t.takeSnapshot();
    t.reboot();
    signals(t, virtual, [chld]);
    expect(textsIn(t, virtual)).toEqual([chld(10)]);
  });
});

describe('a TTL', () => {
  it('expires in the queue with an event, and a dead letter where an ack was wanted (M7)', () => {
    const t = testKernel();
    const virtual = t.spawn();
    send(t, asPid(1), virtual, { ttlMs: 1_000, type: 'loud', requiresAck: true });
    send(t, asPid(1), virtual, { ttlMs: 1_000, type: 'quiet' });
    send(t, asPid(1), virtual, { type: 'stays' });
    t.advanceMs(999);
    expect(t.view(virtual).inboxDepth).toBe(3);
    t.advanceMs(1);
    const inbox = t.call('list_inbox', { pid: virtual }).value;
    expect(inbox.messages.map(({ type }) => type)).toEqual(['stays']);
    expect(inbox.deadLetters.map(({ type }) => type)).toEqual(['loud']);
    expect(t.eventsOf('message.dropped').map(({ body }) => body.why)).toEqual([
      'expired',
      'expired',
    ]);
  });

  it('holds over a restart (M7)', () => {
    const t = testKernel();
    const virtual = t.spawn();
    send(t, asPid(1), virtual, { ttlMs: 1_000 });
    t.advanceMs(600);
    t.takeSnapshot();
    t.reboot();
    t.advanceMs(399);
    expect(t.view(virtual).inboxDepth).toBe(1);
    t.advanceMs(1);
    expect(t.view(virtual).inboxDepth).toBe(0);
  });

  it('does not end what is in the receiver’s hands, until its link breaks (M7)', () => {
    const t = testKernel();
    const { one } = family(t);
    send(t, asPid(1), one, { ttlMs: 1_000 });
    t.advanceMs(5_000);
    expect(t.view(one).inboxDepth).toBe(1);
    t.kernel.resetDelivery(one);
    t.advanceMs(0);
    expect(t.view(one).inboxDepth).toBe(0);
    expect(t.eventsOf('message.dropped')).toHaveLength(1);
  });
});

describe('Broker.acknowledge()', () => {
  it.each(['accepted', 'queued'] as const)('ends a message at %s (M6)', (status) => {
    const t = testKernel();
    const { lead, one } = family(t);
    const { message } = send(t, lead, one).value;
    t.fact({ fact: 'acked', pid: one, acks: [{ message, status, reply: undefined }] });
    expect(t.view(one).inboxDepth).toBe(0);
    expect(t.eventsOf('message.acked')[0]?.body).toEqual({
      pid: one,
      messages: [message],
      senders: [lead],
    });
  });

  it('ends a rejected one, with a dead letter where an ack was wanted (M6)', () => {
    const t = testKernel();
    const { lead, one } = family(t);
    const { message } = send(t, lead, one, { requiresAck: true }).value;
    t.fact({ fact: 'acked', pid: one, acks: [{ message, status: 'rejected', reply: undefined }] });
    const inbox = t.call('list_inbox', { pid: one }).value;
    expect(inbox).toMatchObject({ total: 0, deadLetters: [{ message }] });
    expect(t.eventsOf('message.dropped')[0]?.body).toMatchObject({ why: 'rejected', from: lead });
  });

  it('sends a reply text back as a message with reply_to (M6)', () => {
    const t = testKernel();
    const { lead, one } = family(t);
    const { message } = send(t, lead, one).value;
    const reply = textContent('will do');
    t.fact({ fact: 'acked', pid: one, acks: [{ message, status: 'accepted', reply }] });
    const got = mailOf(t, lead).at(-1);
    expect(got).toMatchObject({ type: 'reply', from: one, replyTo: `m${message}`, priority: 3 });
    expect(textOf(got?.content ?? textContent(''))).toBe('will do');
  });

  it('hands an escalated one to the receiver’s parent (M6)', () => {
    const t = testKernel();
    const { lead, one, below, cousin } = family(t);
    const { message } = send(t, cousin, one, { type: 'ask' }).value;
    t.fact({ fact: 'acked', pid: one, acks: [{ message, status: 'escalate', reply: undefined }] });
    expect(mailOf(t, lead)).toMatchObject([{ type: 'ask', from: cousin, relation: 'sibling' }]);
    expect(t.view(one).inboxDepth).toBe(0);
    // Back to who sent it, where that is the parent.
    const own = send(t, one, below, { type: 'too hard' }).value.message;
    const acks = [{ message: own, status: 'escalate', reply: undefined }] as const;
    t.fact({ fact: 'acked', pid: below, acks });
    expect(mailOf(t, one).at(-1)).toMatchObject({ type: 'too hard', from: below });
  });

  it('makes a dead letter of an escalated one that the parent cannot take', () => {
    const t = testKernel();
    const { lead, one } = family(t);
    const { message } = send(t, asPid(1), one).value;
    fill(t, lead);
    t.fact({ fact: 'acked', pid: one, acks: [{ message, status: 'escalate', reply: undefined }] });
    expect(t.call('list_inbox', { pid: one }).value.deadLetters).toMatchObject([{ message }]);
  });

  it('passes over what is unknown or another’s', () => {
    const t = testKernel();
    const { lead, one, two } = family(t);
    const { message } = send(t, lead, one).value;
    const before = t.events.length;
    const ack = { status: 'accepted', reply: undefined } as const;
    t.fact({ fact: 'acked', pid: two, acks: [{ message, ...ack }] });
    t.fact({ fact: 'acked', pid: asPid(99), acks: [{ message, ...ack }] });
    expect(t.events).toHaveLength(before);
    t.fact({ fact: 'acked', pid: one, acks: [{ message, ...ack }] });
    t.fact({ fact: 'acked', pid: one, acks: [{ message, ...ack }] });
    expect(t.eventsOf('message.acked')).toHaveLength(1);
  });
});

describe('what was handed out before the kernel was folded anew', () => {
  it('is ended by its acknowledgement all the same (DESIGN §3)', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'deaf' });
    const { message } = send(t, asPid(1), pid).value;
    t.kernel.resetDelivery(pid);
    t.fact({ fact: 'acked', pid, acks: [{ message, status: 'accepted', reply: undefined }] });
    expect(t.view(pid).inboxDepth).toBe(0);
    expect(mailOf(t, pid)).toHaveLength(1);
  });
});

describe('list_inbox', () => {
  it('shows what waits in the order of delivery without taking it (PROTOCOL §3)', () => {
    const t = testKernel();
    const { lead } = family(t);
    const reader = t.spawn({ name: 'reader' }, { pid: lead });
    const priorities: Priority[] = [3, 0, 2, 1];
    for (const priority of priorities) {
      t.call('send', messageOrder({ to: reader, priority, type: `p${priority}` }));
    }
    const look = () => t.call('list_inbox', { pid: reader }, { pid: reader }).value;
    expect(look().messages.map(({ type }) => type)).toEqual(['p0', 'p1', 'p2', 'p3']);
    expect(look().total).toBe(4);
  });
});
