import { bulkContent, messageOrder, testKernel, textContent } from '@hivekernel/testkit';
import type { TestKernel } from '@hivekernel/testkit';
import { describe, expect, it } from 'vitest';
import { asMessageId, asPid, type MessageId, type Pid } from '../ids.ts';
import { LIMITS } from '../limits.ts';

const KING = asPid(1);
const NO_REPLY = { status: 'accepted', reply: undefined } as const;

/** king > lead > (box, which is virtual, and agent), stranger. */
function ground() {
  const t = testKernel();
  const lead = t.spawn({ name: 'lead', role: 'lead', image: 'deaf' });
  const box = t.spawn({ name: 'box' }, { pid: lead });
  const agent = t.spawn({ name: 'agent', image: 'deaf' }, { pid: lead });
  const stranger = t.spawn({ name: 'stranger', role: 'lead' });
  const send = (to: Pid, wish: Parameters<typeof messageOrder>[0] = {}, from = lead): MessageId =>
    t.call('send', messageOrder({ to, ...wish }), { pid: from }).value.message;
  return { t, lead, box, agent, stranger, send };
}

const inboxOf = (t: TestKernel, pid: Pid) => t.call('list_inbox', { pid }).value;

describe('acknowledge', () => {
  it.each(['box', 'lead', 'operator'] as const)('of a virtual process: by %s (M6)', (who) => {
    const { t, lead, box, send } = ground();
    const message = send(box);
    const from = { box: { pid: box }, lead: { pid: lead }, operator: {} }[who];
    t.call('acknowledge', { pid: box, message, ...NO_REPLY }, from);
    expect(inboxOf(t, box).total).toBe(0);
    expect(t.eventsOf('message.acked').at(-1)?.body).toMatchObject({ messages: [message] });
  });

  it('empties the king’s inbox, and answers who wrote to him', () => {
    const { t, agent, send } = ground();
    const message = send(KING, { type: 'question' }, agent);
    const order = {
      pid: asPid(0),
      message,
      status: 'accepted',
      reply: textContent('yes'),
    } as const;
    t.call('acknowledge', order);
    expect(inboxOf(t, KING).total).toBe(0);
    expect(t.runtime.agent(agent).delivered.at(-1)).toMatchObject({
      type: 'reply',
      from: KING,
      replyTo: `m${message}`,
    });
  });

  it('is refused to others, and of who has a runtime', () => {
    const { t, box, agent, stranger, send } = ground();
    const [inBox, inAgent] = [send(box), send(agent)];
    const by = (pid: Pid, args: { pid: Pid; message: MessageId }) =>
      t.call('acknowledge', { ...args, ...NO_REPLY }, { pid }).refusal.code;
    expect(by(stranger, { pid: box, message: inBox })).toBe('permission_denied');
    expect(by(agent, { pid: box, message: inBox })).toBe('permission_denied');
    expect(by(agent, { pid: agent, message: inAgent })).toBe('wrong_state');
    expect(by(KING, { pid: agent, message: inAgent })).toBe('wrong_state');
  });

  it.each([
    ['unknown', () => asMessageId(9_999)],
    ['of another inbox', ({ send, agent }: ReturnType<typeof ground>) => send(agent)],
    [
      'acknowledged before',
      ({ t, send, box }: ReturnType<typeof ground>) => {
        const message = send(box);
        t.call('acknowledge', { pid: box, message, ...NO_REPLY });
        return message;
      },
    ],
  ] as const)('of one that is %s is not_found and changes nothing', (_what, messageIn) => {
    const all = ground();
    const message = messageIn(all);
    const before = all.t.eventsOf('message.acked').length;
    const { refusal } = all.t.call('acknowledge', { pid: all.box, message, ...NO_REPLY });
    expect(refusal.code).toBe('not_found');
    expect(all.t.eventsOf('message.acked')).toHaveLength(before);
  });

  it('hands on and rejects as a runtime’s word does; above the king is nobody', () => {
    const { t, lead, box, agent, send } = ground();
    const up = send(box, { type: 'hard' }, agent);
    t.call('acknowledge', { pid: box, message: up, status: 'escalate', reply: undefined });
    expect(t.runtime.agent(lead).delivered.at(-1)).toMatchObject({ type: 'hard', from: agent });
    const no = send(box, {}, agent);
    t.call('acknowledge', { pid: box, message: no, status: 'rejected', reply: undefined });
    expect(t.runtime.agent(agent).delivered.at(-1)).toMatchObject({ type: 'ack' });
    const message = send(KING);
    const order = { pid: KING, message, status: 'escalate', reply: undefined } as const;
    expect(t.call('acknowledge', order).refusal.code).toBe('invalid_argument');
    expect(inboxOf(t, KING).total).toBe(1);
  });

  it('keeps the message where its reply would reach nobody (M8)', () => {
    const { t, agent, send } = ground();
    const [one, two, three] = [1, 2, 3].map(() => send(KING, {}, agent));
    const reply = (message: MessageId | undefined, bytes: number) =>
      t.call('acknowledge', {
        pid: KING,
        message: message as MessageId,
        status: 'accepted',
        reply: bulkContent(bytes),
      });
    expect(reply(one, LIMITS.messagePayloadBytesMax + 1).refusal.code).toBe('too_large');
    const content = bulkContent(LIMITS.messagePayloadBytesMax);
    for (let i = 0; i < 16; i += 1) send(agent, { content });
    expect(reply(two, 1).refusal.code).toBe('queue_full');
    t.call('kill', { pid: agent, isRecursive: false, reason: 'normal', graceMs: 0 });
    expect(reply(three, 1).refusal.code).toBe('wrong_state');
    expect(inboxOf(t, KING).total).toBe(3);
  });
});

