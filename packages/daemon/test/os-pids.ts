// Whether OS processes are gone, as the OS says; a zombie that waits for its parent is gone. Nobody
// is told of the end of a process that is not his child, so that one has to look again and again.

import { readFileSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { isOsProcessAlive } from '@hivekernel/client';

const LOOK_MS = 20;

async function isRunning(osPid: number): Promise<boolean> {
  if (!isOsProcessAlive(osPid)) return false;
  const stat = await readFile(`/proc/${osPid}/stat`, 'latin1').catch(() => '');
  const state = stat.slice(stat.lastIndexOf(')') + 2)[0] ?? '';
  return stat !== '' && state !== 'Z' && state !== 'X';
}

/** Which of them still run. */
export async function osPidsAlive(osPids: readonly number[]): Promise<number[]> {
  const running = await Promise.all(osPids.map(isRunning));
  return osPids.filter((_, at) => running[at] === true);
}

/** OS processes that carry a link into that directory: agents, and what they forked. */
export const agentsUnder = (runtimeDir: string): Promise<number[]> =>
  osPidsNaming(`HIVE_LINK=${runtimeDir}/`);

/** OS processes with that text in their arguments or their environment. */
export async function osPidsNaming(text: string): Promise<number[]> {
  const names = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const isNamed = (name: string): boolean =>
    textOf(`/proc/${name}/environ`).includes(text) ||
    textOf(`/proc/${name}/cmdline`).includes(text);
  return osPidsAlive(names.filter(isNamed).map(Number));
}

/** At once: of a whole machine that is a fifth of the work of as many promises. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

/** Resolves with those that are left when the time is over. */
export async function untilGone(
  look: () => Promise<number[]>,
  options: { withinMs: number },
): Promise<number[]> {
  const endAtMs = performance.now() + options.withinMs;
  for (;;) {
    const left = await look();
    if (left.length === 0 || performance.now() >= endAtMs) return left;
    await delay(LOOK_MS);
  }
}
