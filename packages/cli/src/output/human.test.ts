import { describe, expect, it } from 'vitest';
import {
  countFlag,
  durationFlag,
  plural,
  readDuration,
  showAge,
  showBytes,
  showCount,
  showSpan,
} from './human.ts';

describe('showCount(), showBytes()', () => {
  it.each([
    [0, '0'],
    [999, '999'],
    [1_204, '1.2k'],
    [31_000, '31k'],
    [2_500_000, '2.5M'],
  ])('%i is %s', (count, text) => {
    expect(showCount(count)).toBe(text);
  });

  it('count bytes in powers of two', () => {
    expect(showBytes(688)).toBe('688 B');
    expect(showBytes(2_048)).toBe('2.0 KiB');
    expect(showBytes(64 * 1_024 ** 2)).toBe('64 MiB');
  });
});

describe('showAge(), showSpan()', () => {
  it.each([
    [400, '0s', '0.4s'],
    [90_000, '90s', '90s'],
    [240_000, '4m', '4m'],
    [3 * 3_600_000, '3h', '3h'],
    [72 * 3_600_000, '3d', '3d'],
    [-5, '0s', '-0.0s'],
  ])('%i ms', (ms, age, span) => {
    expect(showAge(ms)).toBe(age);
    expect(showSpan(ms)).toBe(span);
  });
});

describe('readDuration()', () => {
  it.each([
    ['500ms', 500],
    ['30s', 30_000],
    ['1.5m', 90_000],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
    ['30', undefined],
    ['', undefined],
    ['-1s', undefined],
    ['1w', undefined],
  ])('%j is %s', (text, ms) => {
    expect(readDuration(text)).toBe(ms);
  });
});

describe('durationFlag(), countFlag()', () => {
  it('name the flag in what they refuse', () => {
    expect(() => durationFlag('--grace', '5')).toThrow('--grace wants a time with its unit');
    expect(() => countFlag('--limit', 'x')).toThrow('--limit wants a whole number; got "x"');
    expect(countFlag('--limit', '20')).toBe(20);
  });
});

describe('plural()', () => {
  it('knows one and many', () => {
    expect([plural(1, 'agent'), plural(0, 'agent'), plural(2, 'process', 'processes')]).toEqual([
      '1 agent',
      '0 agents',
      '2 processes',
    ]);
  });
});
