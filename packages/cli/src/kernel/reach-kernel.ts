// Connects to the running kernel of a data directory, or says why there is none.
// It never starts one: that is hosted-kernel.ts and background-kernel.ts, where a command asks.

import {
  HiveClientError,
  RUN_FILE,
  connect,
  isOsProcessAlive,
  readRunFile,
} from '@hivekernel/client';
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

/**
 * The client of the kernel that runs here; undefined where there is none. Throws E_UNREACHABLE for
 * one that is there and does not answer.
 */
export async function findKernel(reach: Reach): Promise<HiveClient | undefined> {
  const run = await readRunFile(reach.dataDir);
  if (run === undefined || !isOsProcessAlive(run.osPid)) return undefined;
  try {
    return await reachKernel(reach);
  } catch (error) {
    if (error instanceof CliError && isNobodyThere(error.cause)) return undefined;
    throw error;
  }
}

/**
 * Nobody listens on the socket. Then the process of that number, if there is one, is a stranger's:
 * numbers are used again.
 */
export function isNobodyThere(error: unknown): boolean {
  if (!(error instanceof HiveClientError)) return false;
  const { reason } = error.details;
  return reason === 'no_run_file' || reason === 'ENOENT' || reason === 'ECONNREFUSED';
}

async function unreachable({ dataDir, cwd }: Reach, cause: unknown): Promise<unknown> {
  const code = cause instanceof Error && 'code' in cause ? cause.code : '';
  if (code !== 'unavailable' && code !== 'timed_out') return cause;
  const run = await readRunFile(dataDir);
  return new CliError({
    code: 'E_UNREACHABLE',
    exitCode: EXIT.unreachable,
    message: `no kernel answers in ${shownPath(dataDir, cwd)}`,
    why: whyNot(run, { dataDir, cwd, isThere: !isNobodyThere(cause) }),
    hints: [
      { label: 'Start one', command: 'hive up -d' },
      { label: 'It runs elsewhere', command: 'add --data DIR, or set HIVE_DATA=DIR' },
      { label: 'See it all', command: 'hive doctor' },
    ],
    details: { dataDir, ...(run === undefined ? {} : { osPid: run.osPid }) },
    cause,
  });
}

function whyNot(
  run: RunInfo | undefined,
  { dataDir, cwd, isThere }: Reach & { isThere: boolean },
): string {
  const file = shownPath(join(dataDir, RUN_FILE), cwd);
  if (run === undefined) return `It is not running (there is no ${file}).`;
  const age = showAge(Date.now() - run.startedAtMs);
  if (!isThere || !isOsProcessAlive(run.osPid)) {
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
