import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { divide } from './shares.ts';

describe('divide()', () => {
  it('gives empty files to different workers, too', () => {
    const files = ['a', 'b', 'c'].map((name) => ({ path: `/${name}`, name, sizeBytes: 0 }));
    expect(divide(files, 3).map(({ length }) => length)).toEqual([1, 1, 1]);
  });

  it('gives every file to one worker, nobody nothing, and nobody much more than another', () => {
    const sizes = fc.array(fc.nat({ max: 1_000 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 8 }), (list, sharesMax) => {
        const files = list.map((sizeBytes, i) => ({ path: `/${i}`, name: `${i}`, sizeBytes }));
        const shares = divide(files, sharesMax);
        expect(shares.length).toBe(Math.min(sharesMax, files.length));
        expect(shares.every(({ length }) => length > 0)).toBe(true);
        expect(
          shares
            .flat()
            .map(({ name }) => name)
            .toSorted(),
        ).toEqual(files.map(({ name }) => name).toSorted());
        const loads = shares.map((share) =>
          share.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
        );
        expect(Math.max(...loads) - Math.min(...loads)).toBeLessThanOrEqual(Math.max(...list));
      }),
    );
  });
});
