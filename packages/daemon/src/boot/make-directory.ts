// Makes a directory and those above it. Not Node's own recursive `mkdir`: that one never returns
// where a directory exists but takes no others and says ENOENT for them, as /proc does.
//   Each step goes one directory up or ends, so that the work is bounded by the path's length.

import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/** One that is there already is as good. Throws what the file system says, with its `code`. */
export async function makeDirectory(path: string, mode?: number): Promise<void> {
  try {
    await makeOne(path, mode);
  } catch (error) {
    const above = dirname(path);
    if (codeOf(error) !== 'ENOENT' || above === path) throw error;
    await makeDirectory(above, mode);
    await makeOne(path, mode);
  }
}

async function makeOne(path: string, mode: number | undefined): Promise<void> {
  try {
    await mkdir(path, mode);
  } catch (error) {
    const found = codeOf(error) === 'ENOENT' ? undefined : await stat(path).catch(() => undefined);
    if (found?.isDirectory() !== true) throw error;
  }
}

const codeOf = (error: unknown): unknown =>
  error instanceof Error && 'code' in error ? error.code : undefined;
