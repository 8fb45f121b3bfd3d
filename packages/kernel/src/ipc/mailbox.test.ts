import { bulkContent, messageOrder, testKernel } from '@hivekernel/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Timer } from '../events/timers.ts';
import type { Priority } from '../events/words.ts';
import { asMessageId, asPid, asSeq, type MessageId } from '../ids.ts';
import { LIMITS } from '../limits.ts';
import { Mailbox, type Message } from './mailbox.ts';

const AGING_MS_PER_LEVEL = 10_000;

function message(of: { n: number; priority: Priority; atMs: number; bytes?: number }): Message {
  return {
    message: asMessageId(of.n),
    seq: asSeq(of.n),
    by: asPid(1),
    from: asPid(1),
    fromName: 'king',
    to: asPid(2),
    toName: 'w',
    relation: 'other',
    priority: of.priority,
    type: 'note',
    content: bulkContent(of.bytes ?? 1),
    requiresAck: false,
    expiresMonoMs: 0,
    replyTo: '',
    isCopy: false,
    wallMs: 0,
    key: of.priority * AGING_MS_PER_LEVEL + of.atMs,
  };
}

const noTimer = (): Timer => {
  throw new Error('nothing here has a TTL');
};

/** As M4 says it, computed afresh at the moment of taking: the least priority less the aging. */
function naiveNext(waiting: readonly Message[], nowMs: number): Message | undefined {
  const enqueuedMs = ({ priority, key }: Message): number => key - priority * AGING_MS_PER_LEVEL;
  // In units of 1/10,000 level, so that nothing is rounded: 0.1 a second is 1 a millisecond.
  const effective = (one: Message): number => one.priority * 10_000 - (nowMs - enqueuedMs(one));
  return waiting.toSorted((a, b) => effective(a) - effective(b) || a.seq - b.seq)[0];
}

const step = fc.oneof(
  fc.record({ do: fc.constant('send'), priority: fc.nat({ max: 3 }), n: fc.nat({ max: 50 }) }),
  fc.record({ do: fc.constant('take'), priority: fc.constant(0), n: fc.constant(0) }),
  fc.record({ do: fc.constant('ack'), priority: fc.constant(0), n: fc.nat({ max: 50 }) }),
  fc.record({ do: fc.constant('drop'), priority: fc.constant(0), n: fc.nat({ max: 50 }) }),
  fc.record({ do: fc.constant('reset'), priority: fc.constant(0), n: fc.constant(0) }),
  fc.record({ do: fc.constant('wait'), priority: fc.constant(0), n: fc.nat({ max: 50 }) }),
);

describe('Mailbox', () => {
  it('gives the messages in the order of priority and aging, as a naive model does (M4)', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (steps) => {
        const box = new Mailbox();
        let waiting: Message[] = [];
        let underWay: Message[] = [];
        let nowMs = 0;
        let n = 0;
        for (const one of steps) {
          if (one.do === 'wait') nowMs += one.n * 1_000;
          if (one.do === 'send') {
            n += 1;
            const sent = message({ n, priority: one.priority as Priority, atMs: nowMs });
            waiting.push(sent);
            box.add(sent, undefined);
          }
          if (one.do === 'take' && underWay.length < LIMITS.deliveryWindowMessages) {
            const expected = naiveNext(waiting, nowMs);
            expect(box.takeNext()?.message).toBe(expected?.message);
            waiting = waiting.filter((other) => other !== expected);
            if (expected !== undefined) underWay.push(expected);
          }
          if (one.do === 'ack') box.remove(underWay[one.n]?.message ?? asMessageId(0));
          if (one.do === 'ack') underWay = underWay.filter((_, i) => i !== one.n);
          if (one.do === 'drop') box.remove(waiting[one.n]?.message ?? asMessageId(0));
          if (one.do === 'drop') waiting = waiting.filter((_, i) => i !== one.n);
          if (one.do === 'reset') {
            box.resetDelivery(noTimer);
            waiting = [...waiting, ...underWay];
            underWay = [];
          }
          expect([box.depth, box.underWay]).toEqual([
            waiting.length + underWay.length,
            underWay.length,
          ]);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('lets a LOW one overtake a CRITICAL one that came 30 s later (M4)', () => {
    const box = new Mailbox();
    box.add(message({ n: 1, priority: 3, atMs: 0 }), undefined);
    box.add(message({ n: 2, priority: 0, atMs: 29_999 }), undefined);
    box.add(message({ n: 3, priority: 0, atMs: 30_001 }), undefined);
    expect([box.takeNext(), box.takeNext(), box.takeNext()].map((one) => one?.seq)).toEqual([
      2, 1, 3,
    ]);
  });

  it('keeps first in, first out within a priority (M4)', () => {
    const box = new Mailbox();
    for (let n = 1; n <= 5; n += 1) box.add(message({ n, priority: 2, atMs: 0 }), undefined);
    const order = Array.from({ length: 5 }, () => box.takeNext()?.seq);
    expect(order).toEqual([1, 2, 3, 4, 5]);
    expect(box.takeNext()).toBeUndefined();
  });

  it('gives back the room of what went, however much came through', () => {
    const box = new Mailbox();
    for (let n = 1; n <= 50_000; n += 1) {
      box.add(message({ n, priority: (n % 4) as Priority, atMs: n, bytes: 3 }), undefined);
      if (n <= 100) continue;
      const next = box.takeNext() as Message;
      expect(box.remove(next.message)?.message).toBe(next);
    }
    expect([box.depth, box.bytes, box.underWay, box.underWayBytes]).toEqual([100, 300, 0, 0]);
  });

  it('keeps at most so many dead letters, the newest', () => {
    const box = new Mailbox();
    for (let n = 1; n <= LIMITS.deadLettersMax + 5; n += 1) {
      box.bury(message({ n, priority: 3, atMs: 0 }), 'expired');
    }
    expect(box.deadLetters).toHaveLength(LIMITS.deadLettersMax);
    expect(box.deadLetters[0]?.seq).toBe(6);
  });
});

describe('priority and aging through the kernel', () => {
  it('hold in what is delivered, and over a restart (M4)', () => {
    const t = testKernel();
    const virtual = t.spawn();
    const sent: MessageId[] = [];
    for (const [priority, waitMs] of [
      [3, 15_000],
      [2, 2_000],
      [0, 1_000],
      [1, 0],
    ] as const) {
      sent.push(t.call('send', messageOrder({ to: virtual, priority })).value.message);
      t.advanceMs(waitMs);
    }
    const order = (): MessageId[] =>
      t.call('list_inbox', { pid: virtual }).value.messages.map((one) => one.message);
    // Keys: the king is its parent, so 3 and 2 count as 1: 10 s, 25 s, 17 s, 28 s.
    const expected = [sent[0], sent[2], sent[1], sent[3]];
    expect(order()).toEqual(expected);
    t.takeSnapshot();
    t.reboot();
    expect(order()).toEqual(expected);
  });
});
