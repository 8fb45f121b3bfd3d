// A pair of processes over Redis: one that sends, one that receives, as our `send` has them. Both
// are gone when it is over.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { RedisServer } from './redis-server.ts';

export interface RedisLoad {
  /** Of the stream: each pair has one of its own. */
  readonly name: string;
  readonly what: 'rate' | 'latency';
  readonly count: number;
  /** Of a rate. */
  readonly batches?: number;
  readonly signal: AbortSignal;
}

/** Resolves with what the sender measured. */
export async function overRedis(server: RedisServer, load: RedisLoad): Promise<readonly number[]> {
  const { name, what, count, batches = 0, signal } = load;
  const receiver = start(server, 'receiver', [name]);
  try {
    await once(receiver.stdout as NonNullable<ChildProcess['stdout']>, 'data', { signal });
    const sender = start(server, 'sender', [name, what, `${count}`, `${batches}`]);
    try {
      return await outputOf(sender, signal);
    } finally {
      sender.kill('SIGKILL');
    }
  } finally {
    const exited = once(receiver, 'exit');
    receiver.kill('SIGKILL');
    await exited;
  }
}

function start({ dir }: RedisServer, end: string, args: readonly string[]): ChildProcess {
  const program = fileURLToPath(new URL(`./redis-${end}-process.ts`, import.meta.url));
  return spawn(process.execPath, [program, ...args], {
    cwd: dir,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

async function outputOf(child: ChildProcess, signal: AbortSignal): Promise<readonly number[]> {
  let said = '';
  child.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const [code] = (await once(child, 'close', { signal })) as [number | null];
  if (code !== 0) throw new Error(`the sender over Redis ended with ${code}`);
  return JSON.parse(said) as readonly number[];
}
