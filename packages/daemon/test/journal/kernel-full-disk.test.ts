// A kernel on a full disk (DESIGN §3): writes are refused with a clear error, reads go on, nothing
// that was answered is lost, what cannot be refused waits, and it recovers by itself.

import { SNAPSHOT_VERSION, type Pid } from '@hivekernel/kernel';
import { textContent } from '@hivekernel/testkit';
import { describe, expect, it } from 'vitest';
import { SqliteStore } from '../../src/journal/sqlite/sqlite-store.ts';
import { withDir } from './journal-ground.ts';
import { Rig, pid } from './kernel-ground.ts';

const PAGES_MAX = 220;
const TEXT = textContent('x'.repeat(3_000));
const FULL = { code: 'storage_full' };

async function log(rig: Rig, count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) {
    const message = `${i} ${'x'.repeat(3_000)}`;
    rig.tell({ fact: 'log', pid: pid(1), level: 'warn', message });
    await rig.host.settled();
  }
}

async function saveSnapshot({ store, host }: Rig): Promise<void> {
  const body = host.kernel.snapshot();
  const snapshot = { partition: 0, seq: host.durableSeq, v: SNAPSHOT_VERSION, body };
  await store.saveSnapshot({ epoch: host.lease.epoch, snapshot });
}

/** Sends until it is refused; gives the ids that were answered. */
async function fillUp(rig: Rig, to: Pid): Promise<number[]> {
  const ids: number[] = [];
  try {
    for (;;) ids.push((await rig.send(to, { content: TEXT }).value()).message);
  } catch (error) {
    expect(error).toMatchObject(FULL);
    return ids;
  }
}

describe('JournaledKernel on a full disk', () => {
  it('refuses writes, serves reads, and goes on when there is room again', async () => {
    await withDir(async (dir) => {
      const store = await SqliteStore.open({ dir, ballastBytes: 0, pagesMax: PAGES_MAX });
      const rig = await Rig.booted({ store });
      const [box, agent] = [await rig.spawn(), await rig.spawn({ image: 'hold' })];
      for (const _ of ['one', 'two']) {
        await log(rig, 40);
        await saveSnapshot(rig);
      }
      const answered = await fillUp(rig, box);
      expect(answered.length).toBeGreaterThan(10);
      rig.runtime.exits(agent, { exitCode: 9 });
      await rig.calm();
      expect((await rig.ask('list_inbox', { pid: box }).value()).total).toBe(answered.length);
      expect((await rig.ask('info', { pid: agent }).value()).state).toBe('idle');
      expect(await rig.send(box, { content: TEXT }).refusal()).toMatchObject(FULL);
      const exited = rig.durable('process.exited');
      const policy = { nowWallMs: Date.now(), keepMs: 0, keepBytes: 0 };
      await store.retain({ partition: 0, policy: { ...policy, liveHashes: new Set<string>() } });
      expect((await exited).body).toMatchObject({ pid: agent, exitCode: 9 });
      answered.push((await rig.send(box, { content: TEXT }).value()).message);
      expect(rig.fatal).toEqual([]);
      await rig.host.close();
      await store.close();
      await expectThere(dir, { box, answered });
    });
  });
});

async function expectThere(
  dir: string,
  { box, answered }: { box: Pid; answered: readonly number[] },
): Promise<void> {
  const store = await SqliteStore.open({ dir, ballastBytes: 0 });
  const rig = await Rig.open({ store });
  const there = [...(rig.host.kernel.state.office.box(box)?.messages() ?? [])];
  expect(there.map(({ message }) => message)).toEqual(answered);
  await rig.host.close();
  await store.close();
}
