// `run.json` in the data directory: where the running kernel of that directory can be reached. The
// kernel writes it when it is up and takes it away when it stops cleanly; after a crash it stays,
// so that what it says is a claim until somebody answers.

import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

export const RUN_FILE = 'run.json';

export interface RunInfo {
  readonly osPid: number;
  readonly bootId: string;
  readonly adminSocket: string;
  readonly httpUrl: string;
  readonly grpcAddress: string;
  readonly version: string;
  readonly startedAtMs: number;
  readonly node: string;
}

/** Undefined: there is none, or it cannot be read as one. */
export async function readRunFile(dataDir: string): Promise<RunInfo | undefined> {
  try {
    const text = await readFile(join(dataDir, RUN_FILE), 'utf8');
    return readRunInfo(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function readRunInfo(value: unknown): RunInfo | undefined {
  if (value === null || typeof value !== 'object') return undefined;
  const fields = value as Readonly<Record<string, unknown>>;
  const { adminSocket, osPid } = fields;
  if (typeof adminSocket !== 'string' || adminSocket === '') return undefined;
  return {
    osPid: typeof osPid === 'number' ? osPid : 0,
    bootId: text(fields['bootId']),
    adminSocket,
    httpUrl: text(fields['httpUrl']),
    grpcAddress: text(fields['grpcAddress']),
    version: text(fields['version']),
    startedAtMs: typeof fields['startedAtMs'] === 'number' ? fields['startedAtMs'] : 0,
    node: text(fields['node']),
  };
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/**
 * Whether an OS process of that pid runs, whoever owns it. One that only waits to be reaped is
 * gone.
 */
export function isOsProcessAlive(osPid: number): boolean {
  if (!Number.isSafeInteger(osPid) || osPid <= 0) return false;
  try {
    process.kill(osPid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
  return !isUnreaped(osPid);
}

/** Where nobody reaps (a container without an init), a dead process keeps its number. */
function isUnreaped(osPid: number): boolean {
  if (process.platform !== 'linux') return false;
  try {
    const stat = readFileSync(`/proc/${osPid}/stat`, 'latin1');
    // The name before it stands in parentheses and may hold anything.
    return /^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
  } catch {
    return false;
  }
}
