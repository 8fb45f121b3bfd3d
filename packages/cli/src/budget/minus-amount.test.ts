import { describe, expect, it } from 'vitest';
import { MINUS } from './amount.ts';
import { withMinusAmount } from './minus-amount.ts';

const words = (line: string): string =>
  withMinusAmount(line.split(' ')).join(' ').replaceAll(MINUS, 'MINUS');

describe('withMinusAmount()', () => {
  it.each([
    ['budget raise w -20k', 'budget raise w MINUS20k'],
    ['budget raise w -$0.50', 'budget raise w MINUS$0.50'],
    ['budget raise w -.5k', 'budget raise w MINUS.5k'],
    ['budget set w -5', 'budget set w MINUS5'],
    ['-o json budget raise w -5 --note x', '-o json budget raise w MINUS5 --note x'],
    ['budget raise w --note -5 -6', 'budget raise w --note -5 MINUS6'],
  ])('makes of `%s` `%s`', (line, rewritten) => {
    expect(words(line)).toBe(rewritten);
  });

  it.each([
    'budget raise w 20k',
    'budget raise w -q',
    'budget raise w --tier strategic 5',
    'budget ls --limit -5',
    'kill -9 7',
    'send raise -5',
    '--data budget raise -5',
  ])('leaves `%s` as it is', (line) => {
    expect(words(line)).toBe(line);
  });
});
