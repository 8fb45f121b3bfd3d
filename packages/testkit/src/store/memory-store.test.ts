// The fake passes the suite of the real thing; beside it, what only the fake can do.

import { describe, expect, it } from 'vitest';
import { MemoryDisk } from './memory-disk.ts';
import { MemoryStore } from './memory-store.ts';
import { appendOf } from './rule-ground.ts';
import { storeSuite } from './store-suite.ts';

storeSuite({
  name: 'MemoryStore',
  make: async () => {
    const disk = new MemoryDisk();
    return {
      open: async () => new MemoryStore(disk),
      corruptFrame: async (at) => disk.corruptFrame(at),
      corruptSnapshot: async (at) => disk.corruptSnapshot(at),
      remove: async () => undefined,
    };
  },
});

describe('MemoryStore.failNextAppend()', () => {
  it('fails one append and those that continue from it, until one starts afresh', async () => {
    const store = new MemoryStore();
    const lease = await store.acquire({ partition: 1, node: 'a' });
    await store.append(appendOf(lease, 1));
    store.failNextAppend('storage_full');
    const settled = await Promise.allSettled([
      store.append(appendOf(lease, 2)),
      store.append(appendOf(lease, 3)),
    ]);
    const refusal = { status: 'rejected', reason: { code: 'storage_full' } };
    expect(settled).toMatchObject([refusal, refusal]);
    await store.append(appendOf(lease, 2));
  });
});

describe('MemoryStore.holdAppends()', () => {
  it('keeps appends waiting, not durable, until they are released', async () => {
    const store = new MemoryStore();
    const lease = await store.acquire({ partition: 1, node: 'a' });
    store.holdAppends();
    const settled: string[] = [];
    const appended = store.append(appendOf(lease, 1)).then(() => settled.push('durable'));
    expect((await store.stats({ partition: 1 })).lastSeq).toBe(0);
    expect([store.appendsHeld, settled]).toEqual([1, []]);
    store.releaseAppends();
    await appended;
    expect((await store.stats({ partition: 1 })).lastSeq).toBe(1);
  });
});
