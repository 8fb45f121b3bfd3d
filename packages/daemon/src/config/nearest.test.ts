import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { editDistance, nearest } from './nearest.ts';

describe('nearest()', () => {
  it('finds the word that takes the fewest edits', () => {
    expect(nearest('kil', ['kill', 'skip', 'down'])).toBe('kill');
    expect(nearest('spwan', ['spawn', 'span'])).toBe('spawn');
    expect(nearest('HIVE_MODLE', ['HIVE_MODEL', 'HIVE_NODE'])).toBe('HIVE_MODEL');
  });

  it('finds nothing when all are far, or the word is huge', () => {
    expect(nearest('banana', ['kill', 'down'])).toBeUndefined();
    expect(nearest('k'.repeat(10_000), ['k'.repeat(10_000)])).toBeUndefined();
  });
});

describe('editDistance()', () => {
  it.each([
    ['', '', 0],
    ['abc', '', 3],
    ['abc', 'acb', 1],
    ['kitten', 'sitting', 3],
  ])('of %j and %j is %d', (a, b, edits) => {
    expect(editDistance(a, b)).toBe(edits);
  });

  it('is symmetric, 0 only for the same, and at most the longer length', () => {
    const word = fc.string({ maxLength: 12 });
    fc.assert(
      fc.property(word, word, (a, b) => {
        const edits = editDistance(a, b);
        expect(edits).toBe(editDistance(b, a));
        expect(edits === 0).toBe(a === b);
        expect(edits).toBeLessThanOrEqual(Math.max(a.length, b.length));
      }),
    );
  });
});
