// run.json: where a running daemon is found. Written last at boot and removed first at a stop; a
// file whose osPid is gone is stale and means that the daemon died.

import { readFile, rename, rm, writeFile } from 'node:fs/promises';

export interface RunInfo {
  readonly osPid: number;
  readonly bootId: string;
  readonly version: string;
  readonly node: string;
  readonly startedAtMs: number;
  readonly adminSocket: string;
  readonly grpcSocket: string;
  readonly grpcAddress: string;
  readonly httpUrl: string;
}

export async function writeRunFile(path: string, info: RunInfo): Promise<void> {
  const draft = `${path}.${process.pid}`;
  await writeFile(draft, `${JSON.stringify(info, null, 2)}\n`, { mode: 0o600 });
  await rename(draft, path);
}

/** Undefined when there is none, or none that can be read. */
export async function readRunFile(path: string): Promise<RunInfo | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as RunInfo;
  } catch {
    return undefined;
  }
}

export async function removeRunFile(path: string): Promise<void> {
  await rm(path, { force: true });
}
