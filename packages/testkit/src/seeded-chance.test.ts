import { describe, expect, it } from 'vitest';
import { SeededChance, seeds } from './seeded-chance.ts';

const draw = (seed: number): number[] => {
  const chance = new SeededChance(seed);
  return Array.from({ length: 1_000 }, () => chance.next());
};

describe('SeededChance', () => {
  it('repeats itself for the same seed, and not for another', () => {
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
  });

  it('stays in [0, 1) and is spread over it', () => {
    const numbers = draw(1);
    expect(numbers.every((n) => n >= 0 && n < 1)).toBe(true);
    const mean = numbers.reduce((sum, n) => sum + n, 0) / numbers.length;
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.05);
  });

  it('picks every item of a list, and refuses an empty one', () => {
    const chance = new SeededChance(3);
    const picked = new Set(Array.from({ length: 100 }, () => chance.pick(['a', 'b', 'c'])));
    expect([...picked].toSorted()).toEqual(['a', 'b', 'c']);
    expect(() => chance.pick([])).toThrow(/nothing/);
    expect(chance.below(1)).toBe(0);
  });
});

describe('seeds()', () => {
  it('counts from 1, or gives the one that the environment names', () => {
    const fromEnv = 'HIVEKERNEL_TEST_SEED';
    expect(seeds({ count: 3, fromEnv })).toEqual([1, 2, 3]);
    try {
      process.env[fromEnv] = '42';
      expect(seeds({ count: 3, fromEnv })).toEqual([42]);
      process.env[fromEnv] = 'x';
      expect(() => seeds({ count: 3, fromEnv })).toThrow(/no seed/);
    } finally {
      delete process.env[fromEnv];
    }
  });
});
