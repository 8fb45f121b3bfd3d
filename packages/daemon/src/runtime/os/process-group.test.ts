import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { endRecorded } from './end-recorded.ts';
import { readOsStarted } from './os-started.ts';
import { endGroup, hasLivingMember, parseProcStat, signalGroup } from './process-group.ts';

/** A group whose leader has a child that ignores SIGTERM. */
async function startGroup(): Promise<{ pgid: number; leader: ReturnType<typeof spawn> }> {
  const script = `(trap '' TERM; echo up; sleep 60) & wait`;
  const leader = spawn('sh', ['-c', script], { detached: true, stdio: ['ignore', 'pipe', 2] });
  await once(leader.stdout as NodeJS.EventEmitter, 'data');
  return { pgid: leader.pid as number, leader };
}

describe('endGroup()', () => {
  it('ends the whole group, and members that nobody reaps do not hold it up', async () => {
    const { pgid, leader } = await startGroup();
    const exited = once(leader, 'exit');
    expect(await endGroup(pgid, { withinMs: 2_000 })).toBe(true);
    await exited;
    expect(await hasLivingMember(pgid)).toBe(false);
  });

  it('ends a group whose leader is gone already', async () => {
    const { pgid, leader } = await startGroup();
    leader.kill('SIGKILL');
    await once(leader, 'exit');
    expect(await hasLivingMember(pgid)).toBe(true);
    expect(await endGroup(pgid, { withinMs: 2_000 })).toBe(true);
    expect(await hasLivingMember(pgid)).toBe(false);
  });
});

describe('signalGroup()', () => {
  it.each([0, 1, -5, 1.5])('refuses %d, which is no group of an agent', (pgid) => {
    expect(() => signalGroup(pgid, 0)).toThrow(/no process group/);
  });
});

describe('parseProcStat()', () => {
  it('reads past a name with brackets and spaces', () => {
    const after = Array.from({ length: 17 }, (_, n) => n + 6).join(' ');
    const stat = parseProcStat(`42 (a) b) c) S 1 42 42 ${after} 9999 1`);
    expect(stat).toMatchObject({ state: 'S', pgid: 42 });
    expect(parseProcStat('nonsense')).toBeUndefined();
  });
});

describe('endRecorded()', () => {
  it('ends what has the recorded start time', async () => {
    const { pgid } = await startGroup();
    const osStarted = (await readOsStarted(pgid)) as string;
    expect(await endRecorded([{ osPid: pgid, osStarted }])).toEqual({ ended: [pgid], left: [] });
    expect(await hasLivingMember(pgid)).toBe(false);
  });

  it('spares a stranger that has the pid now', async () => {
    const { pgid } = await startGroup();
    const records = [{ osPid: pgid, osStarted: '1@elsewhere' }];
    expect(await endRecorded(records)).toEqual({ ended: [], left: [] });
    expect(await hasLivingMember(pgid)).toBe(true);
    await endGroup(pgid, { withinMs: 2_000 });
  });

  it('passes over what is gone, and records that make no sense', async () => {
    const records = [0, 1, -1, 2 ** 22 + 7].map((osPid) => ({ osPid, osStarted: 'x' }));
    expect(await endRecorded(records)).toEqual({ ended: [], left: [] });
  });
});
