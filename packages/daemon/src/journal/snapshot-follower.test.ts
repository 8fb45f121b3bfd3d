import { DEFAULT_SETTINGS, LIMITS, type KernelError } from '@hivekernel/kernel';
import { MemoryStore, artifactOrder } from '@hivekernel/testkit';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { withDir } from '../../test/journal/journal-ground.ts';
import { Rig } from '../../test/journal/kernel-ground.ts';
import { loadKernel } from './recovery.ts';
import { SnapshotFollower, type SnapshotFollowerOptions } from './snapshot-follower.ts';
import type { Fold } from './snapshot-folding.ts';
import { SqliteStore, type SqliteStoreOptions } from './sqlite/sqlite-store.ts';

const FOR_EVER = Number.MAX_SAFE_INTEGER;
const NEVER_MS = 2 ** 31 - 1;
const SEVERAL = 25;
const BIG_BYTES = 2 * LIMITS.inlineContentBytesMax;

interface Followed {
  readonly rig: Rig<SqliteStore>;
  readonly errors: Error[];
  /** A follower that follows nothing by itself, unless `how` says otherwise. */
  readonly follow: (how?: Partial<SnapshotFollowerOptions>) => SnapshotFollower;
  /** Resolves at the next snapshot. */
  readonly saved: () => Promise<number>;
}

async function followed(
  body: (at: Followed) => Promise<void>,
  options: Partial<SqliteStoreOptions> = {},
): Promise<void> {
  await withDir(async (dir) => {
    const store = await SqliteStore.open({ dir, ballastBytes: 0, ...options });
    const rig = await Rig.booted({ store });
    const errors: Error[] = [];
    const followers: SnapshotFollower[] = [];
    const waiting: ((seq: number) => void)[] = [];
    const common = {
      ...{ store, dir, settings: rig.settings, partition: 0, epoch: rig.host.lease.epoch },
      ...{ host: rig.host, everyEvents: FOR_EVER, everyMs: NEVER_MS },
      ...{ keepMs: FOR_EVER, keepBytes: FOR_EVER },
      onError: (error: Error) => errors.push(error),
      onSaved: ({ seq }: { seq: number }) => waiting.splice(0).forEach((tell) => tell(seq)),
    };
    const follow = (how: Partial<SnapshotFollowerOptions> = {}): SnapshotFollower => {
      const follower = new SnapshotFollower({ ...common, ...how });
      followers.push(follower);
      return follower;
    };
    const saved = (): Promise<number> => new Promise((resolve) => waiting.push(resolve));
    try {
      await body({ rig, errors, follow, saved });
    } finally {
      for (const follower of followers) await follower.stop();
      await rig.host.close();
      await store.close();
    }
  });
}

async function log(rig: Rig<SqliteStore>, count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) {
    rig.ask('log', { level: 'info', message: `line ${i}`, fields: {} });
  }
  await rig.calm();
}

const restoredFrom = async ({ store, settings }: Rig): Promise<string> =>
  (await loadKernel({ store, settings, partition: 0 })).snapshot();

const nothingFolded: Fold = async () => {
  const end = async (): Promise<void> => undefined;
  return { seq: 1, v: 1, parts: undefined, liveHashes: [], end };
};

describe('SnapshotFollower.start()', () => {
  it('saves a snapshot after so many events, equal to the live state', async () => {
    await followed(async ({ rig, errors, follow, saved }) => {
      follow({ everyEvents: SEVERAL }).start();
      const seq = saved();
      await rig.spawn({ systemPrompt: 'x'.repeat(BIG_BYTES) });
      await log(rig, SEVERAL);
      expect(await seq).toBe(rig.host.durableSeq);
      const snapshot = await rig.store.loadSnapshot({ partition: 0 });
      expect(snapshot?.seq).toBe(rig.host.durableSeq);
      expect(snapshot?.body).toBe(rig.snapshot());
      expect(errors).toEqual([]);
    });
  });

  it('saves one after the time, when there were fewer', async () => {
    await followed(async ({ rig, follow, saved }) => {
      follow({ everyMs: 1 }).start();
      const seq = saved();
      await log(rig, 1);
      expect(await seq).toBeGreaterThan(0);
    });
  });

  it('counts what an earlier daemon left without a snapshot', async () => {
    await followed(async ({ rig, follow, saved }) => {
      await log(rig, SEVERAL);
      const seq = saved();
      follow({ everyEvents: SEVERAL }).start();
      expect(await seq).toBe(rig.host.durableSeq);
    });
  });
});

describe('SnapshotFollower.snapshotNow()', () => {
  it('continues from the newest snapshot, and saves nothing when nothing happened', async () => {
    await followed(async ({ rig, follow }) => {
      const follower = follow();
      await log(rig, 3);
      await follower.snapshotNow();
      await follower.snapshotNow();
      await rig.spawn();
      await follower.snapshotNow();
      const { snapshotSeqs } = await rig.store.stats({ partition: 0 });
      expect(snapshotSeqs).toEqual([8, 10]);
      expect(await restoredFrom(rig)).toBe(rig.snapshot());
    });
  });

  it('waits for the run under way', async () => {
    await followed(async ({ rig, follow }) => {
      const follower = follow();
      await log(rig, 3);
      await Promise.all([follower.snapshotNow(), follower.snapshotNow(), follower.snapshotNow()]);
      expect((await rig.store.stats({ partition: 0 })).snapshotSeqs).toEqual([8]);
    });
  });
});

