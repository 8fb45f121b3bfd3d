import { describe, expect, it } from 'vitest';
import { countMisplaced, type Handled } from './inbox-order.ts';

const one = (level: number, atMs: number, n: number, from = 1): Handled => ({
  from,
  level,
  atMs,
  n,
});

describe('countMisplaced()', () => {
  it('finds nothing where priority and age are in order (M4)', () => {
    const order = [one(0, 0, 1), one(0, 9_000, 4), one(1, 0, 2), one(0, 10_001, 5), one(1, 500, 3)];
    expect(countMisplaced(order)).toBe(0);
  });

  it('counts what came too late', () => {
    expect(countMisplaced([one(1, 0, 1), one(0, 0, 2)])).toBe(1);
    expect(countMisplaced([one(1, 0, 1), one(0, 10_000, 2)])).toBe(0);
    expect(countMisplaced([one(1, 0, 1), one(0, 9_999, 2)])).toBe(1);
  });

  it('counts what overtook its own lane, and no other (M6)', () => {
    expect(countMisplaced([one(2, 0, 2), one(2, 0, 1)])).toBe(1);
    expect(countMisplaced([one(2, 0, 2), one(2, 0, 1, 7)])).toBe(0);
    expect(countMisplaced([one(2, 0, 2), one(2, 0, 2)])).toBe(1);
  });

  it('forgives what the times may be wrong by', () => {
    expect(countMisplaced([one(0, 50, 1), one(0, 0, 2)], 50)).toBe(0);
    expect(countMisplaced([one(0, 50, 1), one(0, 0, 2)], 49)).toBe(1);
  });
});
