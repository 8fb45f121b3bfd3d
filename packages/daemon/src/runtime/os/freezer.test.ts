import type { ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { startGroup } from '../testing/stubborn-group.ts';
import { Freezer } from './freezer.ts';
import { endGroup, readProcStat, signalGroup } from './process-group.ts';

const LINK = '/run/hive-freezer-test/7-1.sock';
const groups: number[] = [];
afterEach(async () => {
  for (const pgid of groups.splice(0)) await endGroup(pgid, { withinMs: 2_000 });
});

async function makeGroup(linkPath: string): Promise<{ pgid: number; leader: ChildProcess }> {
  const group = await startGroup({ HIVE_LINK: linkPath });
  groups.push(group.pgid);
  return group;
}

/** Of the group of an agent; the groups of its strays are beside it. */
function freezerOf(pgid: number): Freezer {
  const command = {
    osPid: pgid,
    suspend: () => void signalGroup(pgid, 'SIGSTOP'),
    proceed: () => void signalGroup(pgid, 'SIGCONT'),
  };
  return new Freezer({ command, linkPath: LINK });
}

/** The OS tells nobody when a signal has reached a process. */
async function untilStopped(osPid: number, isStopped: boolean): Promise<void> {
  while (((await readProcStat(osPid))?.state === 'T') !== isStopped) await delay(2);
}

describe('Freezer', () => {
  it('stops the group and the strays of the link, nobody else, and lets them go on', async () => {
    const own = await makeGroup(LINK);
    const stray = await makeGroup(LINK);
    const other = await makeGroup('/run/hive-freezer-test/8-1.sock');
    const freezer = freezerOf(own.pgid);
    freezer.freeze();
    freezer.freeze();
    expect(freezer.isFrozen).toBe(true);
    await freezer.settled();
    for (const { pgid } of [own, stray]) await untilStopped(pgid, true);
    expect((await readProcStat(other.pgid))?.state).not.toBe('T');
    freezer.thaw();
    freezer.thaw();
    expect(freezer.isFrozen).toBe(false);
    await freezer.settled();
    for (const { pgid } of [own, stray]) await untilStopped(pgid, false);
  });

  it('leaves a stray as it is that somebody else had stopped', async () => {
    const own = await makeGroup(LINK);
    const stray = await makeGroup(LINK);
    signalGroup(stray.pgid, 'SIGSTOP');
    await untilStopped(stray.pgid, true);
    const freezer = freezerOf(own.pgid);
    freezer.freeze();
    await freezer.settled();
    freezer.thaw();
    await freezer.settled();
    await untilStopped(own.pgid, false);
    expect((await readProcStat(stray.pgid))?.state).toBe('T');
  });

  it('ends as it was told last, however fast orders come', async () => {
    const own = await makeGroup(LINK);
    const stray = await makeGroup(LINK);
    const freezer = freezerOf(own.pgid);
    for (let n = 0; n < 10; n += 1) {
      freezer.freeze();
      freezer.thaw();
    }
    freezer.freeze();
    await freezer.settled();
    for (const { pgid } of [own, stray]) await untilStopped(pgid, true);
    freezer.thaw();
    freezer.freeze();
    freezer.thaw();
    await freezer.settled();
    for (const { pgid } of [own, stray]) await untilStopped(pgid, false);
  });

  it('does no more once the end of its agent has begun', async () => {
    const own = await makeGroup(LINK);
    const stray = await makeGroup(LINK);
    const freezer = freezerOf(own.pgid);
    freezer.freeze();
    freezer.release();
    await freezer.settled();
    expect((await readProcStat(stray.pgid))?.state).not.toBe('T');
    signalGroup(own.pgid, 'SIGCONT');
  });
});
