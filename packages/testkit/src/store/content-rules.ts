// Rules of what leaves and enters beside the events: content by hash, and the outbox. Part of the
// store suite.

import { describe, expect, it } from 'vitest';
import { appendOf, hashOf } from './rule-ground.ts';
import type { WithStore } from './rule-ground.ts';

export function contentRules(withStore: WithStore): void {
  blobRules(withStore);
  outboxRules(withStore);
}

function blobRules(withStore: WithStore): void {
  describe('getBlob()', () => {
    it(
      'gives what an append came with, also over a reopen',
      withStore(async ({ store, lease, reopen }) => {
        const bytes = new Uint8Array(100_000).map((_, i) => i % 251);
        const blob = { hash: await hashOf(bytes), bytes };
        await store.append({ ...appendOf(lease, 1), blobs: [blob] });
        expect(await store.getBlob(blob.hash)).toEqual(bytes);
        const { store: again } = await reopen();
        expect(await again.getBlob(blob.hash)).toEqual(bytes);
      }),
    );
    it(
      'gives undefined for a hash that nobody stored',
      withStore(async ({ store }) => {
        expect(await store.getBlob('00'.repeat(32))).toBeUndefined();
      }),
    );
    it(
      'keeps one copy of what comes twice, and empty content too',
      withStore(async ({ store, lease }) => {
        const empty = { hash: await hashOf(new Uint8Array()), bytes: new Uint8Array() };
        await store.append({ ...appendOf(lease, 1), blobs: [empty, empty] });
        await store.append({ ...appendOf(lease, 2), blobs: [empty] });
        expect(await store.getBlob(empty.hash)).toEqual(new Uint8Array());
      }),
    );
    it(
      'has its own copy: the caller keeps the bytes and may change them',
      withStore(async ({ store, lease }) => {
        const shared = new Uint8Array([9, 1, 2, 3, 9]);
        const bytes = shared.subarray(1, 4);
        const hash = await hashOf(bytes);
        const appended = store.append({ ...appendOf(lease, 1), blobs: [{ hash, bytes }] });
        bytes.fill(7);
        await appended;
        expect(await store.getBlob(hash)).toEqual(new Uint8Array([1, 2, 3]));
        expect([...shared]).toEqual([9, 7, 7, 7, 9]);
      }),
    );
  });
}

function outboxRules(withStore: WithStore): void {
  const row = (id: string, toPartition = 2) => ({ id, toPartition, body: `{"n":"${id}"}` });
  describe('readOutbox() and deleteOutbox()', () => {
    it(
      'give the rows of a receiver, oldest first, up to a limit, until they are deleted',
      withStore(async ({ store, lease, reopen }) => {
        await store.append({ ...appendOf(lease, 1), outbox: [row('z'), row('a')] });
        await store.append({ ...appendOf(lease, 2), outbox: [row('other', 3), row('m')] });
        const ids = async (from = store) =>
          (await from.readOutbox({ toPartition: 2, limit: 10 })).map(({ id }) => id);
        expect(await ids()).toEqual(['z', 'a', 'm']);
        expect(await store.readOutbox({ toPartition: 2, limit: 1 })).toEqual([row('z')]);
        await store.deleteOutbox({ ids: ['z', 'unknown'] });
        const { store: again } = await reopen();
        expect(await ids(again)).toEqual(['a', 'm']);
        expect(await again.readOutbox({ toPartition: 3, limit: 10 })).toEqual([row('other', 3)]);
      }),
    );
  });
}
