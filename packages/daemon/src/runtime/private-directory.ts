// A directory for sockets: nobody else may come near it, and it is where it seems to be. Others may
// write in /tmp, so what stands there under our name need not be ours.
//   Refused, not mended: a link, another user's, one in which others may have put something.

import { KernelError } from '@hivekernel/kernel';
import { chmod, lstat } from 'node:fs/promises';
import type { Stats } from 'node:fs';

const PRIVATE_MODE = 0o700;
const OTHERS_MASK = 0o077;
const OTHERS_WRITE_MASK = 0o022;

/** Of one that exists. Throws `permission_denied` with what to do. */
export async function requirePrivate(dir: string): Promise<void> {
  const found = await lstat(dir);
  const flaw = flawOf(found);
  if (flaw !== undefined) {
    throw new KernelError(
      'permission_denied',
      `The runtime directory ${dir} cannot be trusted: ${flaw}. ` +
        'Remove it, or set XDG_RUNTIME_DIR to a directory that only you may use.',
      { details: { dir } },
    );
  }
  if ((found.mode & OTHERS_MASK) !== 0) await chmod(dir, PRIVATE_MODE);
}

function flawOf(found: Stats): string | undefined {
  if (found.isSymbolicLink()) return 'it is a symbolic link';
  if (!found.isDirectory()) return 'it is no directory';
  const ours = process.getuid?.();
  if (ours !== undefined && found.uid !== ours) return `it belongs to user ${found.uid}`;
  if ((found.mode & OTHERS_WRITE_MASK) !== 0) return 'others may write in it';
  return undefined;
}
