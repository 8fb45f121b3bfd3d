// A full disk (DESIGN §3): a clear refusal, nothing corrupted, reads go on, the ballast carries what
// cannot be refused, and it recovers by itself.

import { stat } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { journalPaths } from './journal-file.ts';
import { SpaceGuard } from './space-guard.ts';
import type { SqliteStore } from './sqlite-store.ts';
import type { Lease } from '@hivekernel/kernel';
import { eventOf, withDir, withStore } from './test-ground.ts';

const KIB = 1024;
const BALLAST_BYTES = 64 * KIB;
const FULL = { code: 'storage_full' };

/** Appends until the disk is full; gives the last durable seq. */
async function fillUp(store: SqliteStore, lease: Lease): Promise<number> {
  let seq = lease.lastSeq;
  try {
    for (;;) {
      await store.append(eventOf(lease, seq + 1, 10 * KIB));
      seq += 1;
    }
  } catch (error) {
    expect(error).toMatchObject(FULL);
    return seq;
  }
}

async function hasBallast(dir: string): Promise<boolean> {
  const found = await stat(journalPaths(dir).ballast).catch(() => undefined);
  return found?.size === BALLAST_BYTES;
}

describe('SqliteStore on a full disk', () => {
  it('refuses appends and those that continue from them, and keeps all that was durable', async () => {
    await withDir(async (dir) => {
      let seq = 0;
      await withStore({ dir, pagesMax: 100 }, async (store, lease) => {
        seq = await fillUp(store, lease);
        const settled = await Promise.allSettled([
          store.append(eventOf(lease, seq + 1, 40 * KIB)),
          store.append(eventOf(lease, seq + 2, 1)),
          store.append(eventOf(lease, seq + 3, 1)),
        ]);
        const refused = { status: 'rejected', reason: FULL };
        expect(settled).toMatchObject([refused, refused, refused]);
        expect(await store.verify({ partition: 1 })).toEqual({ lastGoodSeq: seq });
      });
      await withStore({ dir }, async (store, lease) => {
        expect(lease.lastSeq).toBe(seq);
        await store.append(eventOf(lease, seq + 1));
      });
    });
  });

  it('goes on from the durable seq when retention has made room', async () => {
    await withDir(async (dir) => {
      await withStore({ dir, pagesMax: 200 }, async (store, lease) => {
        for (let seq = 1; seq <= 20; seq += 1) await store.append(eventOf(lease, seq, 10 * KIB));
        for (const seq of [18, 20]) {
          const snapshot = { partition: 1, seq, v: 1, body: '{}' };
          await store.saveSnapshot({ epoch: lease.epoch, snapshot });
        }
        const seq = await fillUp(store, { ...lease, lastSeq: 20 });
        const policy = { nowWallMs: 1e9, keepMs: 0, keepBytes: 0, liveHashes: new Set<string>() };
        await store.retain({ partition: 1, policy });
        await store.append(eventOf(lease, seq + 1, 10 * KIB));
        expect((await store.stats({ partition: 1 })).firstSeq).toBe(19);
      });
    });
  });

  it('frees the ballast and is low; when there is space again, writes it and is not', async () => {
    await withDir(async (dir) => {
      const told: boolean[] = [];
      const options = {
        dir,
        pagesMax: 100,
        ballastBytes: BALLAST_BYTES,
        onSpaceChange: (isLow: boolean) => void told.push(isLow),
      };
      await withStore(options, async (store, lease) => {
        await store.checkSpace();
        expect(await hasBallast(dir)).toBe(true);
        await fillUp(store, lease);
        expect(await hasBallast(dir)).toBe(false);
        expect((await store.stats({ partition: 1 })).isLow).toBe(true);
        expect(await store.checkSpace()).toBe(false);
        expect(await hasBallast(dir)).toBe(true);
        expect(told).toEqual([true, false]);
      });
    });
  });
});

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
