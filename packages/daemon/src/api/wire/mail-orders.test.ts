import { LIMITS } from '@hivekernel/kernel';
import type { Content } from '@hivekernel/kernel';
import { agent, link, make } from '@hivekernel/protocol';
import { describe, expect, it } from 'vitest';
import { readAcknowledge, readLetter, readSend } from './mail-orders.ts';

const host = { content: (bytes: Uint8Array): Content => ({ bytes: bytes.length, inline: '' }) };
const send = (wish: Partial<agent.SendMessageRequest>) =>
  readSend(make(agent.SendMessageRequest, wish), { host });

describe('readSend()', () => {
  it('takes a pid, an address or a queue, and all that goes with a message', () => {
    expect(send({ toPid: 9, type: 't', ttlSeconds: 2, requiresAck: true })).toMatchObject({
      to: 9,
      toAddress: '',
      queue: '',
      ttlMs: 2_000,
      requiresAck: true,
      idempotencyKey: '',
      deadlineMs: 0,
    });
    const more = { toAddress: '/a/b', idempotencyKey: 'k', deadlineMs: 1_700_000_000_000 };
    expect(send(more)).toMatchObject({ to: 0, ...more });
    expect(send({ toQueue: 'work' })).toMatchObject({ to: 0, queue: 'work' });
  });

  it.each([
    ['nobody', {}, 'to_pid', 'invalid_argument'],
    ['an address without end', { toAddress: 'x'.repeat(5_000) }, 'to_address', 'invalid_argument'],
    ['an address with a zero', { toAddress: '/a\0b' }, 'to_address', 'invalid_argument'],
    ['a long key', { idempotencyKey: 'k'.repeat(129) }, 'idempotency_key', 'invalid_argument'],
    ['a deadline before time', { deadlineMs: -1 }, 'deadline_ms', 'invalid_argument'],
    ['a priority that is none', { priority: 9 as 0 }, 'priority', 'invalid_argument'],
    [
      'a payload over the limit',
      { payload: new Uint8Array(LIMITS.messagePayloadBytesMax + 1) },
      'payload',
      'too_large',
    ],
  ])('refuses %s (M8)', (what, wish, field, code) => {
    const whole = what === 'nobody' || 'toAddress' in wish ? wish : { toPid: 9, ...wish };
    expect(() => send(whole)).toThrow(
      expect.objectContaining({ code, details: expect.objectContaining({ field }) }),
    );
  });

  it('takes a payload of just the limit', () => {
    const payload = new Uint8Array(LIMITS.messagePayloadBytesMax);
    expect(send({ toPid: 9, payload }).content.bytes).toBe(payload.length);
  });
});

describe('readLetter(), readAcknowledge()', () => {
  it('name a message by its written id', () => {
    const call = make(link.RequeueCall, { targetPid: 9, messageId: 'm12' });
    expect(readLetter(call)).toEqual({ pid: 9, queue: '', message: 12 });
  });

  it.each(['', '12', 't12', 'm', 'm12 ', 'm99999999999999999999'])('refuse the id "%s"', (id) => {
    const call = make(link.RequeueCall, { messageId: id });
    expect(() => readLetter(call)).toThrow(/message_id .* is no id/);
  });

  it('tell no reply from an empty one', () => {
    const call = make(link.AcknowledgeCall, { messageId: 'm1', status: 1 });
    expect(readAcknowledge(call, { host })).toEqual({
      pid: 0,
      message: 1,
      status: 'queued',
      reply: undefined,
    });
    const reply = readAcknowledge({ ...call, reply: 'ja' }, { host }).reply;
    expect(reply).toMatchObject({ bytes: 2 });
  });
});
