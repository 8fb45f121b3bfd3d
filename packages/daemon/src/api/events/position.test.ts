import { describe, expect, it } from 'vitest';
import { idOf, positionOf, readId, wholeSeqOf } from './position.ts';

describe('idOf() and readId()', () => {
  it.each([
    [{ seq: 0, part: 0 }, '0'],
    [{ seq: 42, part: 0 }, '42'],
    [{ seq: 42, part: 7 }, '42.7'],
  ])('write %o as %s and read it back', (position, id) => {
    expect(idOf(position)).toBe(id);
    expect(readId(id)).toEqual(position);
  });

  it.each(['', ' 42', '42.', '42.0', '-1', '1e3', '42.1.1', '9'.repeat(16), 'x', '٤٢'])(
    'refuse %j',
    (text) => {
      expect(() => readId(text)).toThrow(expect.objectContaining({ code: 'invalid_argument' }));
    },
  );
});

describe('positionOf()', () => {
  it('takes the id before the seq, which tells less', () => {
    expect(positionOf({ id: '42.1', seq: 42 })).toEqual({ seq: 42, part: 1 });
    expect(positionOf({ id: '', seq: 42 })).toEqual({ seq: 42, part: 0 });
  });
});

describe('wholeSeqOf()', () => {
  it('is before an event of which some is left', () => {
    expect(wholeSeqOf({ seq: 42, part: 0 })).toBe(42);
    expect(wholeSeqOf({ seq: 42, part: 1 })).toBe(41);
  });
});
