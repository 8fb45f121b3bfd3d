import { describe, expect, it } from 'vitest';
import {
  cutEnd,
  cutMiddle,
  displayWidth,
  padEnd,
  padStart,
  safeLine,
  safeText,
} from './plain-text.ts';

describe('safeText()', () => {
  it.each([
    ['\u001b[31mred\u001b[0m', 'red'],
    ['\u001b]0;title\u0007text', 'text'],
    ['a\u0000b\u0007c\u009b', 'abc'],
    ['one\r\ntwo\tthree', 'one\ntwo\tthree'],
    ['over\rwritten', 'overwritten'],
    ['a\u202eb\u2066c', 'abc'],
  ])('makes %j harmless', (text, safe) => {
    expect(safeText(text)).toBe(safe);
  });
});

describe('safeLine()', () => {
  it('makes one line of many', () => {
    expect(safeLine(' a\n\n b\tc ')).toBe('a b c');
  });
});

describe('displayWidth()', () => {
  it.each([
    ['abc', 3],
    ['é', 1],
    ['e\u0301', 1],
    ['漢字', 4],
    ['👩‍🚀', 2],
    ['├─ x', 4],
    ['●', 1],
    ['', 0],
  ])('of %j is %i', (text, columns) => {
    expect(displayWidth(text)).toBe(columns);
  });
});

describe('padEnd(), padStart()', () => {
  it('fill up to the columns that are seen', () => {
    expect(padEnd('漢', 4)).toBe('漢  ');
    expect(padStart('é', 3)).toBe('  é');
    expect(padEnd('long', 2)).toBe('long');
  });
});

describe('cutEnd(), cutMiddle()', () => {
  it('never exceed the columns', () => {
    for (const text of ['abcdefghij', '漢字漢字漢字', 'a漢b字c']) {
      for (let columns = 0; columns <= 12; columns++) {
        expect(displayWidth(cutEnd(text, columns))).toBeLessThanOrEqual(columns);
        expect(displayWidth(cutMiddle(text, columns))).toBeLessThanOrEqual(columns);
      }
    }
  });

  it('leave what fits, and show both ends of a path', () => {
    expect(cutEnd('abc', 3)).toBe('abc');
    expect(cutEnd('abcdef', 4)).toBe('abc…');
    expect(cutMiddle('/king/queen/lead-1', 11)).toBe('/king…ead-1');
  });
});
