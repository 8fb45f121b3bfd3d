// Recovery equals live (DESIGN §3): whatever a swarm did, whatever failed, wherever snapshots and
// retention fell, the kernel that comes back is the one that went.

import { MemoryDisk, MemoryStore, brokenInvariants } from '@hivekernel/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadKernel } from '../../src/journal/recovery.ts';
import { SnapshotFollower } from '../../src/journal/snapshot-follower.ts';
import { SqliteStore } from '../../src/journal/sqlite/sqlite-store.ts';
import { withDir } from './journal-ground.ts';
import { Rig, pid, turn } from './kernel-ground.ts';
import { DEEDS, attempt, type Deed } from './random-swarm.ts';

const NEVER_MS = 2 ** 31 - 1;

type Step = Deed | readonly ['turn' | 'calm' | 'fail' | 'hold' | 'release' | 'follow' | 'restart'];

const deed: fc.Arbitrary<Deed> = fc.tuple(
  fc.constantFrom(...DEEDS),
  fc.nat({ max: 12 }),
  fc.nat({ max: 12 }),
);

const some: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: deed },
    { weight: 1, arbitrary: fc.constant(['turn'] as const) },
  ),
  { minLength: 3, maxLength: 15 },
);

/** Deeds, and after every few of them one of `others`. */
const steps = (others: readonly Exclude<Step[0], Deed[0]>[], timesMax: number) => {
  const other = fc.constantFrom(...others.map((word): Step => [word]));
  const round = fc.tuple(some, other).map(([deeds, then]) => [...deeds, then]);
  return fc.array(round, { minLength: 1, maxLength: timesMax }).map((rounds) => rounds.flat());
};

/** Live state and the fold of the store are one, and nothing in it is broken. */
async function check(rig: Rig): Promise<void> {
  const { store, host } = rig;
  const { live, folded } = await bothAtOneSeq(rig);
  expect(live).toBe(folded);
  expect(brokenInvariants(host.kernel)).toEqual([]);
  expect([rig.fatal, rig.faults]).toEqual([[], []]);
  for (const hash of new Set(host.kernel.liveHashes())) {
    expect(await store.getBlob(hash), `content ${hash}`).toBeDefined();
  }
}

/** A timer may fire while the store is read: then it is read once more. */
async function bothAtOneSeq(rig: Rig): Promise<{ live: string; folded: string }> {
  const { store, settings, host } = rig;
  for (;;) {
    await host.settled();
    const live = rig.snapshot();
    const seq = host.durableSeq;
    const folded = await loadKernel({ store, settings, partition: 0 });
    if (folded.state.log.lastSeq === seq) return { live, folded: folded.snapshot() };
  }
}

const boot = async (rig: Rig): Promise<void> => {
  rig.tell({ fact: 'booted', version: 'test', bootId: 'boot' });
  await rig.calm();
};

/** Nothing waits for the end of a pause. */
async function rested(rig: Rig): Promise<void> {
  const isWritten = rig.durable('log.written');
  rig.tell({ fact: 'log', pid: pid(1), level: 'warn', message: 'rested' });
  await isWritten;
  await rig.calm();
}

async function inMemory(script: readonly Step[]): Promise<void> {
  const disk = new MemoryDisk();
  let rig = await Rig.booted({ store: new MemoryStore(disk) });
  for (const step of script) {
    if (step[0] === 'turn') await turn();
    else if (step[0] === 'calm') {
      rig.store.releaseAppends();
      await rig.calm();
    } else if (step[0] === 'fail') rig.store.failNextAppend();
    else if (step[0] === 'hold') rig.store.holdAppends();
    else if (step[0] === 'release') rig.store.releaseAppends();
    else if (step[0] === 'restart') {
      rig.store.releaseAppends();
      const { time, store } = rig;
      await rig.host.close();
      await store.close();
      rig = await Rig.open({ store: new MemoryStore(disk), time });
      await check(rig);
      await boot(rig);
    } else attempt(rig, step as Deed);
  }
  rig.store.releaseAppends();
  await rested(rig);
  await check(rig);
  await rig.host.close();
  await rig.store.close();
}

async function onSqlite(dir: string, script: readonly Step[]): Promise<void> {
  let rig = await Rig.booted({ store: await SqliteStore.open({ dir, ballastBytes: 0 }) });
  for (const step of script) {
    if (step[0] === 'turn') await turn();
    else if (step[0] === 'calm') await rig.calm();
    else if (step[0] === 'follow') await follow(rig, dir);
    else if (step[0] === 'restart') {
      const { time, store } = rig;
      await rig.host.close();
      await store.close();
      rig = await Rig.open({ store: await SqliteStore.open({ dir, ballastBytes: 0 }), time });
      await check(rig);
      await boot(rig);
    } else attempt(rig, step as Deed);
  }
  await rig.calm();
  await check(rig);
  await rig.host.close();
  await rig.store.close();
}

/** One run of a follower that keeps as little as it may, while the swarm may be at work. */
async function follow(rig: Rig<SqliteStore>, dir: string): Promise<void> {
  const { store, settings, host } = rig;
  const done = Promise.withResolvers<unknown>();
  const follower = new SnapshotFollower({
    ...{ store, dir, settings, partition: 0, epoch: host.lease.epoch, host },
    ...{ everyEvents: 1, everyMs: NEVER_MS, keepMs: 0, keepBytes: 0 },
    onError: done.reject,
    onSaved: done.resolve,
  });
  follower.start();
  rig.tell({ fact: 'log', pid: pid(1), level: 'warn', message: 'there is something to save' });
  await done.promise;
  await follower.stop();
}

describe('a journaled kernel after random work', () => {
  it('is in memory what comes back from its journal, appends failing now and then', async () => {
    const scripts = steps(['calm', 'fail', 'hold', 'release', 'restart'], 12);
    await fc.assert(fc.asyncProperty(scripts, inMemory), { numRuns: 40 });
  }, 120_000);

  it('is on disk what comes back from snapshots and what retention kept', async () => {
    const scripts = steps(['calm', 'follow', 'follow', 'restart'], 6);
    const onDisk = (script: Step[]): Promise<void> => withDir((dir) => onSqlite(dir, script));
    await fc.assert(fc.asyncProperty(scripts, onDisk), { numRuns: 5 });
  }, 120_000);
});
