// A kernel to be measured: the daemon as a program of its own, so that it shares no thread with the
// load, in a directory of its own, with a simulated model and what a benchmark sets.
//   Whatever happens, its process, its directory, and whatever its agents left are gone when
//   `using` is over.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { connect, readRunFile, type HiveClient } from '@hivekernel/client';
import type { Ground } from './benchmark.ts';
import type { EventDoor } from './event-reader.ts';
import { endMarked } from './os-processes.ts';

const LIMITS = {
  startMs: 15_000,
  stopMs: 10_000,
  stderrCharsKept: 4_000,
  taskMs: 60_000,
} as const;

/** An agent of the benchmarks, and the task that measures. */
export interface Measurement {
  /** Of `agents/`: its file, whose default export it is. */
  readonly agent: string;
  readonly params: Readonly<Record<string, string | number>>;
  readonly childrenMax?: number;
}

const DAEMON_PROGRAM = fileURLToPath(
  new URL('./main.ts', import.meta.resolve('@hivekernel/daemon')),
);

/** Of hive.yaml, as variables: `{ HIVE_RESTART_JITTER: '0' }`. */
export type BenchSettings = Readonly<Record<`HIVE_${string}`, string>>;

interface Place {
  readonly dir: string;
  readonly runtimeDir: string;
  readonly door: EventDoor;
}

export class BenchDaemon {
  readonly client: HiveClient;
  /** For files of the benchmark; it goes with the daemon. */
  readonly dir: string;
  /** Every agent, and what it forked, carries a link into it (`HIVE_LINK`). */
  readonly runtimeDir: string;
  /** The streams of events, with the operator's token. */
  readonly door: EventDoor;
  readonly #ground: Ground;

  private constructor(ground: Ground, client: HiveClient, { dir, runtimeDir, door }: Place) {
    this.#ground = ground;
    this.client = client;
    this.dir = dir;
    this.runtimeDir = runtimeDir;
    this.door = door;
  }

  /** Starts one, lets `work` measure on it, and ends it. */
  static async using<T>(
    ground: Ground,
    work: (daemon: BenchDaemon) => Promise<T>,
    settings: BenchSettings = {},
  ): Promise<T> {
    const dir = await mkdtemp(join(ground.dir, 'daemon-'));
    await shareCompileCache(dir, ground);
    const child = startProgram(dir, { ground, settings });
    let runtimeDir: string | undefined;
    try {
      await ready(child, ground.signal);
      runtimeDir = await runtimeDirOf(dir);
      const client = await connect({ dataDir: dir, client: 'bench', signal: ground.signal });
      const door = await doorOf(dir);
      const place = { dir, runtimeDir, door };
      return await new BenchDaemon(ground, client, place).#untilStopped(work);
    } finally {
      await end(child);
      if (runtimeDir !== undefined) endMarked(runtimeDir);
      await rm(dir, { recursive: true, force: true, maxRetries: 3 });
    }
  }

  /** Runs an agent's task and gives the numbers that it returned. */
  async measure({ agent, params, childrenMax }: Measurement): Promise<readonly number[]> {
    const { signal } = this.#ground;
    const pid = await this.client.spawn(
      {
        name: agent,
        role: 'lead',
        tier: 'operational',
        image: fileURLToPath(new URL(`./agents/${agent}.ts`, import.meta.url)),
        env: this.#profiled,
        limits: childrenMax === undefined ? {} : { childrenMax },
      },
      { signal },
    );
    const words = Object.entries(params).map(([name, value]) => [name, String(value)]);
    const report = await this.client.executeTask(
      {
        pid,
        description: 'measure',
        params: Object.fromEntries(words) as Record<string, string>,
        timeoutMs: LIMITS.taskMs,
      },
      { signal },
    );
    if (!report.isCompleted) throw new Error(`${agent}: ${report.error}`);
    await this.client.kill(pid, { isRecursive: true, graceMs: 2_000 }, { signal });
    return numbersOf(report.output);
  }

  get #profiled(): Record<string, string> {
    const { profileDir } = this.#ground;
    return profileDir === undefined
      ? {}
      : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profileDir}` };
  }

  async #untilStopped<T>(work: (daemon: BenchDaemon) => Promise<T>): Promise<T> {
    try {
      return await work(this);
    } finally {
      await this.client.stop('measured').catch(() => undefined);
      this.client.close();
    }
  }
}

/** For the agents, at the place where the daemon keeps theirs. */
async function shareCompileCache(dir: string, { compileCacheDir }: Ground): Promise<void> {
  if (compileCacheDir === undefined) return;
  await mkdir(compileCacheDir, { recursive: true });
  await mkdir(join(dir, 'cache'));
  await symlink(compileCacheDir, join(dir, 'cache', 'compile'));
}

async function runtimeDirOf(dir: string): Promise<string> {
  const info = await readRunFile(dir);
  if (info === undefined) throw new Error('the daemon is ready and left no run file');
  return dirname(info.adminSocket);
}

async function doorOf(dir: string): Promise<EventDoor> {
  const info = await readRunFile(dir);
  const token = await readFile(join(dir, 'operator.token'), 'utf8');
  const { httpUrl: url = '', grpcAddress = '' } = info ?? {};
  return { url, grpcAddress, token: token.trim() };
}

function startProgram(
  dir: string,
  { ground, settings }: { ground: Ground; settings: BenchSettings },
): ChildProcess {
  const { profileDir, compileCacheDir } = ground;
  const profiling = profileDir === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDir}`];
  const flags = ['--data', dir, '--listen', ':0', '--http-port', '0', '--model', 'sim/default'];
  return spawn(process.execPath, [...profiling, DAEMON_PROGRAM, ...flags], {
    cwd: dir,
    // Nothing of the user's: neither keys nor settings. Nobody but the load.
    env: {
      PATH: process.env['PATH'],
      HOME: dir,
      HIVE_MODELS_LOCAL_PROBE: 'false',
      HIVE_MAID_ENABLED: 'false',
      ...(compileCacheDir === undefined ? {} : { NODE_COMPILE_CACHE: compileCacheDir }),
      ...settings,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Resolves with its first line on stdout; rejects with what it said when it ends instead. */
async function ready(child: ChildProcess, signal: AbortSignal): Promise<void> {
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-LIMITS.stderrCharsKept);
  });
  const patience = AbortSignal.any([signal, AbortSignal.timeout(LIMITS.startMs)]);
  const line = once(child.stdout as NonNullable<ChildProcess['stdout']>, 'data', {
    signal: patience,
  });
  const gone = once(child, 'exit', { signal: patience }).then(([code]) => {
    throw new Error(`the daemon ended with ${String(code)}: ${said.trim()}`);
  });
  gone.catch(() => undefined);
  await Promise.race([line, gone]);
}

async function end(child: ChildProcess): Promise<void> {
  const isOver = (): boolean => child.exitCode !== null || child.signalCode !== null;
  if (isOver()) return;
  const exited = once(child, 'exit');
  const late = new AbortController();
  const timer = delay(LIMITS.stopMs, undefined, { signal: late.signal }).catch(() => undefined);
  await Promise.race([exited, timer]);
  late.abort();
  if (isOver()) return;
  child.kill('SIGKILL');
  await exited;
}

function numbersOf(output: string): readonly number[] {
  const numbers: unknown = JSON.parse(output);
  const isAll = Array.isArray(numbers) && numbers.every((n) => typeof n === 'number');
  if (!isAll) throw new Error(`an agent measured ${output.slice(0, 100)}`);
  return numbers;
}
