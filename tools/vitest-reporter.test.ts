import { describe, expect, it } from 'vitest';
import { describeTally, tallyOf, type TestOutcome } from './vitest-reporter.ts';

const OUTCOMES: readonly TestOutcome[] = [
  { file: 'a.test.ts', title: 'a > one', state: 'passed' },
  { file: 'a.test.ts', title: 'a > two', state: 'failed' },
  { file: 'b.test.ts', title: 'b > three', state: 'skipped', note: 'no database' },
  { file: 'b.test.ts', title: 'b > four', state: 'pending' },
];

describe('tallyOf()', () => {
  it('counts, and names what was skipped with its reason', () => {
    expect(tallyOf(OUTCOMES)).toEqual({
      passed: 1,
      failed: 1,
      skipped: ['b.test.ts > b > three (no database)', 'b.test.ts > b > four'],
    });
  });
});

describe('describeTally()', () => {
  it('ends with one plain line that counts what broke outside of tests too', () => {
    const text = describeTally(tallyOf(OUTCOMES.slice(0, 2)), { brokenCount: 1, isCi: true });
    expect(text).toBe('1 passed, 2 failed');
  });

  it('says under CI that what was skipped fails the run', () => {
    const tally = tallyOf(OUTCOMES);
    expect(describeTally(tally, { brokenCount: 0, isCi: true })).toContain('this run fails');
    expect(describeTally(tally, { brokenCount: 0, isCi: false })).not.toContain('this run fails');
  });
});
