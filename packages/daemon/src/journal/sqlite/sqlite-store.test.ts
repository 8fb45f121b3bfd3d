// SqliteStore against the suite of the port, and what only a file can do: a lock, a version, a
// damaged database.

import { storeSuite } from '@hivekernel/testkit';
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import {
  AppendingChild,
  eventOf,
  withDir,
  withStore,
} from '../../../test/journal/journal-ground.ts';
import { journalPaths } from './journal-file.ts';
import { SqliteStore } from './sqlite-store.ts';

function alter(dir: string, sql: string, ...values: number[]): void {
  const db = new DatabaseSync(journalPaths(dir).database);
  db.prepare(sql).run(...values);
  db.close();
}

storeSuite({
  name: 'SqliteStore',
  propertyRuns: 10,
  make: async () => {
    const dir = await mkdtemp(join(tmpdir(), 'hive-journal-'));
    return {
      open: () => SqliteStore.open({ dir, ballastBytes: 0 }),
      corruptFrame: async ({ partition, seq }) => {
        const frame = `(SELECT MIN(last_seq) FROM frame WHERE partition = ? AND last_seq >= ?)`;
        const where = `WHERE partition = ? AND last_seq = ${frame}`;
        alter(
          dir,
          `UPDATE frame SET body = CAST('[{}]' AS BLOB) ${where}`,
          partition,
          partition,
          seq,
        );
      },
      corruptSnapshot: async ({ partition, seq }) =>
        alter(
          dir,
          `UPDATE snapshot_part SET body = CAST('{}' AS BLOB) WHERE partition = ? AND seq = ?`,
          partition,
          seq,
        ),
      remove: () => rm(dir, { recursive: true, force: true }),
    };
  },
});

