// Recovery: the kernel as the store knows it: the newest good snapshot, then every event after it.

import { Kernel, type KernelSettings, type Store } from '@hivekernel/kernel';
import { restored } from './long-text.ts';

export interface RecoveryOptions {
  readonly store: Pick<Store, 'loadSnapshot' | 'read' | 'getBlob'>;
  readonly settings: KernelSettings;
  readonly partition: number;
  /** Up to this event; the last one when left out. */
  readonly toSeq?: number;
}

export async function loadKernel(options: RecoveryOptions): Promise<Kernel> {
  const { store, settings, partition, toSeq } = options;
  const kernel = new Kernel({ settings, partition });
  const snapshot = await store.loadSnapshot({ partition });
  if (snapshot !== undefined) kernel.restore(snapshot.body);
  const range = toSeq === undefined ? {} : { toSeq };
  const getBlob = (hash: string): Promise<Uint8Array | undefined> => store.getBlob(hash);
  const afterSeq = snapshot?.seq ?? 0;
  for await (const batch of store.read({ partition, afterSeq, ...range })) {
    for (const stored of batch) {
      kernel.replay('hasLongText' in stored ? await restored(stored, getBlob) : (stored as never));
    }
  }
  kernel.resume();
  return kernel;
}
