import { asPid } from '@hivekernel/kernel';
import type { Fact } from '@hivekernel/kernel';
import { describe, expect, it } from 'vitest';
import { Warnings } from './warnings.ts';

function makeWarnings() {
  const messages: string[] = [];
  const fact = (told: Fact): void => {
    if (told.fact === 'log') messages.push(`${told.level} ${told.message}`);
  };
  return { warnings: new Warnings({ host: { fact }, pid: asPid(7) }), messages };
}

describe('Warnings.warn()', () => {
  it('tells the first of each kind, and counts the rest into one summary', () => {
    const { warnings, messages } = makeWarnings();
    for (let n = 1; n <= 1_000; n += 1) warnings.warn('a', `a ${n}`);
    warnings.warn('b', 'b');
    expect(messages).toEqual(['warn a 1', 'warn b']);
    warnings.flush();
    warnings.flush();
    expect(messages).toEqual(['warn a 1', 'warn b', 'warn a 1000 (999 times)']);
  });
});
