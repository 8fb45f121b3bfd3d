import { Subscriber, testKernel, textContent } from '@hivekernel/testkit';
import type { Delivery } from '@hivekernel/kernel';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MessageId } from '../ids.ts';

const STEPS = [
  'publish',
  'publish',
  'publish',
  'take',
  'say',
  'break',
  'cancel',
  'reboot',
] as const;

describe('a durable subscriber (M10)', () => {
  it('gets every publication since its cursor began, in order, at least once', () => {
    const steps = fc.array(fc.tuple(fc.constantFrom(...STEPS), fc.nat({ max: 5 })), {
      maxLength: 80,
      size: 'max',
    });
    fc.assert(
      fc.property(steps, (all) => {
        const t = testKernel();
        const [pen, pid] = [t.spawn(), t.spawn()];
        const wish = { topic: 'a.*', durable: 'desk' };
        let desk = new Subscriber(t, pid, wish);
        const published: MessageId[] = [];
        const confirmed = new Set<MessageId>();
        let hand: Delivery[] = [];
        const reopen = (): void => {
          hand = [];
          desk = new Subscriber(t, pid, wish);
        };
        for (const [step, n] of all) {
          switch (step) {
            case 'publish': {
              const topic = n === 5 ? 'b' : `a.${n}`;
              const order = { topic, type: 't', content: textContent('x'), isTransient: n === 0 };
              const { message } = t.call('publish', order, { pid: pen }).value;
              if (topic !== 'b') published.push(message);
              break;
            }
            case 'take': {
              const taken = desk.taken(n + 1);
              const open = published.filter((id) => !confirmed.has(id));
              const beside = open.filter((id) => !hand.some(({ message }) => message === id));
              const expected = beside.slice(0, Math.min(n + 1, 64 - hand.length));
              expect(taken.map(({ message }) => message)).toEqual(expected);
              hand.push(...taken);
              break;
            }
            case 'say': {
              const [one] = hand.splice(n % Math.max(1, hand.length), 1);
              if (one === undefined) break;
              desk.says(one.message);
              confirmed.add(one.message);
              break;
            }
            case 'break':
              desk.breaks();
              reopen();
              break;
            case 'cancel':
              desk.cancels();
              reopen();
              break;
            case 'reboot':
              if (n > 2) t.takeSnapshot();
              t.reboot();
              reopen();
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});
