import { describe, expect, it } from 'vitest';
import { runChecks, type Check } from './check.ts';

const script = (name: string, code: string): Check => ({
  name,
  command: [process.execPath, '-e', code],
});

describe('runChecks()', () => {
  it('runs all, prints in order, and shows what failed in full', async () => {
    const printed: string[] = [];
    const isGood = await runChecks(
      [
        script('first', 'setTimeout(() => {}, 100)'),
        script('second', 'console.log("out"); console.error("err"); process.exitCode = 1'),
        script('third', ''),
        { name: 'fourth', command: ['/no/such/program'] },
      ],
      (text) => printed.push(text),
    );
    expect(isGood).toBe(false);
    expect(printed.map((text) => text.trim().slice(0, 12).trimEnd())).toEqual([
      'ok    first',
      'FAIL  second',
      'ok    third',
      'FAIL  fourth',
      '--- second -',
      '--- fourth -',
    ]);
    expect(printed[4]).toMatch(/out[^]*err/);
    expect(printed[5]).toContain('ENOENT');
  });

  it('is good when all are', async () => {
    expect(await runChecks([script('only', '')], () => {})).toBe(true);
  });
});
