import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { endMarked, lookAt, markedIn, signalOs, stillRunning } from './os-processes.ts';

const DIRECTORY = '/run/hive-bench-test';
const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

async function start(link: string): Promise<ChildProcess & { pid: number }> {
  const env = { PATH: process.env['PATH'], HIVE_LINK: link };
  const child = spawn('sh', ['-c', 'echo up; exec sleep 60'], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  await once(child.stdout, 'data');
  return child as unknown as ChildProcess & { pid: number };
}

describe.skipIf(process.platform !== 'linux')('markedIn()', () => {
  it('finds who carries a link into the directory, and endMarked() ends it', async () => {
    const own = await start(`${DIRECTORY}/7-1.sock`);
    const other = await start(`${DIRECTORY}-other/7-1.sock`);
    expect(markedIn(DIRECTORY).map(({ osPid }) => osPid)).toEqual([own.pid]);
    const exited = once(own, 'exit');
    endMarked(DIRECTORY);
    await exited;
    expect(markedIn(DIRECTORY)).toEqual([]);
    expect(lookAt(other.pid)?.osPid).toBe(other.pid);
  });
});

describe.skipIf(process.platform !== 'linux')('stillRunning()', () => {
  it('knows a process by number and start time, and no other', async () => {
    const child = await start('');
    const record = lookAt(child.pid);
    if (record === undefined) throw new Error('it does not run');
    expect(stillRunning([record])).toEqual([record]);
    expect(stillRunning([{ ...record, startTicks: '1' }])).toEqual([]);
    const exited = once(child, 'exit');
    signalOs(child.pid, 'SIGKILL');
    await exited;
    expect(stillRunning([record])).toEqual([]);
  });
});
