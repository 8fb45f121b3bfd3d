import { describe, expect, it } from 'vitest';
import { QuietTimes } from './quiet-times.ts';

function start() {
  const clock = { nowMs: 100 };
  return { clock, quiet: new QuietTimes(() => clock.nowMs) };
}

describe('QuietTimes', () => {
  it('has nothing left where no silence is open, or it is over', () => {
    const { clock, quiet } = start();
    expect(quiet.remainingMs).toBe(0);
    quiet.begin(50);
    clock.nowMs += 20.5;
    expect(quiet.remainingMs).toBe(30);
    clock.nowMs += 100;
    expect(quiet.remainingMs).toBe(0);
  });

  it('keeps the longest of those that are open, whichever ends first (Q1)', () => {
    const { quiet } = start();
    const endLong = quiet.begin(1_000);
    const endShort = quiet.begin(10);
    expect(quiet.remainingMs).toBe(1_000);
    endShort();
    expect(quiet.remainingMs).toBe(1_000);
    quiet.begin(40);
    endLong();
    expect(quiet.remainingMs).toBe(40);
    endLong();
    expect(quiet.remainingMs).toBe(40);
  });
});