describe('SqliteStore.open()', () => {
  it('is refused with the pid of the holder of the directory, until that is killed', async () => {
    await withDir(async (dir) => {
      const child = new AppendingChild(dir);
      await child.reach(1);
      await expect(SqliteStore.open({ dir, ballastBytes: 0 })).rejects.toMatchObject({
        code: 'conflict',
        message: expect.stringContaining(`locked by another daemon (pid ${child.pid})`),
        details: { pid: child.pid },
      });
      await child.killHard();
      await withStore({ dir }, async (_, lease) => {
        expect(lease.lastSeq).toBeGreaterThanOrEqual(child.lastAckedSeq);
      });
    });
  });

  it('refuses a journal of a newer version, saying what to do, and changes nothing', async () => {
    await withDir(async (dir) => {
      await withStore({ dir }, (store, lease) => store.append(eventOf(lease, 1)));
      alter(dir, `UPDATE meta SET value = '7' WHERE name = 'schema'`);
      await expect(SqliteStore.open({ dir })).rejects.toMatchObject({
        code: 'conflict',
        message: expect.stringMatching(/version 7; .* up to 1\. Nothing was changed\. Use /),
      });
      alter(dir, `UPDATE meta SET value = '1' WHERE name = 'schema'`);
      await withStore({ dir }, async (_, lease) => expect(lease.lastSeq).toBe(1));
    });
  });

  it('refuses a database of something else', async () => {
    await withDir(async (dir) => {
      alter(dir, 'CREATE TABLE recipes (name TEXT)');
      const opened = SqliteStore.open({ dir, ballastBytes: 0 });
      await expect(opened).rejects.toMatchObject({ code: 'conflict' });
    });
  });

  it('says data_loss for a file that is no database', async () => {
    await withDir(async (dir) => {
      await writeFile(journalPaths(dir).database, 'not a database, but long enough. '.repeat(200));
      const opened = SqliteStore.open({ dir, ballastBytes: 0 });
      await expect(opened).rejects.toMatchObject({ code: 'data_loss' });
    });
  });

  it('says data_loss with the last good event for pages that were overwritten', async () => {
    await withDir(async (dir) => {
      await withStore({ dir }, async (store, lease) => {
        for (let seq = 1; seq <= 200; seq += 1) await store.append(eventOf(lease, seq, 1_000));
      });
      const file = await open(journalPaths(dir).database, 'r+');
      const { size } = await file.stat();
      const at = Math.floor(size / 2 / 4096) * 4096;
      await file.write(Buffer.alloc(8 * 4096, 0xa5), 0, 8 * 4096, at);
      await file.close();
      const error: unknown = await SqliteStore.open({ dir, ballastBytes: 0 }).catch(
        (e: unknown) => e,
      );
      expect(error).toMatchObject({
        code: 'data_loss',
        message: expect.stringMatching(/last good event is \d+\.$/),
      });
      const { lastGoodSeq } = (error as { details: { lastGoodSeq: number } }).details;
      expect(lastGoodSeq).toBeGreaterThan(0);
      expect(lastGoodSeq).toBeLessThan(200);
    });
  });

  it('says data_loss when the end of the log is missing', async () => {
    await withDir(async (dir) => {
      await withStore({ dir }, async (store, lease) => {
        for (const seq of [1, 2, 3]) await store.append(eventOf(lease, seq));
      });
      alter(dir, 'DELETE FROM frame WHERE last_seq = 3');
      await expect(SqliteStore.open({ dir })).rejects.toMatchObject({
        code: 'data_loss',
        details: { lastGoodSeq: 2 },
      });
    });
  });

  it('says permission_denied for a directory it cannot write', async () => {
    // Nobody makes a directory there, not even root.
    const dir = join(process.platform === 'darwin' ? '/System' : '/sys', 'hive-journal');
    const opened = SqliteStore.open({ dir, ballastBytes: 0 });
    await expect(opened).rejects.toMatchObject({ code: 'permission_denied' });
  });

  it('says invalid_argument for a path that is a file', async () => {
    await withDir(async (dir) => {
      await writeFile(join(dir, 'data'), '');
      const opened = SqliteStore.open({ dir: join(dir, 'data') });
      await expect(opened).rejects.toMatchObject({ code: 'invalid_argument' });
    });
  });

  it('drops the parts of a snapshot that was cut off', async () => {
    await withDir(async (dir) => {
      await withStore({ dir }, (store, lease) => store.append(eventOf(lease, 1)));
      alter(dir, `INSERT INTO snapshot_part VALUES (1, 1, 1, 0, CAST('half' AS BLOB))`);
      await withStore({ dir }, async (store, lease) => {
        expect(await store.loadSnapshot({ partition: 1 })).toBeUndefined();
        const snapshot = { partition: 1, seq: 1, v: 1, body: 'whole' };
        await store.saveSnapshot({ epoch: lease.epoch, snapshot });
        expect(await store.loadSnapshot({ partition: 1 })).toEqual(snapshot);
      });
    });
  });

  it('may be closed and opened many times at once: one opener wins each time', async () => {
    await withDir(async (dir) => {
      for (let round = 0; round < 10; round += 1) {
        const tries = [1, 2, 3].map(() => SqliteStore.open({ dir, ballastBytes: 0 }));
        const results = await Promise.allSettled(tries);
        const stores = results.flatMap((r) => (r.status === 'fulfilled' ? [r.value] : []));
        expect(stores.length).toBe(1);
        await Promise.all(stores.map((store) => store.close()));
      }
    });
  });
});

describe('SqliteStore.append()', () => {
  it('commits groups under the caps as one log', async () => {
    await withDir(async (dir) => {
      await withStore({ dir, commitAppendsMax: 3, commitBytesMax: 1_000 }, async (store, lease) => {
        const sizes = [10, 5_000, 10, 10, 10, 10, 900, 10];
        await Promise.all(sizes.map((bytes, i) => store.append(eventOf(lease, i + 1, bytes))));
        expect(await store.verify({ partition: 1 })).toEqual({ lastGoodSeq: sizes.length });
      });
    });
  });

  it('goes on while a long read is under way', async () => {
    await withDir(async (dir) => {
      await withStore({ dir }, async (store, lease) => {
        for (let seq = 1; seq <= 30; seq += 1) await store.append(eventOf(lease, seq, 200_000));
        const reading = store.read({ partition: 1, afterSeq: 0 })[Symbol.asyncIterator]();
        await reading.next();
        await store.append(eventOf(lease, 31));
        await reading.return?.();
      });
    });
  });

  it('is refused with unavailable once the store is closing', async () => {
    await withDir(async (dir) => {
      await withStore({ dir }, async (store, lease) => {
        const closing = store.close();
        const append = store.append(eventOf(lease, 1));
        await expect(append).rejects.toMatchObject({ code: 'unavailable' });
        await closing;
      });
    });
  });
});