/** A dead letter of the agent. */
function bury({ t, agent, send }: ReturnType<typeof ground>, type = 'job'): MessageId {
  const message = send(agent, { requiresAck: true, type, priority: 0, replyTo: 'm1' });
  const acks = [{ message, status: 'rejected', reply: undefined } as const];
  t.fact({ fact: 'acked', pid: agent, acks });
  return message;
}

describe('requeue', () => {
  it('gives a dead letter to its receiver again, under a new id and as it was (M6)', () => {
    const all = ground();
    const { t, lead, agent } = all;
    const dead = bury(all);
    const { message } = t.call('requeue', { pid: agent, message: dead }).value;
    expect(message).toBeGreaterThan(dead);
    expect(inboxOf(t, agent)).toMatchObject({ total: 1, deadTotal: 0 });
    expect(t.runtime.agent(agent).delivered.at(-1)).toMatchObject({
      message,
      from: lead,
      fromName: 'lead',
      relation: 'parent',
      type: 'job',
      priority: 0,
      replyTo: 'm1',
      requiresAck: true,
    });
    // Its sender is told under the id that it knows.
    const acks = [{ message, status: 'accepted', reply: undefined } as const];
    t.fact({ fact: 'acked', pid: agent, acks });
    expect(t.runtime.agent(lead).delivered.at(-1)).toMatchObject({ replyTo: `m${dead}` });
  });

  it('is refused while nobody would read it, and keeps the letter (M8)', () => {
    const all = ground();
    const { t, agent, lead } = all;
    const dead = bury(all);
    const again = () => t.call('requeue', { pid: agent, message: dead }, { pid: lead });
    const content = bulkContent(LIMITS.messagePayloadBytesMax);
    for (let i = 0; i < 16; i += 1) t.call('send', messageOrder({ to: agent, content }));
    expect(again().refusal.code).toBe('queue_full');
    t.call('kill', { pid: agent, isRecursive: false, reason: 'normal', graceMs: 0 });
    expect(again().refusal.code).toBe('wrong_state');
    expect(inboxOf(t, agent).deadLetters.map(({ message }) => message)).toContain(dead);
  });
});

describe('dead letters', () => {
  it.each(['requeue', 'drop_letter'] as const)('%s: itself, ancestors, the operator', (call) => {
    const all = ground();
    const { t, lead, box, agent, stranger } = all;
    for (const pid of [agent, lead, KING]) {
      const message = bury(all);
      expect(t.call(call, { pid: agent, message }, { pid }).result?.ok).toBe(true);
    }
    for (const pid of [box, stranger]) {
      const message = bury(all);
      const { refusal } = t.call(call, { pid: agent, message }, { pid });
      expect(refusal.code).toBe('permission_denied');
    }
  });

  it.each(['requeue', 'drop_letter'] as const)('%s of what is not there is not_found', (call) => {
    const all = ground();
    const { t, agent, send } = all;
    const waiting = send(agent);
    const dead = bury(all);
    t.call('drop_letter', { pid: agent, message: dead });
    for (const message of [waiting, dead, asMessageId(9_999)]) {
      expect(t.call(call, { pid: agent, message }).refusal.code).toBe('not_found');
    }
    expect(inboxOf(t, agent)).toMatchObject({ total: 1, deadTotal: 0 });
  });

  it('hold over a restart, dropped ones too', () => {
    const all = ground();
    const { t, agent } = all;
    const [kept, dropped] = [bury(all, 'kept'), bury(all, 'dropped')];
    t.takeSnapshot();
    t.call('drop_letter', { pid: agent, message: dropped });
    t.reboot();
    expect(inboxOf(t, agent).deadLetters).toMatchObject([{ message: kept, whyDead: 'rejected' }]);
  });
});
