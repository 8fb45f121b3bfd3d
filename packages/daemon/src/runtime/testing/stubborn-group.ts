// A process group for tests: a leader, and a child of it that ignores SIGTERM. Not an agent; with
// HIVE_LINK in its environment it looks like one.

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

export async function startGroup(
  env: Readonly<Record<string, string>> = {},
): Promise<{ pgid: number; leader: ChildProcess }> {
  const leader = spawn('/bin/sh', ['-c', `(trap '' TERM; echo up; exec sleep 60) & wait`], {
    detached: true,
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(leader.stdout, 'data');
  return { pgid: leader.pid as number, leader };
}
