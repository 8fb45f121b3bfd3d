// Whether OS processes are gone, as the OS says; a zombie that waits for its parent is gone.

import { readFile } from 'node:fs/promises';
import { isOsProcessAlive } from '@hivekernel/client';

async function isRunning(osPid: number): Promise<boolean> {
  if (!isOsProcessAlive(osPid)) return false;
  const stat = await readFile(`/proc/${osPid}/stat`, 'utf8').catch(() => '');
  const state = stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3);
  return stat !== '' && state !== 'Z' && state !== 'X';
}

/** Which of them still run. */
export async function osPidsAlive(osPids: readonly number[]): Promise<number[]> {
  const running = await Promise.all(osPids.map(isRunning));
  return osPids.filter((_, at) => running[at] === true);
}
