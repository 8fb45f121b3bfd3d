// Rules of snapshots: the newest whole one counts, few are kept, none lies about the log. Part of
// the store suite.

import { describe, expect, it } from 'vitest';
import { appendOf, seqsFrom } from './rule-ground.ts';
import type { WithStore } from './rule-ground.ts';

const snapshotAt = (seq: number, body = `{"at":${seq}}`) => ({ partition: 1, seq, v: 1, body });

async function* inParts(parts: readonly string[], error?: Error): AsyncGenerator<string> {
  yield* parts;
  if (error) throw error;
}

export function snapshotRules(withStore: WithStore): void {
  describe('saveSnapshot() and loadSnapshot()', () => {
    it(
      'give undefined at first, then the newest, also over a reopen',
      withStore(async ({ store, lease, reopen }) => {
        expect(await store.loadSnapshot({ partition: 1 })).toBeUndefined();
        await store.append(appendOf(lease, 1, 10));
        await store.saveSnapshot({ epoch: lease.epoch, snapshot: snapshotAt(9) });
        await store.saveSnapshot({ epoch: lease.epoch, snapshot: snapshotAt(4) });
        expect(await store.loadSnapshot({ partition: 1 })).toEqual(snapshotAt(9));
        const { store: again } = await reopen();
        expect(await again.loadSnapshot({ partition: 1 })).toEqual(snapshotAt(9));
      }),
    );
    it(
      'keep the newest three',
      withStore(async ({ store, lease }) => {
        await store.append(appendOf(lease, 1, 10));
        const saves = [2, 4, 6, 8].map((seq) =>
          store.saveSnapshot({ epoch: lease.epoch, snapshot: snapshotAt(seq) }),
        );
        await Promise.all(saves);
        expect((await store.stats({ partition: 1 })).snapshotSeqs).toEqual([4, 6, 8]);
      }),
    );
    it(
      'keep a large body whole, whatever characters it has',
      withStore(async ({ store, lease }) => {
        await store.append(appendOf(lease, 1));
        const body = `x${'🐝'.repeat(1_300_000)}`;
        await store.saveSnapshot({ epoch: lease.epoch, snapshot: snapshotAt(1, body) });
        const found = await store.loadSnapshot({ partition: 1 });
        expect(found?.body === body).toBe(true);
      }),
    );
    it(
      'take a body in parts, and nothing of one that breaks off',
      withStore(async ({ store, lease }) => {
        await store.append(appendOf(lease, 1, 2));
        const whole = { ...snapshotAt(1), body: inParts(['{"a', '', '":"', '🐝"}']) };
        await store.saveSnapshot({ epoch: lease.epoch, snapshot: whole });
        const broken = { ...snapshotAt(2), body: inParts(['{"a":'], new Error('broke off')) };
        const saved = store.saveSnapshot({ epoch: lease.epoch, snapshot: broken });
        await expect(saved).rejects.toThrow('broke off');
        expect(await store.loadSnapshot({ partition: 1 })).toEqual(snapshotAt(1, '{"a":"🐝"}'));
        await store.saveSnapshot({ epoch: lease.epoch, snapshot: snapshotAt(2) });
        expect(await store.loadSnapshot({ partition: 1 })).toEqual(snapshotAt(2));
      }),
    );
    it(
      'keep an empty body, and the same snapshot twice as one',
      withStore(async ({ store, lease }) => {
        await store.append(appendOf(lease, 1));
        await store.saveSnapshot({ epoch: lease.epoch, snapshot: snapshotAt(1, '') });
        await store.saveSnapshot({ epoch: lease.epoch, snapshot: snapshotAt(1, '') });
        expect(await store.loadSnapshot({ partition: 1 })).toEqual(snapshotAt(1, ''));
        expect((await store.stats({ partition: 1 })).snapshotSeqs).toEqual([1]);
      }),
    );
    it.each([0, 4])('refuse one at event %i of a log that ends at 3', async (seq) => {
      await withStore(async ({ store, lease }) => {
        await store.append(appendOf(lease, 1, 3));
        const saved = store.saveSnapshot({ epoch: lease.epoch, snapshot: snapshotAt(seq) });
        await expect(saved).rejects.toMatchObject({ code: 'conflict' });
      })();
    });
    it(
      'pass over a damaged one to the newest that is whole',
      withStore(async ({ store, lease, reopen }) => {
        await store.append(appendOf(lease, 1, 9));
        for (const seq of [3, 6, 9]) {
          await store.saveSnapshot({ epoch: lease.epoch, snapshot: snapshotAt(seq) });
        }
        const { store: again } = await reopen(async (harness) => {
          await harness.corruptSnapshot({ partition: 1, seq: 9 });
        });
        expect(await again.loadSnapshot({ partition: 1 })).toEqual(snapshotAt(6));
      }),
    );
    it(
      'say data_loss when none is whole and the log no longer begins with event 1',
      withStore(async ({ store, lease, reopen }) => {
        await Promise.all(seqsFrom(1, 9).map((seq) => store.append(appendOf(lease, seq))));
        for (const seq of [6, 9]) {
          await store.saveSnapshot({ epoch: lease.epoch, snapshot: snapshotAt(seq) });
        }
        const policy = { nowWallMs: 1e12, keepMs: 0, keepBytes: 0, liveHashes: new Set<string>() };
        await store.retain({ partition: 1, policy });
        const { store: again } = await reopen(async (harness) => {
          await harness.corruptSnapshot({ partition: 1, seq: 6 });
          await harness.corruptSnapshot({ partition: 1, seq: 9 });
        });
        const loaded = again.loadSnapshot({ partition: 1 });
        await expect(loaded).rejects.toMatchObject({ code: 'data_loss' });
      }),
    );
  });
}
