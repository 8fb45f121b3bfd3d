// Rules of retention (DESIGN §3): what lies before the second newest snapshot and is over age or
// over size goes; what is kept can be read, folded and verified.

import { describe, expect, it } from 'vitest';
import { appendOf, hashOf, noteAt, readAll, seqsFrom } from './rule-ground.ts';
import type { OpenStore, WithStore } from './rule-ground.ts';

const MINUTE_MS = 60_000;
const NOBODY: ReadonlySet<string> = new Set();
const FOR_EVER = Number.MAX_SAFE_INTEGER;

/** Ten appends of one event each, a minute apart, with snapshots. */
async function fill({ store, lease }: OpenStore, snapshotSeqs: readonly number[]): Promise<void> {
  for (const seq of seqsFrom(1, 10)) await store.append(appendOf(lease, seq));
  for (const seq of snapshotSeqs) {
    const snapshot = { partition: 1, seq, v: 1, body: `{"at":${seq}}` };
    await store.saveSnapshot({ epoch: lease.epoch, snapshot });
  }
}

const EVENT_BYTES = JSON.stringify([noteAt(1)]).length;
const ALL_BYTES = seqsFrom(1, 10).reduce((sum, n) => sum + JSON.stringify([noteAt(n)]).length, 0);

/** Now is minute 10: event n is 10 - n minutes old. */
const CASES = [
  { what: 'no snapshot', snapshots: [], keepMs: 0, keepBytes: 0, first: 1 },
  { what: 'one snapshot', snapshots: [8], keepMs: 0, keepBytes: 0, first: 1 },
  { what: 'two, all over age', snapshots: [5, 8], keepMs: -1, keepBytes: FOR_EVER, first: 6 },
  { what: 'three, all over age', snapshots: [3, 6, 9], keepMs: -1, keepBytes: FOR_EVER, first: 7 },
  {
    what: 'some over age',
    snapshots: [8, 9],
    keepMs: 7 * MINUTE_MS,
    keepBytes: FOR_EVER,
    first: 3,
  },
  { what: 'none over age or size', snapshots: [8, 9], keepMs: 1e9, keepBytes: FOR_EVER, first: 1 },
  { what: 'exactly the size', snapshots: [8, 9], keepMs: 1e9, keepBytes: ALL_BYTES, first: 1 },
  { what: 'a byte too many', snapshots: [8, 9], keepMs: 1e9, keepBytes: ALL_BYTES - 1, first: 2 },
  {
    what: 'two events too many',
    snapshots: [8, 9],
    keepMs: 1e9,
    keepBytes: ALL_BYTES - 2 * EVENT_BYTES,
    first: 3,
  },
  { what: 'all over size', snapshots: [8, 9], keepMs: 1e9, keepBytes: 0, first: 9 },
];

export function retentionRules(withStore: WithStore): void {
  describe('retain()', () => {
    it.each(CASES)('with $what keeps from $first on', async ({ snapshots, first, ...keep }) => {
      await withStore(async (open) => {
        await fill(open, snapshots);
        const { store } = open;
        const policy = { nowWallMs: 10 * MINUTE_MS, ...keep, liveHashes: NOBODY };
        const kept = await store.retain({ partition: 1, policy });
        expect(kept).toEqual({ droppedBefore: first });
        expect(await readAll(store, { partition: 1, afterSeq: 0 })).toEqual(
          seqsFrom(first, 10).map((seq) => noteAt(seq)),
        );
        expect(await store.stats({ partition: 1 })).toMatchObject({ firstSeq: first, lastSeq: 10 });
        expect(await store.verify({ partition: 1 })).toEqual({ lastGoodSeq: 10 });
      })();
    });
    it(
      'leaves a log that opens, loads, and goes on; snapshots that lead nowhere go',
      withStore(async (open) => {
        await fill(open, [3, 6, 9]);
        const policy = { nowWallMs: 1e12, keepMs: 0, keepBytes: 0, liveHashes: NOBODY };
        await open.store.retain({ partition: 1, policy });
        await open.store.retain({ partition: 1, policy });
        const { store, lease } = await open.reopen();
        expect((await store.stats({ partition: 1 })).snapshotSeqs).toEqual([6, 9]);
        expect((await store.loadSnapshot({ partition: 1 }))?.seq).toBe(9);
        await store.append(appendOf(lease, 11));
        expect(await store.verify({ partition: 1 })).toEqual({ lastGoodSeq: 11 });
      }),
    );
    it(
      'frees the bytes of what it drops',
      withStore(async (open) => {
        await fill(open, [5, 8]);
        expect((await open.store.stats({ partition: 1 })).bytes).toBe(ALL_BYTES);
        const policy = { nowWallMs: 1e12, keepMs: 0, keepBytes: FOR_EVER, liveHashes: NOBODY };
        await open.store.retain({ partition: 1, policy });
        expect((await open.store.stats({ partition: 1 })).bytes).toBeLessThan(ALL_BYTES);
      }),
    );
    blobSweepRule(withStore);
  });
}

function blobSweepRule(withStore: WithStore): void {
  it(
    'sweeps content that no kept event came with and the live state does not name',
    withStore(async ({ store, lease }) => {
      const names = ['dropped', 'live', 'again', 'kept'] as const;
      const [dropped, live, again, kept] = await Promise.all(
        names.map(async (name) => {
          const bytes = new TextEncoder().encode(name);
          return { hash: await hashOf(bytes), bytes };
        }),
      );
      if (!dropped || !live || !again || !kept)
        throw new Error('four blobs are made of four names');
      await store.append({ ...appendOf(lease, 1), blobs: [dropped, live, again] });
      await store.append(appendOf(lease, 2));
      await store.append({ ...appendOf(lease, 3), blobs: [kept, again] });
      for (const seq of [2, 3]) {
        const snapshot = { partition: 1, seq, v: 1, body: '{}' };
        await store.saveSnapshot({ epoch: lease.epoch, snapshot });
      }
      const liveHashes = new Set([live.hash]);
      const policy = { nowWallMs: 1e12, keepMs: 0, keepBytes: 0, liveHashes };
      await store.retain({ partition: 1, policy });
      const isThere = async ({ hash }: { hash: string }) =>
        (await store.getBlob(hash)) !== undefined;
      const found = await Promise.all([dropped, live, again, kept].map(isThere));
      expect(found).toEqual([false, true, true, true]);
    }),
  );
}
