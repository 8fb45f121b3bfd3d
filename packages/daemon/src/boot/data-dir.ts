// The directories of one daemon: the data directory, which is its memory, and a runtime directory
// for sockets, short because a socket's path holds 107 bytes at most.

import { createHash } from 'node:crypto';
import { chmod, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { KernelError } from '@hivekernel/kernel';
import { makeDirectory } from './make-directory.ts';

export interface DataDirs {
  readonly data: string;
  readonly logs: string;
  readonly work: string;
  readonly compileCache: string;
  /** Short, mode 0700, of this data directory alone. */
  readonly runtime: string;
  readonly adminSocket: string;
  readonly grpcSocket: string;
  readonly runFile: string;
  readonly tokenFile: string;
}

export function dataDirsOf(data: string): DataDirs {
  const runtime = join(runtimeRoot(), shortName(data));
  return {
    data,
    logs: join(data, 'logs'),
    work: join(data, 'work'),
    compileCache: join(data, 'cache', 'compile'),
    runtime,
    adminSocket: join(runtime, 'hive.sock'),
    grpcSocket: join(runtime, 'core.sock'),
    runFile: join(data, 'run.json'),
    tokenFile: join(data, 'operator.token'),
  };
}

/** Makes them all. Throws `permission_denied` or `unavailable` with what to do. */
export async function prepareDataDirs(dirs: DataDirs): Promise<void> {
  try {
    for (const dir of [dirs.data, dirs.logs, dirs.work, dirs.compileCache]) {
      await makeDirectory(dir);
    }
    const probe = join(dirs.data, `.write-${process.pid}`);
    await writeFile(probe, '');
    await rm(probe);
  } catch (cause) {
    throw cannotWrite(dirs.data, cause);
  }
  await makeDirectory(dirs.runtime, 0o700);
  await chmod(dirs.runtime, 0o700);
}

/** Removes what only a running daemon needs. */
export async function clearRuntimeDir(dirs: DataDirs): Promise<void> {
  await rm(dirs.runtime, { recursive: true, force: true });
}

function runtimeRoot(): string {
  const own = process.env['XDG_RUNTIME_DIR'];
  const root = own !== undefined && own !== '' && own.length < 40 ? own : tmpdir();
  const short = root.length < 40 ? root : '/tmp';
  return join(short, `hive-${userInfo().uid}`);
}

const shortName = (data: string): string =>
  createHash('sha256').update(data).digest('hex').slice(0, 12);

function cannotWrite(dir: string, cause: unknown): KernelError {
  const code = (cause as NodeJS.ErrnoException).code ?? '';
  const why = code === '' ? String(cause) : code;
  return new KernelError(
    code === 'EACCES' || code === 'EROFS' || code === 'EPERM' ? 'permission_denied' : 'unavailable',
    `The data directory ${dir} cannot be written: ${why}. ` +
      'Choose another with --data DIR, or give this user the right to write it.',
    { cause, details: { dir } },
  );
}
