import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { startGroup } from '../testing/stubborn-group.ts';
import { endRecorded } from './end-recorded.ts';
import { readOsStarted } from './os-started.ts';
import { endGroup, hasLivingMember, signalGroup } from './process-group.ts';

const LINK = { HIVE_LINK: '/run/7-1.sock' };
const groups: number[] = [];
afterEach(async () => {
  for (const pgid of groups.splice(0)) await endGroup(pgid, { withinMs: 2_000 });
});

async function makeGroup(env: Record<string, string> = LINK) {
  const group = await startGroup(env);
  groups.push(group.pgid);
  return group;
}

async function endLeader(leader: ChildProcess): Promise<void> {
  const exited = once(leader, 'exit');
  leader.kill('SIGKILL');
  await exited;
}

describe('endRecorded()', () => {
  it('ends what has the recorded start time', async () => {
    const { pgid } = await makeGroup();
    const osStarted = (await readOsStarted(pgid)) as string;
    expect(await endRecorded([{ osPid: pgid, osStarted }])).toEqual({ ended: [pgid], left: [] });
    expect(await hasLivingMember(pgid)).toBe(false);
  });

  it('ends what stands still (S1)', async () => {
    const { pgid } = await makeGroup();
    signalGroup(pgid, 'SIGSTOP');
    const osStarted = (await readOsStarted(pgid)) as string;
    expect(await endRecorded([{ osPid: pgid, osStarted }])).toEqual({ ended: [pgid], left: [] });
    expect(await hasLivingMember(pgid)).toBe(false);
  });

  it('ends what a leader that is gone has left', async () => {
    const { pgid, leader } = await makeGroup();
    const osStarted = (await readOsStarted(pgid)) as string;
    await endLeader(leader);
    expect(await endRecorded([{ osPid: pgid, osStarted }])).toEqual({ ended: [pgid], left: [] });
    expect(await hasLivingMember(pgid)).toBe(false);
  });

  it('spares a stranger that has the pid now', async () => {
    const { pgid } = await makeGroup();
    const records = [{ osPid: pgid, osStarted: '1@elsewhere' }];
    expect(await endRecorded(records)).toEqual({ ended: [], left: [] });
    expect(await hasLivingMember(pgid)).toBe(true);
  });

  it('spares the group of a stranger whose leader is gone', async () => {
    const { pgid, leader } = await makeGroup({});
    await endLeader(leader);
    const records = [{ osPid: pgid, osStarted: '1@elsewhere' }];
    expect(await endRecorded(records)).toEqual({ ended: [], left: [] });
    expect(await hasLivingMember(pgid)).toBe(true);
  });

  it.each([
    { env: LINK, ended: 1 },
    { env: {}, ended: 0 },
  ])('tells by the link where no start time is known: $env', async ({ env, ended }) => {
    const { pgid } = await makeGroup(env);
    const outcome = await endRecorded([{ osPid: pgid, osStarted: '' }]);
    expect(outcome.ended.length).toBe(ended);
  });

  it('passes over what is gone, and records that make no sense', async () => {
    const records = [0, 1, -1, 2 ** 22 + 7].map((osPid) => ({ osPid, osStarted: 'x' }));
    expect(await endRecorded(records)).toEqual({ ended: [], left: [] });
  });
});
