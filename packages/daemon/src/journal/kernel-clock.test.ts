import { VirtualTime } from '@hivekernel/testkit';
import { describe, expect, it } from 'vitest';
import { SystemClock } from './kernel-clock.ts';

const DAY_MS = 24 * 3_600_000;

function resumed(downMs: number): { clock: SystemClock; time: VirtualTime } {
  const time = new VirtualTime();
  const clock = new SystemClock(() => time.now());
  clock.resumeFrom({ wallMs: time.wallMs - downMs, monoMs: 1_000 });
  return { clock, time };
}

describe('SystemClock.resumeFrom()', () => {
  it.each([
    { what: 'counts the time in between', downMs: 5_000, monoMs: 6_000 },
    { what: 'never goes back when the wall clock did', downMs: -5_000, monoMs: 1_000 },
    {
      what: 'does not believe a jump of a year',
      downMs: 365 * DAY_MS,
      monoMs: 1_000 + 30 * DAY_MS,
    },
  ])('$what', ({ downMs, monoMs }) => {
    const { clock, time } = resumed(downMs);
    expect(clock.now()).toEqual({ wallMs: time.wallMs, monoMs });
    time.advanceMs(250);
    expect(clock.now().monoMs).toBe(monoMs + 250);
  });

  it('begins at 0 with an empty journal', () => {
    const time = new VirtualTime();
    time.advanceMs(777);
    const clock = new SystemClock(() => time.now());
    clock.resumeFrom({ wallMs: 0, monoMs: 0 });
    expect(clock.now().monoMs).toBe(0);
  });

  it('is not moved by a wall clock that is set while it runs', () => {
    const { clock, time } = resumed(0);
    time.shiftWallMs(-DAY_MS);
    expect(clock.now().monoMs).toBe(1_000);
  });
});

describe('SystemClock', () => {
  it('reads the clocks of the machine', () => {
    const clock = new SystemClock();
    clock.resumeFrom({ wallMs: 0, monoMs: 0 });
    const before = Date.now();
    const { wallMs, monoMs } = clock.now();
    expect(wallMs).toBeGreaterThanOrEqual(before);
    expect(monoMs).toBeGreaterThanOrEqual(0);
    expect(Number.isInteger(monoMs)).toBe(true);
  });
});
