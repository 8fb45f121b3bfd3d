// Recovery: the kernel as the store knows it: the newest good snapshot, then every event after it.
// At boot, after a failed append, and in the follower's thread. Nothing is written here.

import { Kernel, type Chance, type KernelSettings, type Store } from '@hivekernel/kernel';
import { restored } from './long-text.ts';

export interface RecoveryOptions {
  readonly store: Pick<Store, 'loadSnapshot' | 'read' | 'getBlob'>;
  readonly settings: KernelSettings;
  readonly partition: number;
  /** What decides by chance (S4); without it nothing does, as in a thread that only reads. */
  readonly chance?: Chance;
}

/** Rejects with `data_loss` where something is gone, `conflict` for a newer snapshot's version. */
export async function loadKernel(options: RecoveryOptions): Promise<Kernel> {
  const { store, settings, partition, chance } = options;
  const kernel = new Kernel({ settings, partition, ...(chance === undefined ? {} : { chance }) });
  const snapshot = await store.loadSnapshot({ partition });
  if (snapshot !== undefined) kernel.restore(snapshot.body);
  const getBlob = (hash: string): Promise<Uint8Array | undefined> => store.getBlob(hash);
  const afterSeq = snapshot?.seq ?? 0;
  for await (const batch of store.read({ partition, afterSeq })) {
    for await (const events of restored(batch, getBlob)) {
      for (const event of events) kernel.replay(event);
    }
  }
  kernel.resume();
  return kernel;
}
