// What a data directory must be before a kernel is started in it, in the same words for each
// command that starts one. It makes nothing: the kernel does.

import { stat } from 'node:fs/promises';
import { CliError } from '../errors/cli-error.ts';
import { EXIT } from '../errors/exit-codes.ts';

/** Throws E_DATA_DIR for a path that is there and no directory. */
export async function requireDataDir(dataDir: string): Promise<void> {
  const found = await stat(dataDir).catch(() => undefined);
  if (found === undefined || found.isDirectory()) return;
  throw new CliError({
    code: 'E_DATA_DIR',
    exitCode: EXIT.failed,
    message: `${dataDir} is a file, not a directory`,
    why: 'The kernel keeps its state in a directory.',
    hints: [{ label: 'Choose another', command: 'add --data DIR, or set HIVE_DATA=DIR' }],
    details: { dataDir },
  });
}
