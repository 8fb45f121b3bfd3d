import { describe, expect, it } from 'vitest';
import { protoFields } from './proto-fields.ts';

const read = (...bytes: number[]) =>
  [...protoFields(Uint8Array.from(bytes))].map(({ number, bytes: value }) => [number, [...value]]);

describe('protoFields()', () => {
  it('tells length-delimited fields with their bytes, others by number', () => {
    expect(read(0x0a, 2, 65, 66, 0x10, 0x96, 0x01, 0x1d, 1, 2, 3, 4)).toEqual([
      [1, [65, 66]],
      [2, []],
      [3, []],
    ]);
  });

  it.each([
    ['a number that does not end', [0x08, 0x80]],
    ['a field that does not end', [0x0a, 5, 65]],
    ['a fixed field that does not end', [0x09, 1, 2]],
    ['an unknown wire type', [0x0b]],
    ['a number of more than ten bytes', Array.from({ length: 20 }, () => 0x80)],
  ])('throws at %s', (_, bytes) => {
    expect(() => read(...bytes)).toThrow(RangeError);
  });
});
