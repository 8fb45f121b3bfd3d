import { describe, expect, it } from 'vitest';
import { asPid } from '../ids.ts';
import { LIMITS } from '../limits.ts';
import { OwedCalls } from './owed-calls.ts';

describe('OwedCalls', () => {
  it('has room up to the bound, for each process apart', () => {
    const owed = new OwedCalls();
    for (let i = 0; i < LIMITS.owedCallsPerProcessMax; i += 1) {
      owed.requireRoom(asPid(2));
      owed.began(asPid(2));
    }
    const ask = (): void => owed.requireRoom(asPid(2));
    expect(ask).toThrow(expect.objectContaining({ code: 'limit_exceeded' }));
    expect(() => owed.requireRoom(asPid(3))).not.toThrow();
    owed.answered(asPid(2));
    expect(ask).not.toThrow();
  });

  it('does not fall below zero for answers of calls that it never saw', () => {
    const owed = new OwedCalls();
    owed.answered(asPid(2));
    owed.began(asPid(2));
    expect(owed.count(asPid(2))).toBe(1);
  });
});
