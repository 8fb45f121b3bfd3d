// Connects to the running kernel of a data directory, or says why there is none.
// It never starts one: that is hosted-kernel.ts and background-kernel.ts, where a command asks.

import { connect, isOsProcessAlive, readRunFile, RUN_FILE } from '@hivekernel/client';
import type { HiveClient, RunInfo } from '@hivekernel/client';
import { join, relative } from 'node:path';
import { CliError } from '../errors/cli-error.ts';
import { EXIT } from '../errors/exit-codes.ts';
import { showAge } from '../output/human.ts';
import { cliVersion } from '../version.ts';

export interface Reach {
  readonly dataDir: string;
  readonly cwd: string;
  readonly timeoutMs?: number;
}

/** Throws E_UNREACHABLE. */
export async function reachKernel(reach: Reach): Promise<HiveClient> {
  const { dataDir, timeoutMs } = reach;
  const client = `hive/${cliVersion()}`;
  try {
    return await connect({ dataDir, client, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
  } catch (error) {
    throw await unreachable(reach, error);
  }
}

/** The client of a kernel that runs and answers; undefined where there is none. */
export async function findKernel(reach: Reach): Promise<HiveClient | undefined> {
  const run = await readRunFile(reach.dataDir);
  if (run === undefined || !isOsProcessAlive(run.osPid)) return undefined;
  return reachKernel(reach);
}

async function unreachable({ dataDir, cwd }: Reach, cause: unknown): Promise<unknown> {
  const code = cause instanceof Error && 'code' in cause ? cause.code : '';
  if (code !== 'unavailable' && code !== 'timed_out') return cause;
  const run = await readRunFile(dataDir);
  return new CliError({
    code: 'E_UNREACHABLE',
    exitCode: EXIT.unreachable,
    message: `no kernel answers in ${shownPath(dataDir, cwd)}`,
    why: whyNot(run, { dataDir, cwd }),
    hints: [
      { label: 'Start one', command: 'hive up -d' },
      { label: 'See it all', command: 'hive doctor' },
    ],
    details: { dataDir, ...(run === undefined ? {} : { osPid: run.osPid }) },
    cause,
  });
}

function whyNot(run: RunInfo | undefined, { dataDir, cwd }: Reach): string {
  const file = shownPath(join(dataDir, RUN_FILE), cwd);
  if (run === undefined) return `It is not running (there is no ${file}).`;
  const age = showAge(Date.now() - run.startedAtMs);
  if (!isOsProcessAlive(run.osPid)) {
    const stale = `${file} is stale, from ${age} ago`;
    return `It is not running: its process ${run.osPid} is gone (${stale}).`;
  }
  return `Its process ${run.osPid} is there (since ${age}), but does not answer on its socket.`;
}

/** Relative where that is shorter and inside. */
export function shownPath(path: string, cwd: string): string {
  const inside = relative(cwd, path);
  if (inside === '') return '.';
  return inside.startsWith('..') ? path : `./${inside}`;
}
