import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Timers, type Timer } from './timers.ts';

const step = fc.oneof(
  fc.record({ do: fc.constant('arm'), n: fc.nat({ max: 1_000 }) }),
  fc.record({ do: fc.constant('cancel'), n: fc.nat({ max: 50 }) }),
  fc.record({ do: fc.constant('fire'), n: fc.nat({ max: 300 }) }),
);

describe('Timers', () => {
  it('fire in the order of time, then of arming, as a sorted list would', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 150, size: 'max' }), (steps) => {
        const timers = new Timers();
        let armed: { at: number; order: number; timer: Timer }[] = [];
        const fired: number[] = [];
        let nowMs = 0;
        let order = 0;
        for (const { do: what, n } of steps) {
          if (what === 'arm') {
            order += 1;
            const own = order;
            armed.push({
              at: nowMs + n,
              order,
              timer: timers.arm(nowMs + n, () => fired.push(own)),
            });
          }
          if (what === 'cancel') {
            timers.cancel(armed[n]?.timer);
            timers.cancel(armed[n]?.timer);
            armed = armed.filter((_, i) => i !== n);
          }
          if (what === 'fire') {
            nowMs += n;
            const due = armed
              .filter(({ at }) => at <= nowMs)
              .toSorted((a, b) => a.at - b.at || a.order - b.order);
            armed = armed.filter(({ at }) => at > nowMs);
            timers.fireDue(nowMs);
            expect(fired.splice(0)).toEqual(due.map((one) => one.order));
          }
          const next = Math.min(...armed.map(({ at }) => at));
          expect(timers.nextDeadline ?? Infinity).toBe(next);
          expect(timers.size).toBe(armed.length);
        }
      }),
    );
  });

  it('let a timer arm another for the same instant', () => {
    const timers = new Timers();
    const fired: string[] = [];
    timers.arm(5, () => {
      fired.push('first');
      timers.arm(5, () => fired.push('second'));
    });
    timers.fireDue(5);
    expect(fired).toEqual(['first', 'second']);
    timers.cancel(undefined);
    expect(timers.nextDeadline).toBeUndefined();
  });
});
