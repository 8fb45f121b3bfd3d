import { messageOrder, testKernel, textContent } from '@hivekernel/testkit';
import type { TestKernel } from '@hivekernel/testkit';
import { describe, expect, it } from 'vitest';
import { asPid, type Pid } from '../ids.ts';
import { LIMITS } from '../limits.ts';

function ground(): { t: TestKernel; lead: Pid; to: Pid } {
  const t = testKernel();
  const lead = t.spawn({ name: 'lead', role: 'lead' });
  return { t, lead, to: t.spawn({ name: 'reader' }, { pid: lead }) };
}

const send = (t: TestKernel, from: Pid, wish: Parameters<typeof messageOrder>[0]) =>
  t.call('send', messageOrder(wish), { pid: from });

describe('an idempotency key (M5)', () => {
  it('makes a repeated send one message, with the same id in the answer', () => {
    const { t, lead, to } = ground();
    const wish = { to, idempotencyKey: 'order-1' };
    const first = send(t, lead, wish).value.message;
    expect(send(t, lead, wish).value.message).toBe(first);
    expect(t.view(to).inboxDepth).toBe(1);
    expect(t.eventsOf('message.sent')).toHaveLength(1);
  });

  it.each([
    ['payload', { content: textContent('another') }],
    ['type', { type: 'other' }],
    ['receiver', { to: asPid(1) }],
    ['reply_to', { replyTo: 'm9' }],
  ])('with another %s is a conflict', (_what, change) => {
    const { t, lead, to } = ground();
    const wish = { to, idempotencyKey: 'k' };
    send(t, lead, wish);
    const { refusal } = send(t, lead, { ...wish, ...change });
    expect(refusal).toMatchObject({ code: 'conflict', details: { field: 'idempotency_key' } });
    expect(refusal.message).toContain('M5');
  });

  it('is each sender’s own', () => {
    const { t, lead, to } = ground();
    const wish = { to, idempotencyKey: 'k' };
    const own = send(t, lead, wish).value.message;
    expect(send(t, asPid(1), wish).value.message).not.toBe(own);
  });

  it('holds over a restart of the kernel, and though the receiver is gone', () => {
    const { t, lead, to } = ground();
    const wish = { to, toAddress: '/lead/reader', idempotencyKey: 'k' };
    const first = send(t, lead, wish).value.message;
    t.call('kill', { pid: to, isRecursive: false, reason: 'normal', graceMs: 0 });
    t.takeSnapshot();
    t.reboot();
    expect(send(t, lead, wish).value.message).toBe(first);
    expect(send(t, lead, { ...wish, idempotencyKey: 'k2' }).refusal.code).toBe('not_found');
  });

  it('is forgotten, the oldest first, beyond so many of one sender', () => {
    const { t, lead, to } = ground();
    const ids = Array.from({ length: LIMITS.idempotencyKeysPerSenderMax + 1 }, (_, i) => {
      return send(t, lead, { to, idempotencyKey: `k${i}` }).value.message;
    });
    expect(send(t, lead, { to, idempotencyKey: 'k1' }).value.message).toBe(ids[1]);
    expect(send(t, lead, { to, idempotencyKey: 'k0' }).value.message).toBeGreaterThan(ids[0]!);
  });

  it('of a refused send is free', () => {
    const { t, lead, to } = ground();
    const wish = { to: asPid(99), idempotencyKey: 'k' };
    expect(send(t, lead, wish).refusal.code).toBe('not_found');
    expect(send(t, lead, { ...wish, to }).value.message).toBeGreaterThan(0);
  });
});
