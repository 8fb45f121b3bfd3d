import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { birthPartition, formatId, parseId, pidOf } from './ids.ts';

const partition = fc.nat({ max: 2 ** 20 });

describe('pids', () => {
  it('carry their birth partition and stay under 2^53 (P1)', () => {
    fc.assert(
      fc.property(partition, fc.integer({ min: 1, max: 2 ** 32 - 1 }), (part, n) => {
        const pid = pidOf(part, n);
        expect(birthPartition(pid)).toBe(part);
        expect(Number.isSafeInteger(pid)).toBe(true);
      }),
    );
    expect(pidOf(0, 7)).toBe(7);
  });
});

describe('parseId()', () => {
  it('reads what formatId() wrote, and only for the same letter (M5)', () => {
    fc.assert(
      fc.property(partition, fc.nat(), (part, n) => {
        expect(parseId('m', formatId('m', part, n))).toBe(n);
        expect(parseId('t', formatId('m', part, n))).toBeUndefined();
      }),
    );
  });

  it.each(['', 'm', '12', 'm-1', 'm1.5.6', 'm1e3', 'x12', 'm 1', `m${'9'.repeat(17)}`, 'm1.'])(
    'takes %j for no id',
    (text) => {
      expect(parseId('m', text)).toBeUndefined();
    },
  );
});
