// Which OS process the kernel is that answered. Its run.json says so, and is believed where the
// kernel itself named the same boot; what it would tell of its status is not needed, so that a
// kernel that cannot tell it can still be found and stopped.

import { readRunFile } from '@hivekernel/client';
import type { HiveClient } from '@hivekernel/client';

/** Throws what the status throws, where run.json is of another boot. */
export async function osPidOfKernel(client: HiveClient, dataDir: string): Promise<number> {
  const run = await readRunFile(dataDir);
  const { bootId } = client.kernel;
  if (run !== undefined && bootId !== '' && run.bootId === bootId) return run.osPid;
  return (await client.status()).osPid;
}
