import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RateWindow } from './rate-window.ts';

describe('RateWindow', () => {
  it('lets so much through in a sliding minute, then says the wait (B7)', () => {
    const rate = new RateWindow(100);
    rate.add(60, 0);
    expect(rate.waitMs(40, 0)).toBe(0);
    rate.add(40, 0);
    const waitMs = rate.waitMs(1, 1_000);
    expect(rate.waitMs(1, 1_000 + waitMs - 2)).toBeGreaterThan(0);
    expect(rate.waitMs(1, 1_000 + waitMs)).toBe(0);
  });

  it('has room after the wait that it names, whatever came before (B7)', () => {
    const amounts = fc.array(fc.tuple(fc.nat({ max: 150 }), fc.nat({ max: 90_000 })));
    fc.assert(
      fc.property(amounts, (all) => {
        const rate = new RateWindow(100);
        let nowMs = 0;
        for (const [amount, gapMs] of all) {
          nowMs += gapMs;
          nowMs += rate.waitMs(amount, nowMs);
          expect(rate.waitMs(amount, nowMs)).toBe(0);
          rate.add(amount, nowMs);
        }
      }),
    );
  });

  it('lets what is more than a minute holds go alone, and is unlimited at 0', () => {
    const rate = new RateWindow(100);
    expect(rate.waitMs(1_000, 0)).toBe(0);
    rate.add(1, 0);
    expect(rate.waitMs(1_000, 0)).toBeGreaterThan(0);
    const free = new RateWindow(0);
    free.add(1e9, 0);
    expect(free.waitMs(1e9, 0)).toBe(0);
  });

  it('takes back what a call did not use', () => {
    const rate = new RateWindow(100);
    rate.add(100, 0);
    rate.correct(-70, 10);
    expect(rate.waitMs(70, 10)).toBe(0);
    rate.correct(-1_000, 20);
    expect(rate.waitMs(100, 20)).toBe(0);
  });
});
