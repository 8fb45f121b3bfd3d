// A store whose refusal overtakes an append that is still under way: what came before the refused
// one is durable, so its replies and effects must leave (D3), and nothing of it is told twice.

import { KernelError, type AppendRequest } from '@hivekernel/kernel';
import { MemoryStore, spawnOrder } from '@hivekernel/testkit';
import { describe, expect, it } from 'vitest';
import { Rig, turn } from './kernel-ground.ts';

/** Refuses at once what is appended while `isOvertaking`; the rest goes its way. */
class OvertakingStore extends MemoryStore {
  isOvertaking = false;

  override async append(request: AppendRequest): Promise<void> {
    if (this.isOvertaking) throw new KernelError('queue_full', 'refused out of turn');
    return super.append(request);
  }
}

describe('JournaledKernel when a refusal overtakes an append', () => {
  it('keeps what was before it, and gives up the rest', async () => {
    const rig = await Rig.booted({ store: new OvertakingStore() });
    try {
      rig.store.holdAppends();
      const spawned = rig.ask('spawn', spawnOrder({ image: 'echo' }));
      await turn();
      rig.store.isOvertaking = true;
      const refused = rig.ask('spawn', spawnOrder({ image: 'echo', name: 'late' }));
      await turn();
      rig.store.isOvertaking = false;
      rig.store.releaseAppends();
      expect(await refused.refusal()).toMatchObject({ code: 'queue_full' });
      const ready = rig.durable('process.moved');
      await rig.calm();
      await ready;
      const { pid } = await spawned.value();
      expect(rig.host.kernel.state.table.require(pid).state).toBe('idle');
      expect(rig.eventsOf('process.spawned').filter((e) => e.body.pid === pid)).toHaveLength(1);
      expect(rig.fatal).toEqual([]);
    } finally {
      await rig.host.close();
      await rig.store.close();
    }
  });
});
