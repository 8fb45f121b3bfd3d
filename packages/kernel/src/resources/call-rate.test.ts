import { testKernel, VirtualTime } from '@hivekernel/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KernelError } from '../errors.ts';
import { asPid } from '../ids.ts';
import { CallRate } from './call-rate.ts';

const PID = asPid(2);

function waitOf(rate: CallRate, nowMonoMs: number): number {
  try {
    rate.admit(PID, nowMonoMs);
    return 0;
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    return Number(error.details['waitMs']);
  }
}

describe('CallRate.admit()', () => {
  it('lets so many through in a sliding minute, then says the wait (B6)', () => {
    const rate = new CallRate(10);
    const time = new VirtualTime();
    for (let i = 0; i < 10; i += 1) expect(waitOf(rate, time.monoMs)).toBe(0);
    const waitMs = waitOf(rate, time.monoMs);
    expect(waitMs).toBeGreaterThan(0);
    time.advanceMs(waitMs - 1);
    expect(waitOf(rate, time.monoMs)).toBeGreaterThan(0);
    time.advanceMs(1);
    expect(waitOf(rate, time.monoMs)).toBe(0);
  });

  it('has room after the wait that it names, and never lets more than twice through (B6)', () => {
    const input = fc.array(fc.nat({ max: 20_000 }), { maxLength: 80, size: 'max' });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), input, (max, gaps) => {
        const rate = new CallRate(max);
        const admitted: number[] = [];
        let nowMs = 0;
        for (const gap of gaps) {
          nowMs += gap;
          const waitMs = waitOf(rate, nowMs);
          if (waitMs > 0) nowMs += waitMs;
          if (waitMs > 0) expect(waitOf(rate, nowMs)).toBe(0);
          admitted.push(nowMs);
          const minute = admitted.filter((at) => at > nowMs - 60_000);
          expect(minute.length).toBeLessThanOrEqual(2 * max);
        }
      }),
    );
  });

  it('counts each process apart, and forgets the one that ended', () => {
    const rate = new CallRate(1);
    rate.admit(PID, 0);
    rate.admit(asPid(3), 0);
    expect(waitOf(rate, 0)).toBeGreaterThan(0);
    rate.forget(PID);
    expect(waitOf(rate, 0)).toBe(0);
  });

  it('is unlimited by default, and never asks the operator (B6)', () => {
    const free = testKernel();
    const pid = free.spawn();
    for (let i = 0; i < 5_000; i += 1) free.call('usage', {}, { pid });
    const t = testKernel({ settings: { syscallsPerMinuteMax: 3 } });
    const bound = t.spawn();
    const results = Array.from({ length: 5 }, () => t.call('usage', {}, { pid: bound }));
    expect(results.map((one) => one.result?.ok)).toEqual([true, true, true, false, false]);
    expect(results[4]?.refusal.code).toBe('rate_limited');
    for (let i = 0; i < 10; i += 1) expect(t.call('usage', {}).result?.ok).toBe(true);
  });
});
