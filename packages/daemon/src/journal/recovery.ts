// Recovery: the kernel as the store knows it: the newest good snapshot, then every event after it.
// At boot, after a failed append, and in the follower's thread. Nothing is written here.

import { Kernel, type KernelSettings, type Store } from '@hivekernel/kernel';
import { restored } from './long-text.ts';

export interface RecoveryOptions {
  readonly store: Pick<Store, 'loadSnapshot' | 'read' | 'getBlob'>;
  readonly settings: KernelSettings;
  readonly partition: number;
}

/** Rejects with `data_loss` where something is gone, `conflict` for a newer snapshot's version. */
export async function loadKernel(options: RecoveryOptions): Promise<Kernel> {
  const { store, settings, partition } = options;
  const kernel = new Kernel({ settings, partition });
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
