import { SeededChance } from '@hivekernel/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EXIT_CAUSES, RESTART_POLICIES } from '../events/words.ts';
import { DEFAULT_SETTINGS } from '../settings.ts';
import { AFTERMATH, backoffMs, comesBack, kindOfEnd, type EndKind } from './restart-policy.ts';

// The page's table (S2), cell by cell.
const TABLE = {
  //           done       failed     crashed
  permanent: ['restart', 'restart', 'restart'],
  transient: ['end', 'restart', 'restart'],
  notify: ['end', 'decide', 'decide'],
  temporary: ['end', 'end', 'end'],
} as const;
const KINDS: readonly EndKind[] = ['done', 'failed', 'crashed'];

const CELLS = RESTART_POLICIES.flatMap((policy) =>
  KINDS.map((kind, i) => [policy, kind, TABLE[policy][i]] as const),
);

describe('AFTERMATH', () => {
  it.each(CELLS)('of a %s process that %s is %s (S2)', (policy, kind, aftermath) => {
    expect(AFTERMATH[policy][kind]).toBe(aftermath);
  });

  it('has one row a policy and one cell a kind of end (S2)', () => {
    expect(Object.keys(AFTERMATH)).toEqual([...RESTART_POLICIES]);
    for (const row of Object.values(AFTERMATH)) expect(Object.keys(row)).toEqual(KINDS);
  });
});

describe('comesBack()', () => {
  it.each([
    ['permanent', true],
    ['transient', true],
    ['notify', false],
    ['temporary', false],
  ] as const)('of %s after the death of the kernel is %s (S2)', (policy, expected) => {
    expect(comesBack(policy)).toBe(expected);
  });
});

describe('kindOfEnd()', () => {
  it.each([
    ['said so itself with 0', { isAnnounced: true, exitCode: 0, cause: 'done' }, 'done'],
    ['said so itself with 1', { isAnnounced: true, exitCode: 1, cause: 'done' }, 'failed'],
    ['went with code 0', { isAnnounced: false, exitCode: 0, cause: 'done' }, 'done'],
    ['went with code 1', { isAnnounced: false, exitCode: 1, cause: 'crashed' }, 'crashed'],
  ] as const)('of one that %s is "%s": 0 is no crash (S2)', (_, end, kind) => {
    expect(kindOfEnd(end)).toBe(kind);
  });

  it('is a crash for every cause but its own word, whatever the code (S2, S6)', () => {
    for (const cause of EXIT_CAUSES.filter((one) => one !== 'done')) {
      for (const exitCode of [0, -1, 139]) {
        expect(kindOfEnd({ isAnnounced: false, exitCode, cause })).toBe('crashed');
      }
    }
  });
});

describe('backoffMs()', () => {
  const { firstMs, mostMs, jitter } = DEFAULT_SETTINGS.restartBackoff;
  const without = { next: () => 0 };

  it('doubles from 1 s up to 60 s without jitter (S4)', () => {
    const how = { firstMs, mostMs, jitter, chance: without };
    const delays = [0, 1, 2, 3, 4, 5, 6, 7, 1_000].map((n) => backoffMs(n, how));
    const seconds = [1, 2, 4, 8, 16, 32, 60, 60, 60];
    expect(delays).toEqual(seconds.map((s) => s * 1_000));
  });

  it('is only shortened by jitter, and never by more than its share (S4)', () => {
    const restarts = fc.nat({ max: 2_000 });
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(restarts, share, fc.nat(), (n, part, seed) => {
        const full = backoffMs(n, { firstMs, mostMs, jitter: part, chance: without });
        const chance = new SeededChance(seed);
        const delayMs = backoffMs(n, { firstMs, mostMs, jitter: part, chance });
        expect(full).toBe(Math.min(mostMs, firstMs * 2 ** n));
        expect(delayMs).toBeLessThanOrEqual(full);
        expect(delayMs).toBeGreaterThanOrEqual(Math.floor(full * (1 - part)));
      }),
    );
  });

  it('spreads what crashed together (S4)', () => {
    const chance = new SeededChance(1);
    const how = { firstMs, mostMs, jitter, chance };
    const delays = new Set(Array.from({ length: 100 }, () => backoffMs(4, how)));
    expect(delays.size).toBeGreaterThan(90);
  });
});
