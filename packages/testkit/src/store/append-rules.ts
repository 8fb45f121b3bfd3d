// Rules of appending: order, all or nothing, what a refused append does to those after it. Part of
// the store suite.

import { AssertionError } from '@hivekernel/kernel';
import { describe, expect, it } from 'vitest';
import { appendOf, noteAt, readAll, seqsFrom } from './rule-ground.ts';
import type { WithStore } from './rule-ground.ts';

export function appendRules(withStore: WithStore): void {
  orderRules(withStore);
  refusalRules(withStore);
}

function orderRules(withStore: WithStore): void {
  describe('append()', () => {
    it(
      'keeps every event as it was, also over a reopen',
      withStore(async ({ store, lease, reopen }) => {
        const odd = ['', '"\\\n\t', 'ünïcödé 🐝', 'a\u0000b', '\ud800', 'x'.repeat(3_000_000)];
        const events = odd.map((text, i) => noteAt(i + 1, text));
        await store.append({ ...lease, events });
        await store.append(appendOf(lease, events.length + 1));
        const all = [...events, noteAt(events.length + 1)];
        expect(await readAll(store, { partition: 1, afterSeq: 0 })).toEqual(all);
        const { store: again } = await reopen();
        expect(await readAll(again, { partition: 1, afterSeq: 0 })).toEqual(all);
      }),
    );
    it(
      'takes many outstanding calls in order and resolves them in order',
      withStore(async ({ store, lease }) => {
        const resolved: number[] = [];
        const appends = seqsFrom(1, 700).map(async (seq) => {
          await store.append(appendOf(lease, seq));
          resolved.push(seq);
        });
        await Promise.all(appends);
        expect(resolved).toEqual(seqsFrom(1, 700));
        const events = await readAll(store, { partition: 1, afterSeq: 0 });
        expect(events.map(({ seq }) => seq)).toEqual(seqsFrom(1, 700));
      }),
    );
    it(
      'has serialised the events when it returns: the caller may change them',
      withStore(async ({ store, lease }) => {
        const event = { ...noteAt(1) };
        const appended = store.append({ ...lease, events: [event] });
        event.text = 'changed';
        await appended;
        expect(await readAll(store, { partition: 1, afterSeq: 0 })).toEqual([noteAt(1)]);
      }),
    );
    it(
      'numbers each partition by itself',
      withStore(async ({ store, lease }) => {
        const other = await store.acquire({ partition: 2, node: 'node-a' });
        await Promise.all([
          store.append(appendOf(lease, 1, 2)),
          store.append(appendOf(other, 1)),
          store.append(appendOf(lease, 3)),
          store.append(appendOf(other, 2, 5)),
        ]);
        expect((await readAll(store, { partition: 1, afterSeq: 0 })).length).toBe(3);
        expect((await readAll(store, { partition: 2, afterSeq: 0 })).length).toBe(5);
      }),
    );
  });
}

function refusalRules(withStore: WithStore): void {
  describe('a refused append()', () => {
    const cases = [
      { what: 'a gap', from: 5 },
      { what: 'a repeat', from: 3 },
      { what: 'the beginning', from: 1 },
    ];
    it.each(cases)('is a conflict for $what, and changes nothing', async ({ from }) => {
      await withStore(async ({ store, lease }) => {
        await store.append(appendOf(lease, 1, 3));
        const refused = store.append(appendOf(lease, from));
        await expect(refused).rejects.toMatchObject({ code: 'conflict' });
        await store.append(appendOf(lease, 4));
        const events = await readAll(store, { partition: 1, afterSeq: 0 });
        expect(events.map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
      })();
    });
    it(
      'is an assertion for no events and for a gap within',
      withStore(async ({ store, lease }) => {
        const gap = store.append({ ...lease, events: [noteAt(1), noteAt(3)] });
        await expect(gap).rejects.toThrow(AssertionError);
        await expect(store.append({ ...lease, events: [] })).rejects.toThrow(AssertionError);
        await store.append(appendOf(lease, 1));
      }),
    );
    it(
      'fails those that continue from it, and neither those before it nor a fresh start',
      withStore(async ({ store, lease }) => {
        const row = { id: 'one', toPartition: 2, body: '{}' };
        const settled = await Promise.allSettled([
          store.append({ ...appendOf(lease, 1), outbox: [row] }),
          store.append(appendOf(lease, 2)),
          store.append({ ...appendOf(lease, 3), outbox: [row] }),
          store.append(appendOf(lease, 4)),
          store.append(appendOf(lease, 5)),
        ]);
        const codes = settled.map((result) =>
          result.status === 'rejected' ? (result.reason as { code: string }).code : 'ok',
        );
        expect(codes).toEqual(['ok', 'ok', 'conflict', 'conflict', 'conflict']);
        await store.append(appendOf(lease, 3, 4));
        expect((await store.stats({ partition: 1 })).lastSeq).toBe(4);
      }),
    );
    it(
      'leaves none of its blobs and outbox rows',
      withStore(async ({ store, lease }) => {
        const blobs = [{ hash: 'ab'.repeat(32), bytes: new Uint8Array([1, 2]) }];
        const outbox = [{ id: 'x', toPartition: 2, body: '{}' }];
        const refused = store.append({ ...appendOf(lease, 2), blobs, outbox });
        await expect(refused).rejects.toMatchObject({ code: 'conflict' });
        expect(await store.getBlob('ab'.repeat(32))).toBeUndefined();
        expect(await store.readOutbox({ toPartition: 2, limit: 10 })).toEqual([]);
      }),
    );
  });
}
