import { once } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startGroup } from '../testing/stubborn-group.ts';
import { canEndMainThread, startWithEndedMainThread } from '../testing/ended-main-thread.ts';
import { endGroup, hasLivingMember, parseProcStat, signalGroup } from './process-group.ts';

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

describe('hasLivingMember()', () => {
  it('counts one whose main thread has ended (P10)', async ({ skip }) => {
    skip(!canEndMainThread, 'it needs python3 on Linux');
    const osPid = await startWithEndedMainThread('/run/7-1.sock');
    onTestFinished(() => void signalGroup(osPid, 'SIGKILL'));
    expect(await hasLivingMember(osPid)).toBe(true);
    expect(await endGroup(osPid, { withinMs: 2_000 })).toBe(true);
    expect(await hasLivingMember(osPid)).toBe(false);
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
