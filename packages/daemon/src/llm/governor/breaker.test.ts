import { describe, expect, it } from 'vitest';
import { Breaker } from './breaker.ts';

const TRY = { isTry: true };
const LATE = { isTry: false };

const made = (): Breaker =>
  new Breaker({ failuresMax: 5, pauseFirstMs: 1_000, pauseMostMs: 3_000 });

function opened(): Breaker {
  const breaker = made();
  for (let i = 0; i < 5; i += 1) breaker.failed(0, LATE);
  return breaker;
}

describe('Breaker', () => {
  it('opens after five failures in a row, and not after five with a success between (B7)', () => {
    const breaker = made();
    for (let i = 0; i < 4; i += 1) breaker.failed(0, LATE);
    breaker.succeeded();
    for (let i = 0; i < 4; i += 1) breaker.failed(0, LATE);
    expect(breaker.stateAt(0)).toBe('closed');
    breaker.failed(0, LATE);
    expect([breaker.stateAt(0), breaker.waitMs(0)]).toEqual(['open', 1_000]);
  });

  it('lets one call try it after its pause, and no second beside it', () => {
    const breaker = opened();
    expect([breaker.waitMs(999), breaker.waitMs(1_000)]).toEqual([1, 0]);
    expect(breaker.stateAt(1_000)).toBe('half-open');
    expect(breaker.began()).toBe(true);
    expect(breaker.waitMs(1_000)).toBeGreaterThan(0);
    breaker.succeeded();
    expect(breaker.began()).toBe(false);
    expect([breaker.stateAt(1_000), breaker.waitMs(1_000)]).toEqual(['closed', 0]);
  });

  it('stays open twice as long when the try fails, up to its most', () => {
    const breaker = opened();
    const waits = [0, 1_000, 3_000, 6_000].map((atMs, i) => {
      if (i > 0) {
        breaker.began();
        breaker.failed(atMs, TRY);
      }
      return breaker.waitMs(atMs);
    });
    expect(waits).toEqual([1_000, 2_000, 3_000, 3_000]);
  });

  it('lets the next one try when the try was given up, and counts late failures once', () => {
    const breaker = opened();
    breaker.failed(10, LATE);
    expect(breaker.waitMs(10)).toBe(990);
    breaker.began();
    breaker.gaveUp(LATE);
    expect(breaker.waitMs(1_000)).toBeGreaterThan(0);
    breaker.gaveUp(TRY);
    expect(breaker.waitMs(1_000)).toBe(0);
  });
});
