// A Redis server of our own, as durable as our journal: every write is in its log and on disk
// before it is answered. It listens on a Unix socket in a directory of its own, and nowhere else.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';

const PROGRAM = 'redis-server';
/** Relative to its directory: the path of a socket must be short. */
export const SOCKET = 'redis.sock';
const START_MS_MAX = 10_000;

const SETTINGS: Readonly<Record<string, string>> = {
  port: '0',
  unixsocket: SOCKET,
  appendonly: 'yes',
  appendfsync: 'always',
  // Neither snapshots nor rewrites of the log beside the load.
  save: '',
  'auto-aof-rewrite-percentage': '0',
};

export interface RedisServer {
  /** Where its socket is, and files of the load may be. */
  readonly dir: string;
  readonly version: string;
}

/** Starts one, lets `work` use it, and ends it. Undefined: there is none on this machine. */
export async function usingRedis<T>(
  ground: { readonly dir: string; readonly signal: AbortSignal },
  work: (server: RedisServer) => Promise<T>,
): Promise<T | undefined> {
  const dir = await mkdtemp(join(ground.dir, 'redis-'));
  try {
    const flags = Object.entries(SETTINGS).flatMap(([name, value]) => [`--${name}`, value]);
    const child = spawn(PROGRAM, flags, { cwd: dir, stdio: ['ignore', 'pipe', 'inherit'] });
    const exited = once(child, 'exit');
    exited.catch(() => undefined);
    try {
      const version = await ready(child, ground.signal);
      return version === undefined ? undefined : await work({ dir, version });
    } finally {
      if (child.pid !== undefined) {
        child.kill('SIGKILL');
        await exited;
      }
    }
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** Its version, when it takes connections; undefined where there is no such program. */
async function ready(child: ChildProcess, signal: AbortSignal): Promise<string | undefined> {
  const patience = AbortSignal.any([signal, AbortSignal.timeout(START_MS_MAX)]);
  const { promise, resolve, reject } = Promise.withResolvers<string | undefined>();
  let said = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    if (READY.test(said)) return;
    said += chunk.toString();
    if (READY.test(said)) resolve(/version=([\d.]+)/.exec(said)?.[1] ?? 'unknown');
  });
  child.once('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') resolve(undefined);
    else reject(error);
  });
  child.once('exit', (code) => reject(new Error(`redis-server ended with ${code}: ${said}`)));
  patience.addEventListener('abort', () => reject(patience.reason as Error), { once: true });
  return promise;
}

const READY = /ready to accept connections/i;
