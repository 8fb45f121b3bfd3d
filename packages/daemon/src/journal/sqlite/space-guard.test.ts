// The reserve below a full disk, on a disk whose free space the test says (J14).

import { stat } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { withDir } from '../../../test/journal/journal-ground.ts';
import { journalPaths } from './journal-file.ts';
import { SpaceGuard } from './space-guard.ts';

const BALLAST_BYTES = 64 * 1024;

async function hasBallast(dir: string): Promise<boolean> {
  const found = await stat(journalPaths(dir).ballast).catch(() => undefined);
  return found?.size === BALLAST_BYTES;
}

describe('SpaceGuard.check()', () => {
  const cases = [
    {
      what: 'more than twice the ballast is free',
      free: 3 * BALLAST_BYTES,
      isLow: false,
      has: true,
    },
    { what: 'less than twice is free', free: 1.5 * BALLAST_BYTES, isLow: false, has: false },
    { what: 'less than the ballast is free', free: 0.5 * BALLAST_BYTES, isLow: true, has: false },
  ];
  it.each(cases)('when $what: low is $isLow, ballast is $has', async ({ free, isLow, has }) => {
    await withDir(async (dir) => {
      const guard = guardOf(dir, async () => free);
      expect(await guard.check()).toBe(isLow);
      expect(await hasBallast(dir)).toBe(has);
      await guard.close();
    });
  });

  it('stays low after the ballast was freed, until twice its size is free', async () => {
    await withDir(async (dir) => {
      let free = 3 * BALLAST_BYTES;
      const guard = guardOf(dir, async () => free);
      guard.noteRanOut();
      free = 1.5 * BALLAST_BYTES;
      expect(await guard.check()).toBe(true);
      free = 3 * BALLAST_BYTES;
      expect(await guard.check()).toBe(false);
      await guard.close();
    });
  });

  it('is low when the disk cannot be looked at', async () => {
    await withDir(async (dir) => {
      const guard = guardOf(dir, () => Promise.reject(new Error('no such disk')));
      expect(await guard.check()).toBe(true);
      await guard.close();
    });
  });
});

const guardOf = (dir: string, freeBytes: () => Promise<number>) =>
  new SpaceGuard({
    dir,
    ballastBytes: BALLAST_BYTES,
    checkEveryMs: 60_000,
    onChange: () => undefined,
    freeBytes,
  });
