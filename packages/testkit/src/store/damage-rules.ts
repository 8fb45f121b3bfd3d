// Rules of a damaged log (DESIGN §4): it is found, and the last good event is named. Part of the
// store suite.

import { describe, expect, it } from 'vitest';
import { appendOf, readAll, seqsFrom } from './rule-ground.ts';
import type { OpenStore, WithStore } from './rule-ground.ts';

/** Appends of two events; the record of events 5 and 6 is then damaged. */
async function damaged(open: OpenStore): Promise<OpenStore> {
  const { store, lease } = open;
  for (const first of [1, 3, 5, 7, 9]) await store.append(appendOf(lease, first, first + 1));
  const snapshot = { partition: 1, seq: 8, v: 1, body: '{}' };
  await store.saveSnapshot({ epoch: lease.epoch, snapshot });
  return open.reopen((harness) => harness.corruptFrame({ partition: 1, seq: 5 }));
}

const REFUSAL = {
  code: 'data_loss',
  message: expect.stringContaining('last good event is 4'),
  details: { partition: 1, lastGoodSeq: 4 },
} as const;

export function damageRules(withStore: WithStore): void {
  describe('a damaged record', () => {
    it(
      'before the newest snapshot is found by verify() and by reading it',
      withStore(async (open) => {
        const { store } = await damaged(open);
        await expect(store.verify({ partition: 1 })).rejects.toMatchObject(REFUSAL);
        const reading = readAll(store, { partition: 1, afterSeq: 4 });
        await expect(reading).rejects.toMatchObject(REFUSAL);
      }),
    );
    it(
      'does not spoil what lies after it',
      withStore(async (open) => {
        const { store } = await damaged(open);
        const events = await readAll(store, { partition: 1, afterSeq: 6 });
        expect(events.map(({ seq }) => seq)).toEqual(seqsFrom(7, 10));
      }),
    );
    it(
      'after the newest snapshot makes opening fail',
      withStore(async ({ store, lease, reopen }) => {
        for (const first of [1, 3, 5, 7]) await store.append(appendOf(lease, first, first + 1));
        const again = reopen((harness) => harness.corruptFrame({ partition: 1, seq: 5 }));
        await expect(again).rejects.toMatchObject(REFUSAL);
      }),
    );
  });
  describe('verify()', () => {
    it(
      'names the end of a whole log',
      withStore(async ({ store, lease }) => {
        expect(await store.verify({ partition: 1 })).toEqual({ lastGoodSeq: 0 });
        await store.append(appendOf(lease, 1, 40));
        expect(await store.verify({ partition: 1 })).toEqual({ lastGoodSeq: 40 });
      }),
    );
  });
}
