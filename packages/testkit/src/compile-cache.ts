// One compile cache for all that tests start: it is compiled once, not once a data directory. Where
// vitest gave none, each data directory has its own, as users' have. Programs that are not tests
// may import this file.

import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

const SHARED = process.env['NODE_COMPILE_CACHE'];

/** For the environment of a program that a test starts. */
export const COMPILE_CACHE_ENV: Readonly<Record<string, string>> =
  SHARED === undefined ? {} : { NODE_COMPILE_CACHE: SHARED };

/** For the agents of a daemon with that data directory; one that has a cache keeps it. */
export function shareCompileCache(dataDir: string): void {
  if (SHARED === undefined) return;
  mkdirSync(SHARED, { recursive: true });
  mkdirSync(join(dataDir, 'cache'), { recursive: true });
  try {
    symlinkSync(SHARED, join(dataDir, 'cache', 'compile'));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
}
