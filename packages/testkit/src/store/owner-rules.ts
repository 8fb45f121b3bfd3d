// Rules of the store's owner: epochs, fencing, one opener at a time, closing. Part of the store
// suite.

import { describe, expect, it } from 'vitest';
import { appendOf, readAll, seqsFrom } from './rule-ground.ts';
import type { StoreHarness, WithStore } from './rule-ground.ts';

export function ownerRules(withStore: WithStore, make: () => Promise<StoreHarness>): void {
  acquireRules(withStore);
  closeRules(withStore);
  describe('opening', () => {
    it('refuses a second opener with conflict until the first has closed', async () => {
      const harness = await make();
      const first = await harness.open();
      await expect(harness.open()).rejects.toMatchObject({
        code: 'conflict',
        message: expect.stringContaining('locked by another daemon (pid '),
      });
      await first.close();
      const second = await harness.open();
      await second.close();
      await harness.remove();
    });
  });
}

function acquireRules(withStore: WithStore): void {
  describe('acquire()', () => {
    it(
      'begins a new partition at seq 0',
      withStore(async ({ store }) => {
        const lease = await store.acquire({ partition: 7, node: 'node-a' });
        expect(lease).toEqual({ partition: 7, epoch: 1, lastSeq: 0 });
      }),
    );
    it(
      'gives a higher epoch than any before, also after a reopen',
      withStore(async ({ store, lease, reopen }) => {
        await store.append(appendOf(lease, 1, 3));
        const again = await store.acquire({ partition: 1, node: 'node-a' });
        expect(again.epoch).toBeGreaterThan(lease.epoch);
        expect(again.lastSeq).toBe(3);
        const { lease: third } = await reopen();
        expect(third.epoch).toBeGreaterThan(again.epoch);
        expect(third.lastSeq).toBe(3);
      }),
    );
    it(
      'fences the epochs before it: appends and snapshots are refused and leave nothing',
      withStore(async ({ store, lease }) => {
        await store.append(appendOf(lease, 1));
        const taken = await store.acquire({ partition: 1, node: 'node-b' });
        await expect(store.append(appendOf(lease, 2))).rejects.toMatchObject({ code: 'fenced' });
        const snapshot = { partition: 1, seq: 1, v: 1, body: '{}' };
        const saved = store.saveSnapshot({ epoch: lease.epoch, snapshot });
        await expect(saved).rejects.toMatchObject({ code: 'fenced' });
        await store.append(appendOf(taken, 2));
        expect((await readAll(store, { partition: 1, afterSeq: 0 })).length).toBe(2);
      }),
    );
    it(
      'takes effect after the appends before it',
      withStore(async ({ store, lease }) => {
        const appended = store.append(appendOf(lease, 1, 4));
        const taken = await store.acquire({ partition: 1, node: 'node-b' });
        await appended;
        expect(taken.lastSeq).toBe(4);
      }),
    );
    it(
      'is needed before an append',
      withStore(async ({ store }) => {
        const append = store.append(appendOf({ partition: 9, epoch: 1, lastSeq: 0 }, 1));
        await expect(append).rejects.toMatchObject({ code: 'fenced' });
      }),
    );
  });
}

function closeRules(withStore: WithStore): void {
  describe('close()', () => {
    it(
      'may be called twice',
      withStore(async ({ store }) => {
        await Promise.all([store.close(), store.close()]);
        await store.close();
      }),
    );
    it(
      'waits for the appends before it, also for those nobody awaits',
      withStore(async ({ store, lease, reopen }) => {
        for (const seq of seqsFrom(1, 100)) void store.append(appendOf(lease, seq)); // on purpose
        const { lease: again } = await reopen();
        expect(again.lastSeq).toBe(100);
      }),
    );
    it(
      'makes later calls fail with unavailable',
      withStore(async ({ store, lease }) => {
        await store.close();
        const refusal = { code: 'unavailable' };
        await expect(store.append(appendOf(lease, 1))).rejects.toMatchObject(refusal);
        await expect(store.stats({ partition: 1 })).rejects.toMatchObject(refusal);
        await expect(store.getBlob('00')).rejects.toMatchObject(refusal);
        await expect(store.loadSnapshot({ partition: 1 })).rejects.toMatchObject(refusal);
      }),
    );
  });
}
