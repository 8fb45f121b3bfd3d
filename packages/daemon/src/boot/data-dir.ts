// The directories of one daemon: the data directory, which is its memory, and a runtime directory
// for sockets, short because a socket's path holds 107 bytes at most.
//   Both are for their owner alone: prompts, results and tokens lie in them (DESIGN §7). A data
//   directory that holds other things, too, keeps its mode; what is ours in it is closed.

import { createHash } from 'node:crypto';
import { chmod, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { KernelError } from '@hivekernel/kernel';
import { requirePrivate } from '../runtime/private-directory.ts';
import { makeDirectory } from './make-directory.ts';

export interface DataDirs {
  readonly data: string;
  readonly logs: string;
  readonly work: string;
  readonly cache: string;
  readonly compileCache: string;
  /** Of all daemons of this user. */
  readonly runtimeRoot: string;
  /** Short, mode 0700, of this data directory alone. */
  readonly runtime: string;
  readonly adminSocket: string;
  readonly grpcSocket: string;
  readonly runFile: string;
  readonly tokenFile: string;
}

export function dataDirsOf(data: string): DataDirs {
  const root = runtimeRoot();
  const runtime = join(root, shortName(data));
  return {
    data,
    logs: join(data, 'logs'),
    work: join(data, 'work'),
    cache: join(data, 'cache'),
    compileCache: join(data, 'cache', 'compile'),
    runtimeRoot: root,
    runtime,
    adminSocket: join(runtime, 'hive.sock'),
    grpcSocket: join(runtime, 'core.sock'),
    runFile: join(data, 'run.json'),
    tokenFile: join(data, 'operator.token'),
  };
}

const PRIVATE_DIR = 0o700;
const PRIVATE_FILE = 0o600;
const OTHERS_MASK = 0o077;
const STICKY = 0o1000;
/** As the journal names them; what names them there loads SQLite, which only its threads need. */
const JOURNAL_FILES = ['journal.db', 'lock.db'];
/** What a daemon leaves in its data directory; anything else in it is somebody else's. */
const OWN_ENTRY =
  /^(journal\.db|lock\.|ballast|run\.json|operator\.token|\.write-|(logs|work|cache)$)/;

/** Makes them all. Throws `permission_denied` or `unavailable` with what to do. */
export async function prepareDataDirs(dirs: DataDirs): Promise<void> {
  try {
    await makeDirectory(dirs.data, PRIVATE_DIR);
    if (await isOnlyOurs(dirs.data)) await closeToOthers(dirs.data);
    for (const dir of [dirs.logs, dirs.work, dirs.cache, dirs.compileCache]) {
      await makeDirectory(dir, PRIVATE_DIR);
      await closeToOthers(dir);
    }
    await makeJournalFiles(dirs.data);
    const probe = join(dirs.data, `.write-${process.pid}`);
    await writeFile(probe, '', { mode: PRIVATE_FILE });
    await rm(probe);
  } catch (cause) {
    throw cannotWrite(dirs.data, cause);
  }
  // One after the other: nothing is made below what cannot be trusted.
  for (const dir of [dirs.runtimeRoot, dirs.runtime]) {
    await makeDirectory(dir, PRIVATE_DIR).catch((cause: unknown) => {
      throw cannotMake(dir, cause);
    });
    await requirePrivate(dir);
  }
}

/** Not a shared directory, and none that holds a project or a home. */
async function isOnlyOurs(dir: string): Promise<boolean> {
  const { mode } = await stat(dir);
  if ((mode & STICKY) !== 0) return false;
  return (await readdir(dir)).every((name) => OWN_ENTRY.test(name));
}

/**
 * SQLite takes an empty file for a new database, and gives its mode to those beside it. A file that
 * is there is never opened: closing it would end this process's locks on it.
 */
async function makeJournalFiles(data: string): Promise<void> {
  for (const name of JOURNAL_FILES) {
    const path = join(data, name);
    await writeFile(path, '', { flag: 'wx', mode: PRIVATE_FILE }).catch(unlessThere);
    for (const one of [path, `${path}-wal`, `${path}-shm`]) await closeToOthers(one);
  }
}

function unlessThere(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}

/** Where it is another user's, there is nothing to close. */
async function closeToOthers(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined || found.uid !== process.getuid?.()) return;
  const { mode } = found;
  if ((mode & OTHERS_MASK) !== 0) await chmod(path, mode & PRIVATE_DIR);
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

function cannotMake(dir: string, cause: unknown): KernelError {
  const why = (cause as NodeJS.ErrnoException).code ?? String(cause);
  return new KernelError(
    'permission_denied',
    `The runtime directory ${dir} cannot be made: ${why}. ` +
      'Set XDG_RUNTIME_DIR to a directory that only you may use.',
    { cause, details: { dir } },
  );
}
