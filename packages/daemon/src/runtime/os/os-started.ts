// When the operating system started a process: with it, a pid that was used again by a stranger is
// told apart. The text is only compared, never read.

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { readProcStat } from './process-group.ts';

/** Ticks count from the machine's boot, so that the boot is part of the answer. */
let bootId: Promise<string> | undefined;
const BOOT_ID_CHARS = 8;

/** Undefined: no such process. A process that ended and was not reaped yet still counts. */
export async function readOsStarted(pid: number): Promise<string | undefined> {
  return process.platform === 'linux' ? fromProc(pid) : fromPs(pid);
}

async function fromProc(pid: number): Promise<string | undefined> {
  bootId ??= readFile('/proc/sys/kernel/random/boot_id', 'latin1').then(
    (text) => text.slice(0, BOOT_ID_CHARS),
    () => 'unknown',
  );
  const [boot, stat] = await Promise.all([bootId, readProcStat(pid)]);
  return stat && `${stat.startTicks}@${boot}`;
}

async function fromPs(pid: number): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)('ps', ['-o', 'lstart=', '-p', String(pid)]);
    return stdout.trim() || undefined;
  } catch {
    return undefined; // ps exits 1 for a pid that is not there.
  }
}
