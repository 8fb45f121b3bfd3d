import { describe, expect, it } from 'vitest';
import type { Figure } from './benchmark.ts';
import { jsonLine, tableRow } from './report.ts';
import { median, percentile, rounded, warmedUp } from './statistics.ts';

const rate: Figure = {
  name: 'send',
  value: 49_999.6,
  unit: 'msg/s',
  goal: 50_000,
  isHigherBetter: true,
  note: 'durable',
};
const latency: Figure = { ...rate, name: 'p50', value: 1.234_5, unit: 'ms', goal: 2 };

describe('jsonLine()', () => {
  it('tells whether the goal is met by the measured value, not by the shown one', () => {
    const shown = { name: 'send', value: 50_000, unit: 'msg/s', goal: 50_000 };
    expect(JSON.parse(jsonLine(rate))).toEqual({ ...shown, ok: false });
  });

  it('takes less for better where it is', () => {
    const isLow = { ...latency, isHigherBetter: false };
    expect(JSON.parse(jsonLine(isLow))).toMatchObject({ value: 1.23, ok: true });
    expect(JSON.parse(jsonLine(latency))).toMatchObject({ ok: false });
  });
});

describe('a figure without a goal, or that was not measured', () => {
  const peer: Figure = { ...rate, name: 'peer', goal: undefined };
  const missing: Figure = { ...peer, value: undefined, note: 'peer not installed' };

  it('is neither met nor missed', () => {
    expect(JSON.parse(jsonLine(peer))).toMatchObject({ value: 50_000, goal: null, ok: null });
    expect(JSON.parse(jsonLine(missing))).toMatchObject({ value: null, ok: null });
    expect(tableRow(peer)).toMatch(/^peer +50,000 {2}msg\/s +- +- +durable$/);
    expect(tableRow(missing)).toMatch(/^peer +- {2}msg\/s +- +- +peer not installed$/);
  });
});

describe('tableRow()', () => {
  it('shows value, goal with its direction, and whether it is met', () => {
    expect(tableRow(rate)).toMatch(/^send +50,000 {2}msg\/s +>= 50,000 +no +durable$/);
  });
});

describe('percentile()', () => {
  it('takes the nearest rank, whatever the order', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 3, 2])).toBe(2);
    expect(percentile([1, 2, 3, 4], 1)).toBe(4);
  });

  it('throws where nothing was measured', () => {
    expect(() => median([])).toThrow('nothing was measured');
  });
});

describe('warmedUp()', () => {
  it('drops the first, and at most half', () => {
    expect(warmedUp([9, 1, 2], 1)).toEqual([1, 2]);
    expect(warmedUp([9, 8, 1], 50)).toEqual([8, 1]);
    expect(warmedUp([1], 50)).toEqual([1]);
  });
});

describe('rounded()', () => {
  it('keeps three digits', () => {
    expect([rounded(0.123_45), rounded(12.345), rounded(123.45)]).toEqual([0.123, 12.3, 123]);
  });
});
