// `npm start` of chaos as an OS process: what a person sees, and what is left when it is
// interrupted. Its data lies elsewhere, so that a kernel of this folder is not disturbed.
import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { connect, isOsProcessAlive } from '@hivekernel/client';
import { shareCompileCache } from '@hivekernel/testkit/compile-cache';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const START = fileURLToPath(new URL('./start.ts', import.meta.url));
const COMMANDS = fileURLToPath(new URL('../../node_modules/.bin', import.meta.url));

let home: string;
let child: ChildProcessByStdio<null, Readable, Readable> | undefined;
let said: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'hive-chaos-'));
  said = '';
});

afterEach(async () => {
  if (child?.exitCode === null) {
    child.kill('SIGTERM');
    await once(child, 'close');
  }
  rmSync(home, { recursive: true, force: true });
}, 30_000);

const dataDir = (): string => join(home, 'data');
/** Who is killed leaves no compiled code behind for those who come after. */
const share = (): void => shareCompileCache(dataDir());

function start(...args: readonly string[]): Promise<number | null> {
  const env = {
    ...process.env,
    PATH: [COMMANDS, process.env['PATH']].join(delimiter),
    HOME: home,
    HIVE_DATA: dataDir(),
    HIVE_MAID_ENABLED: 'false',
    HIVE_JOURNAL_BALLAST: '0',
  };
  const process_ = spawn(process.execPath, [START, ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child = process_;
  for (const stream of [process_.stdout, process_.stderr]) {
    stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  }
  return once(process_, 'close').then(() => process_.exitCode);
}

async function untilSaid(words: RegExp): Promise<void> {
  while (!words.test(said)) await once(child!.stdout, 'data');
}

describe('npm start', () => {
  it('shows each restart with its reason, then the result, and stops the kernel', async () => {
    share();
    expect(await start('pieces=24', 'seed=2')).toBe(0);
    expect(said).toMatch(/worker-\d\(\d+\) +crashed: signal SIGKILL; restart 1 of 50 in/);
    expect(said).toMatch(/coordinator\(\d+\) +goes on after \d+ of 24 pieces/);
    expect(said).toContain('24 of 24 pieces, each once: 21221 primes below 240000, which is right');
    expect(existsSync(join(dataDir(), 'run.json'))).toBe(false);
  }, 60_000);

  it('leaves no process at Ctrl-C in the middle, and nothing that comes back', async () => {
    share();
    const ended = start();
    await untilSaid(/restart 1 of 50/);
    const client = await connect({ dataDir: dataDir() });
    const { agents } = await client.processes();
    client.close();
    const osPids = agents.map(({ osPid }) => osPid).filter((osPid) => osPid > 0);
    expect(osPids.length).toBeGreaterThan(4);
    child!.kill('SIGINT');
    expect(await ended).toBe(130);
    expect(osPids.filter(isOsProcessAlive)).toEqual([]);
    expect(existsSync(join(dataDir(), 'run.json'))).toBe(false);
    expect(said).not.toContain('of 60 pieces, each once');
  }, 60_000);

  it.each(['--seed=3', 'sed=3', 'seed'])('refuses %j with its usage, exit 2', async (word) => {
    expect(await start(word)).toBe(2);
    expect(said).toBe(
      `${word}: no parameter of this\nusage: npm start -- [seed=N] [pieces=N] [strikes=N]\n`,
    );
    expect(existsSync(dataDir())).toBe(false);
  });

  it('ends with what the run ends with, and still stops the kernel', async () => {
    share();
    expect(await start('pieces=0')).toBe(1);
    expect(said).toContain('pieces: 0 is no work');
    expect(existsSync(join(dataDir(), 'run.json'))).toBe(false);
  }, 30_000);
});
