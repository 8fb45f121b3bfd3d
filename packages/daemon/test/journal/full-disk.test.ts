// A full disk (DESIGN §3): a clear refusal, nothing corrupted, reads go on, the ballast carries
// what cannot be refused, and it recovers by itself.

import { stat } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { journalPaths } from '../../src/journal/sqlite/journal-file.ts';
import type { SqliteStore } from '../../src/journal/sqlite/sqlite-store.ts';
import type { Lease } from '@hivekernel/kernel';
import { eventOf, withDir, withStore } from './journal-ground.ts';

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
  it('refuses appends and those that continue from them, and keeps what was durable', async () => {
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
