// The directories of the runtime: that of the sockets, which nobody else may enter, and those of
// logs, work and the compile cache under the data directory.

import { KernelError } from '@hivekernel/kernel';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { requirePrivate } from './private-directory.ts';
import { RUNTIME_LIMITS } from './runtime-limits.ts';
import type { RuntimeOptions } from './runtime-options.ts';

const PRIVATE_MODE = 0o700;
const SOCKET_NAME = /^\d+-\d+\.sock$/;
/** A name as long as they get in years. */
const LONG_SOCKET_NAME = '4294967295-9999.sock';

export const socketName = (who: { pid: number; incarnation: number }): string =>
  `${who.pid}-${who.incarnation}.sock`;

/** Shared by all agents: without it a start costs twice the time and memory. */
export const compileCacheOf = (dataDir: string): string => join(dataDir, 'cache', 'compile');

/** Throws `invalid_argument` or `permission_denied`, saying what is wrong with which directory. */
export async function prepareDirectories(
  options: Pick<RuntimeOptions, 'runtimeDir' | 'dataDir'>,
): Promise<void> {
  const { runtimeDir, dataDir } = options;
  requireShort(runtimeDir);
  try {
    const paths = [join(dataDir, 'logs'), join(dataDir, 'work'), compileCacheOf(dataDir)];
    const made = [...paths, runtimeDir].map((path) =>
      mkdir(path, { recursive: true, mode: PRIVATE_MODE }),
    );
    await Promise.all(made);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const message = `The directories of the runtime cannot be made: ${why}`;
    throw new KernelError('permission_denied', message, { cause });
  }
  await requirePrivate(runtimeDir);
  await removeOldSockets(runtimeDir);
}

function requireShort(runtimeDir: string): void {
  const bytes = Buffer.byteLength(join(runtimeDir, LONG_SOCKET_NAME));
  const most = RUNTIME_LIMITS.socketPathBytesMax;
  if (bytes <= most) return;
  throw new KernelError(
    'invalid_argument',
    `The runtime directory ${runtimeDir} is ${bytes - most} bytes too long: a socket in it would ` +
      `have a path of ${bytes} bytes, and the system takes ${most}. Choose a shorter one.`,
  );
}

/** Of a daemon that was killed; the data directory's lock says that it is not there any more. */
async function removeOldSockets(dir: string): Promise<void> {
  const names = await readdir(dir);
  const old = names.filter((name) => SOCKET_NAME.test(name));
  await Promise.all(old.map((name) => rm(join(dir, name), { force: true })));
}
