import { describe, expect, it } from 'vitest';
import { readBudget } from './spawn-budget.ts';

describe('readBudget()', () => {
  it('makes fields of a spawn of tokens, dollars, or both', () => {
    expect(readBudget()).toEqual({});
    expect(readBudget(['50k'])).toEqual({ limits: { tokensTotalMax: 50_000 } });
    expect(readBudget(['$0.50'])).toEqual({ usdMicros: 500_000 });
    expect(readBudget(['$0.50', '50k'])).toEqual({
      limits: { tokensTotalMax: 50_000 },
      usdMicros: 500_000,
    });
  });

  it.each([
    [['0'], 'more than 0'],
    [['1k', '2k'], 'tokens once'],
    [['$1', '$2'], 'dollars once'],
    [['-5'], 'is no amount'],
    [['0.5'], 'is no amount'],
  ])('refuses %j', (texts, says) => {
    expect(() => readBudget(texts)).toThrow(says);
  });
});
