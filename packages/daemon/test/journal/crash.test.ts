// The promise of DESIGN D3 under kill -9, with a real process: everything acknowledged is there,
// and the chain is whole.

import { describe, expect, it } from 'vitest';
import { AppendingChild, withDir, withStore } from './journal-ground.ts';

const ROUNDS = 20;

describe('a daemon that is killed -9 while it appends', () => {
  it(`loses nothing acknowledged and leaves a whole chain, ${ROUNDS} times over`, async () => {
    await withDir(async (dir) => {
      let lastSeq = 0;
      for (let round = 0; round < ROUNDS; round += 1) {
        const child = new AppendingChild(dir);
        await child.reach(lastSeq + 1 + round * 97);
        await child.killHard();
        await withStore({ dir }, async (store, lease) => {
          expect(lease.lastSeq).toBeGreaterThanOrEqual(child.lastAckedSeq);
          const verified = await store.verify({ partition: 1 });
          expect(verified).toEqual({ lastGoodSeq: lease.lastSeq });
          expect((await store.loadSnapshot({ partition: 1 }))?.seq ?? 0).toBeLessThanOrEqual(
            lease.lastSeq,
          );
          lastSeq = lease.lastSeq;
        });
      }
      expect(lastSeq).toBeGreaterThan(ROUNDS * 97);
    });
  }, 120_000);
});
