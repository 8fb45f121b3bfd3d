import { DEFAULT_SETTINGS } from '@hivekernel/kernel';
import type { StoreStats } from '@hivekernel/kernel';
import { link } from '@hivekernel/protocol';
import { MemoryStore } from '@hivekernel/testkit';
import { describe, expect, it } from 'vitest';
import { JournaledKernel } from '../journal/journaled-kernel.ts';
import { statusOf } from './status.ts';

/** A store that has lost count. */
class SickStore extends MemoryStore {
  override async stats(request: { partition: number }): Promise<StoreStats> {
    return { ...(await super.stats(request)), bytes: NaN, firstSeq: -1 };
  }
}

describe('statusOf()', () => {
  it('can be written and read whatever the numbers are', async () => {
    const store = new SickStore();
    const onFatal = (error: Error): void => {
      throw error;
    };
    const host = await JournaledKernel.open({ store, settings: DEFAULT_SETTINGS, onFatal });
    const run = {
      osPid: 12,
      bootId: 'b',
      version: '1',
      node: 'n',
      startedAtMs: 1e300,
      adminSocket: '',
      grpcSocket: '',
      grpcAddress: '',
      httpUrl: '',
    };
    const model = { provider: 'sim', simulated: true };
    const status = await statusOf({ host, store, run, dataDir: '/d', model });
    const read = link.KernelStatus.decode(link.KernelStatus.encode(status).finish());
    expect(read).toMatchObject({ osPid: 12, journalBytes: 0, firstSeq: 0, dataDir: '/d' });
    await host.close();
  });
});
