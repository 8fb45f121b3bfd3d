import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { canEndMainThread, startWithEndedMainThread } from '../testing/ended-main-thread.ts';
import { endGroup, hasLivingMember } from './process-group.ts';
import { endStrays, readLinkPath } from './strays.ts';

const DIRECTORY = '/run/hive-strays-test';
const LINK = `${DIRECTORY}/7-1.sock`;
const WITHIN = { withinMs: 2_000 };
const groups: number[] = [];
afterEach(async () => {
  for (const pgid of groups.splice(0)) await endGroup(pgid, WITHIN);
});

/** A child without the mark, and a child of that with it, in a group of its own. */
async function startNest(link: string): Promise<{ parent: ChildProcess; stray: number }> {
  const script = `HIVE_LINK=${link} setsid sh -c 'echo $$; exec sleep 60' & wait`;
  const parent = spawn('/bin/sh', ['-c', script], {
    detached: true,
    env: { PATH: process.env['PATH'] },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  const stray = Number(line.toString());
  groups.push(parent.pid as number, stray);
  return { parent, stray };
}

describe.skipIf(process.platform !== 'linux')('endStrays()', () => {
  it('ends those of a link whosever children they are, and nobody else (P10)', async () => {
    const own = await startNest(LINK);
    const other = await startNest(`${DIRECTORY}/8-1.sock`);
    expect(await endStrays({ link: LINK }, WITHIN)).toBe(true);
    expect(await hasLivingMember(own.stray)).toBe(false);
    expect(await hasLivingMember(other.stray)).toBe(true);
  });

  it('spares in a directory whose parents live: they may be of the next daemon', async () => {
    const { parent, stray } = await startNest(LINK);
    expect(await endStrays({ directory: DIRECTORY }, WITHIN)).toBe(true);
    expect(await hasLivingMember(stray)).toBe(true);
    parent.kill('SIGKILL');
    await once(parent, 'exit');
    expect(await endStrays({ directory: DIRECTORY }, WITHIN)).toBe(true);
    expect(await hasLivingMember(stray)).toBe(false);
  });

  it('ends one whose main thread has ended (P10)', async ({ skip }) => {
    skip(!canEndMainThread, 'it needs python3 on Linux');
    const osPid = await startWithEndedMainThread(LINK);
    groups.push(osPid);
    expect(await readLinkPath(osPid)).toBe(LINK);
    expect(await hasLivingMember(osPid)).toBe(true);
    expect(await endStrays({ link: LINK }, WITHIN)).toBe(true);
    expect(await hasLivingMember(osPid)).toBe(false);
  });

  it('finds nothing where there is nothing', async () => {
    expect(await endStrays({ link: `${DIRECTORY}/9-1.sock` }, WITHIN)).toBe(true);
  });
});
