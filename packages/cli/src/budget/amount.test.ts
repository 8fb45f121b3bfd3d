import { describe, expect, it } from 'vitest';
import { CliError } from '../errors/cli-error.ts';
import { MINUS, readAmount, readWhole, showAmount, showFigure } from './amount.ts';

const MAX = Number.MAX_SAFE_INTEGER;

function refusal(read: () => unknown): CliError {
  try {
    read();
  } catch (error) {
    if (error instanceof CliError) return error;
    throw error;
  }
  throw new Error('it was read');
}

describe('readAmount()', () => {
  it.each([
    ['200000', 'tokens', 200_000],
    ['200,000', 'tokens', 200_000],
    ['0', 'tokens', 0],
    ['-0', 'tokens', 0],
    ['50k', 'tokens', 50_000],
    ['50K', 'tokens', 50_000],
    ['1.5M', 'tokens', 1_500_000],
    ['2G', 'tokens', 2_000_000_000],
    ['.5k', 'tokens', 500],
    ['1.0', 'tokens', 1],
    ['+20k', 'tokens', 20_000],
    ['-20k', 'tokens', -20_000],
    [`${MINUS}20k`, 'tokens', -20_000],
    [String(MAX), 'tokens', MAX],
    ['$0.50', 'usd', 500_000],
    ['-$0.50', 'usd', -500_000],
    ['$.000001', 'usd', 1],
    ['$1.5k', 'usd', 1_500_000_000],
    ['$1,200.25', 'usd', 1_200_250_000],
    // Floating point would make 4350000.0000000001 of it.
    ['$4.35', 'usd', 4_350_000],
  ])('reads %s as %s, exactly %d', (text, unit, count) => {
    expect(readAmount(text)).toEqual({ unit, count });
  });

  it.each([
    ['', 'It is no amount'],
    ['$', 'It is no amount'],
    ['k', 'It is no amount'],
    ['many', 'It is no amount'],
    ['1e9', 'It is no amount'],
    ['5 k', 'It is no amount'],
    ['50m', 'It is no amount'],
    ['1,00', 'It is no amount'],
    ['0x10', 'It is no amount'],
    ['€5', 'It is no amount'],
    ['--5', 'It is no amount'],
    ['0.5', 'A token is not divided. Dollars are written with their sign.'],
    ['1.0005k', 'A token is not divided.'],
    ['$0.0000001', 'A dollar is counted in millionths, not in less.'],
    [String(MAX + 1), 'The most that can be counted is'],
    ['9999999G', 'The most that can be counted is'],
    ['$9007199255', 'The most that can be counted is'],
    ['9'.repeat(400), 'It is no amount'],
  ])('refuses %j: %s', (text, why) => {
    const error = refusal(() => readAmount(text));
    expect(error).toMatchObject({ code: 'E_USAGE', exitCode: 2 });
    expect(error.message).toBe(`"${text}" is no amount of a budget.`);
    expect(error.why).toContain(why);
    expect(error.hints.map(({ command }) => command).join(' ')).toContain("50k, 1.5M '$0.50'");
  });
});

describe('readWhole()', () => {
  it('reads nothing and more, and says how less is taken', () => {
    expect(readWhole('0')).toEqual({ unit: 'tokens', count: 0 });
    const error = refusal(() => readWhole(`${MINUS}$5`));
    expect(error.message).toBe('"-$5" is no amount of a budget.');
    expect(error.hints).toEqual([
      { label: 'Take from it', command: "hive budget raise PROC '-$5'" },
    ]);
  });
});

describe('showAmount(), showFigure()', () => {
  it.each([
    [0, 'tactical', '0 tactical tokens'],
    [1_234_567, 'strategic', '1,234,567 strategic tokens'],
    [-1_500, 'operational', '-1,500 operational tokens'],
    [0, 'usd', '$0.00'],
    [500_000, 'usd', '$0.50'],
    [12_345, 'usd', '$0.012345'],
    [-250_000, 'usd', '-$0.25'],
    [1_200_250_000, 'usd', '$1,200.25'],
  ])('show %d of %s as %s', (amount, purse, text) => {
    expect(showAmount(amount, purse)).toBe(text);
    expect(text.startsWith(showFigure(amount, purse))).toBe(true);
  });

  it('say of the largest amount that it is no limit', () => {
    expect(showFigure(MAX, 'tactical')).toBe('no limit');
    expect(showFigure(MAX, 'usd')).toBe('no limit');
  });

  it('show what readAmount() reads as the same amount', () => {
    for (const count of [0, 7, 12_345, 500_000, 1_200_250_000]) {
      expect(readAmount(showFigure(count, 'usd'))).toEqual({ unit: 'usd', count });
      expect(readAmount(showFigure(count, 'tactical'))).toEqual({ unit: 'tokens', count });
    }
  });
});
