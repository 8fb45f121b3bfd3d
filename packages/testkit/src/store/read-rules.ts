// Rules of reading: from any seq, in order, up to what was durable at the call. Part of the store
// suite.

import { describe, expect, it } from 'vitest';
import { appendOf, readAll, seqsFrom } from './rule-ground.ts';
import type { OpenStore, WithStore } from './rule-ground.ts';

/** Appends of 7 events each, so that a read from any seq begins within one. */
async function fill({ store, lease }: OpenStore, count: number): Promise<void> {
  const firsts = seqsFrom(0, count / 7 - 1).map((i) => i * 7 + 1);
  await Promise.all(firsts.map((first) => store.append(appendOf(lease, first, first + 6))));
}

export function readRules(withStore: WithStore): void {
  describe('read()', () => {
    it(
      'gives what lies after a seq and up to another, wherever appends begin and end',
      withStore(async (open) => {
        await fill(open, 35);
        for (const afterSeq of [0, 1, 6, 7, 8, 34, 35, 99]) {
          const all = await readAll(open.store, { partition: 1, afterSeq });
          expect(all.map(({ seq }) => seq)).toEqual(seqsFrom(afterSeq + 1, 35));
          const some = await readAll(open.store, { partition: 1, afterSeq, toSeq: 16 });
          expect(some.map(({ seq }) => seq)).toEqual(seqsFrom(afterSeq + 1, 16));
        }
      }),
    );
    it(
      'gives nothing for a partition that nobody has written',
      withStore(async ({ store }) => {
        expect(await readAll(store, { partition: 5, afterSeq: 0 })).toEqual([]);
      }),
    );
    it(
      'gives many batches, none of them empty',
      withStore(async ({ store, lease }) => {
        const text = 'x'.repeat(20_000);
        await Promise.all(
          seqsFrom(1, 200).map((seq) => {
            const request = appendOf(lease, seq);
            return store.append({
              ...request,
              events: request.events.map((e) => ({ ...e, text })),
            });
          }),
        );
        const sizes: number[] = [];
        for await (const batch of store.read({ partition: 1, afterSeq: 0 })) {
          sizes.push(batch.length);
        }
        expect(sizes.length).toBeGreaterThan(1);
        expect(Math.min(...sizes)).toBeGreaterThan(0);
        expect(sizes.reduce((sum, n) => sum + n, 0)).toBe(200);
      }),
    );
    it(
      'ends at what was durable at the call',
      withStore(async ({ store, lease }) => {
        await store.append(appendOf(lease, 1, 5));
        const reading = store.read({ partition: 1, afterSeq: 0 });
        await store.append(appendOf(lease, 6, 9));
        const seqs: number[] = [];
        for await (const batch of reading) seqs.push(...batch.map(({ seq }) => seq));
        expect(seqs).toEqual(seqsFrom(1, 5));
      }),
    );
    it(
      'may be left early, and read by several at once',
      withStore(async (open) => {
        await fill(open, 70);
        for await (const batch of open.store.read({ partition: 1, afterSeq: 0 })) {
          expect(batch[0]?.seq).toBe(1);
          break;
        }
        const both = await Promise.all([
          readAll(open.store, { partition: 1, afterSeq: 0 }),
          readAll(open.store, { partition: 1, afterSeq: 10 }),
        ]);
        expect(both.map((events) => events.length)).toEqual([70, 60]);
      }),
    );
  });
}
