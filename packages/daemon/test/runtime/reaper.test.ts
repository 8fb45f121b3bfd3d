import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { hasLivingMember } from '../../src/runtime/os/process-group.ts';
import { Reaper } from '../../src/runtime/reaper/reaper.ts';

const PARENT = fileURLToPath(new URL('./doomed-daemon.ts', import.meta.url));
const QUIET = { nodePath: process.execPath, env: {}, runtimeDir: '', graceMs: 0 };
const parents: ChildProcess[] = [];
afterEach(() => {
  for (const parent of parents.splice(0)) parent.kill('SIGKILL');
});

/** A daemon that runs the agents named; resolves with the OS pids of its agents. */
async function startParent(images: readonly string[]) {
  const parent = spawn(process.execPath, [PARENT, ...images], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  parents.push(parent);
  const [line] = (await once(createInterface(parent.stdout), 'line')) as [string];
  return { parent, osPids: JSON.parse(line) as number[] };
}

async function untilGone(osPids: readonly number[], withinMs: number): Promise<number[]> {
  const endAt = performance.now() + withinMs;
  for (;;) {
    const alive: number[] = [];
    for (const osPid of osPids) if (await hasLivingMember(osPid)) alive.push(osPid);
    if (alive.length === 0 || performance.now() >= endAt) return alive;
  }
}

describe('the reaper', () => {
  it('ends every agent within 2 s of a daemon killed with -9, looping ones too', async () => {
    const images = ['echo', 'loop', 'fork', 'stray', 'orphan', 'hang-up'];
    const { parent, osPids } = await startParent(images);
    parent.kill('SIGKILL');
    await once(parent, 'exit');
    expect(await untilGone(osPids, 2_000)).toEqual([]);
  });

  it.each(['paused:stray', 'paused:orphan'])('ends what stands still, too: %s', async (image) => {
    const { parent, osPids } = await startParent([image]);
    expect(osPids).toHaveLength(2);
    parent.kill('SIGKILL');
    await once(parent, 'exit');
    expect(await untilGone(osPids, 2_500)).toEqual([]);
  });

  it('is not ended by the signals of a terminal', async () => {
    const { parent, osPids } = await startParent(['loop', 'reaper']);
    const reaper = osPids.at(-1) as number;
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(reaper, signal);
    parent.kill('SIGKILL');
    await once(parent, 'exit');
    expect(await untilGone(osPids, 2_500)).toEqual([]);
  });
});

describe('Reaper', () => {
  it('starts another when it dies, which knows what the first knew', async () => {
    const env = { PATH: process.env['PATH'], HIVE_LINK: '/run/7-1.sock' };
    const victim = spawn('sleep', ['60'], { detached: true, env, stdio: 'ignore' });
    const died = Promise.withResolvers<string>();
    const reaper = new Reaper({
      ...QUIET,
      onDied: ({ message }) => died.resolve(message),
    });
    await reaper.start();
    reaper.add({ osPid: victim.pid as number, osStarted: '' });
    const first = reaper.osPid as number;
    process.kill(first, 'SIGKILL');
    expect(await died.promise).toContain('SIGKILL');
    await untilReplaced(reaper, first);
    reaper.abandon();
    await once(victim, 'exit');
    expect(victim.signalCode).toBe('SIGKILL');
  });

  it('kills nothing when it is stopped', async () => {
    const other = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' });
    const onDied = (): never => expect.unreachable();
    const reaper = new Reaper({ ...QUIET, onDied });
    await reaper.start();
    reaper.add({ osPid: other.pid as number, osStarted: '' });
    await reaper.stop();
    await reaper.stop();
    expect(await hasLivingMember(other.pid as number)).toBe(true);
    other.kill('SIGKILL');
  });
});

async function untilReplaced(reaper: Reaper, first: number): Promise<void> {
  while (reaper.osPid === undefined || reaper.osPid === first) {
    await new Promise((resolve) => void setImmediate(resolve));
  }
}
