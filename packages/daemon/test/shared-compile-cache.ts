// One compile cache for all data directories of the tests: what they start is compiled once, not
// once a test. Where vitest gave none, each data directory has its own, as users' have.

import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';

const SHARED = process.env['NODE_COMPILE_CACHE'];

/** For the environment of a program that a test starts. */
export const COMPILE_CACHE_ENV: Readonly<Record<string, string>> =
  SHARED === undefined ? {} : { NODE_COMPILE_CACHE: SHARED };

/** For the agents of a daemon with that data directory; one that has a cache keeps it. */
export async function shareCompileCache(dataDir: string): Promise<void> {
  if (SHARED === undefined) return;
  await mkdir(SHARED, { recursive: true });
  await mkdir(join(dataDir, 'cache'), { recursive: true });
  await symlink(SHARED, join(dataDir, 'cache', 'compile')).catch((error: unknown) => {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  });
}