describe('SnapshotFollower, retention', () => {
  it('drops old events and dead content, and keeps what the state refers to', async () => {
    await followed(async ({ rig, follow, saved }) => {
      const child = await rig.spawn({ image: 'deaf' });
      const bytesOf = (n: number): Uint8Array => new Uint8Array(BIG_BYTES).fill(n);
      const mail = rig.host.content(bytesOf(100));
      rig.send(child, { content: mail });
      const versions = Array.from({ length: 12 }, (_, n) => {
        const content = rig.host.hashedContent(bytesOf(n));
        rig.ask('store', artifactOrder({ content }), { pid: child });
        return content;
      });
      const deleted = rig.host.hashedContent(bytesOf(200), { isGivenAway: true });
      rig.ask('store', artifactOrder({ key: 'draft', content: deleted }), { pid: child });
      await rig.calm();
      await rig.host.bytes(deleted);
      rig.ask('delete_artifact', { by: { key: 'draft' }, ifVersion: 1 }, { pid: child });
      await rig.calm();
      const follower = follow({ everyEvents: 1, keepMs: 0, keepBytes: 0 });
      for (const _ of ['one', 'two', 'three']) {
        const done = saved();
        follower.start();
        await log(rig, 1);
        await done;
        await follower.stop();
      }
      expect((await rig.store.stats({ partition: 0 })).firstSeq).toBeGreaterThan(versions.length);
      expect(await restoredFrom(rig)).toBe(rig.snapshot());
      for (const content of [mail, ...versions.slice(2)]) await rig.host.bytes(content);
      for (const gone of [...versions.slice(0, 2), deleted]) {
        expect(await rig.store.getBlob(gone.hash ?? '')).toBeUndefined();
      }
    });
  });
});

describe('SnapshotFollower in trouble', () => {
  it('tells what failed, and is not stopped by it', async () => {
    await followed(async ({ rig, errors, follow }) => {
      const follower = follow({ settings: null as never });
      await follower.snapshotNow();
      expect(errors).toHaveLength(1);
      await follow().snapshotNow();
      expect((await rig.store.stats({ partition: 0 })).snapshotSeqs).toHaveLength(1);
    });
  });

  it('hands the code of a refusal over from its thread', async () => {
    await followed(async ({ errors, follow }) => {
      await follow({ dir: '/nowhere/at/all' }).snapshotNow();
      expect(errors).toMatchObject([{ code: 'permission_denied' }]);
    });
  });

  it('skips runs while storage is low, and says so once', async () => {
    const low = { ballastBytes: 1, freeBytes: async () => 0 };
    await followed(async ({ rig, errors, follow }) => {
      await rig.store.checkSpace();
      const follower = follow();
      await follower.snapshotNow();
      await follower.snapshotNow();
      expect(errors.map((error) => (error as KernelError).code)).toEqual(['storage_full']);
      expect((await rig.store.stats({ partition: 0 })).snapshotSeqs).toEqual([]);
    }, low);
  });
});

describe('SnapshotFollower.stop()', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('of one that was never started does nothing, twice', async () => {
    await followed(async ({ follow }) => {
      const follower = follow();
      await Promise.all([follower.stop(), follower.stop()]);
    });
  });

  it('calls off a fold under way, and tells nobody', async () => {
    await followed(async ({ rig, errors, follow }) => {
      const begun = Promise.withResolvers<void>();
      const fold: Fold = (_, signal) =>
        new Promise((_resolve, reject) => {
          begun.resolve();
          signal.addEventListener('abort', () => reject(new Error('called off')));
        });
      const follower = follow({ fold });
      const now = follower.snapshotNow();
      await begun.promise;
      await follower.stop();
      await now;
      expect(errors).toEqual([]);
      expect((await rig.store.stats({ partition: 0 })).snapshotSeqs).toEqual([]);
    });
  });

  it('ends the thread in the middle of a run', async () => {
    await followed(async ({ rig, errors, follow }) => {
      await log(rig, SEVERAL);
      const follower = follow();
      const now = follower.snapshotNow();
      await follower.stop();
      await now;
      expect(errors).toEqual([]);
    });
  });

  it('does not wait for ever for a store that does not answer', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const store = new StuckStore();
    const onDurable = (): (() => void) => () => undefined;
    const follower = new SnapshotFollower({
      ...{
        store,
        dir: '',
        settings: DEFAULT_SETTINGS,
        partition: 0,
        epoch: 1,
        fold: nothingFolded,
      },
      ...{ everyEvents: 1, everyMs: 1, keepMs: 1, keepBytes: 1 },
      host: { onDurable },
      onError: () => undefined,
    });
    void follower.snapshotNow();
    const stopped = follower.stop();
    await vi.advanceTimersByTimeAsync(60_000);
    await stopped;
    await store.close();
  });

  it('survives 50 races of start and stop, and follows afterwards', async () => {
    await followed(async ({ rig, errors, follow, saved }) => {
      const follower = follow({ everyEvents: 1, fold: nothingFolded });
      for (let i = 0; i < 50; i += 1) {
        follower.start();
        rig.ask('log', { level: 'info', message: '', fields: {} });
        const stops = [follower.stop(), follower.stop()];
        if (i % 2 === 0) follower.start();
        await Promise.all(stops);
      }
      await follower.stop();
      const done = saved();
      follower.start();
      await log(rig, 1);
      await done;
      expect(errors).toEqual([]);
    });
  });
});

class StuckStore extends MemoryStore {
  override stats(): Promise<never> {
    return new Promise(() => undefined);
  }
}
