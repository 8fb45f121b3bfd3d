// Memory of the machine and of OS processes. Of a process it is what it holds for itself: pages
// that it shares, such as the program, would be counted once for each. Only Linux tells that;
// elsewhere nothing is known of a single process. The machine is all of it, not the part that a
// container may use.
import { readFile } from 'node:fs/promises';
import { freemem, totalmem } from 'node:os';
import type { Look, Seen } from './look.ts';

const KIB = 1_024;
/** So many are read at a time: a thousand agents are no reason for a thousand open files. */
const READS_MAX = 16;

/** What can still be had without pushing anybody out: not only what lies idle. */
export const machineMemory = (): Look['machine'] => ({
  totalBytes: totalmem(),
  availableBytes: freemem(),
});

/** By pid. */
export async function memoryOf(
  processes: readonly Pick<Seen, 'pid' | 'osPid'>[],
): Promise<ReadonlyMap<number, number>> {
  const running = processes.filter(({ osPid }) => osPid > 0).values();
  const found = new Map<number, number>();
  const read = async (): Promise<void> => {
    for (const { pid, osPid } of running) {
      const bytes = await ownBytes(osPid);
      if (bytes !== undefined) found.set(pid, bytes);
    }
  };
  await Promise.all(Array.from({ length: READS_MAX }, read));
  return found;
}

async function ownBytes(osPid: number): Promise<number | undefined> {
  try {
    return readOwnBytes(await readFile(`/proc/${osPid}/status`, 'utf8'));
  } catch {
    return undefined; // It is gone, or this is no Linux.
  }
}

/** Of the text of `/proc/PID/status`; kernels that do not tell the own part tell all of it. */
export function readOwnBytes(status: string): number | undefined {
  const [, kib] =
    /^RssAnon:\s+(\d+) kB$/m.exec(status) ?? /^VmRSS:\s+(\d+) kB$/m.exec(status) ?? [];
  return kib === undefined ? undefined : Number(kib) * KIB;
}
