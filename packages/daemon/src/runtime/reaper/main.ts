// The reaper process: `main.ts <graceMs> <runtimeDir>`. It holds a pipe from the daemon and the
// process groups of its agents; when the pipe ends without a `quit`, the daemon is dead, however it
// died, and what is left of the groups after the grace is killed (DESIGN §4). In a session of its
// own and deaf to a terminal's signals, so that what ends the daemon does not end it, too.

import { setTimeout as delay } from 'node:timers/promises';
import { endRecorded } from '../os/end-recorded.ts';
import { readOsStarted } from '../os/os-started.ts';
import { signalGroup } from '../os/process-group.ts';
import { endStrays } from '../os/strays.ts';
import { ReaperList } from './reaper-list.ts';

const LOOK_MS = 50;
const KILL_TRIES = 3;
const STRAYS_MS = 500;

const [graceText = '0', runtimeDir = ''] = process.argv.slice(2);
const graceMs = Number(graceText);
const list = new ReaperList();

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => undefined);
}

process.stdin.setEncoding('utf8');
process.stdin.on('data', (text: string) => {
  for (const osPid of list.push(text)) {
    // Never rejects; a process that is gone stays without a start time.
    void readOsStarted(osPid).then((osStarted) => list.complete(osPid, osStarted ?? ''));
  }
  if (list.isQuit) process.exit(0);
});
process.stdin.once('error', () => process.stdin.destroy());
process.stdin.once('close', () => void reap()); // Ends in process.exit.

async function reap(): Promise<never> {
  const killAtMs = performance.now() + graceMs;
  while (performance.now() < killAtMs && list.records.some(({ osPid }) => signalGroup(osPid, 0))) {
    await delay(LOOK_MS);
  }
  for (let tries = 1; ; tries += 1) {
    const { left } = await endRecorded(list.records);
    const isAllGone = (await endOwnStrays()) && left.length === 0;
    if (isAllGone || tries === KILL_TRIES) process.exit(isAllGone ? 0 : 1);
  }
}

/** The agents are gone, so that strays of theirs are orphans. */
async function endOwnStrays(): Promise<boolean> {
  if (runtimeDir === '') return true;
  return endStrays({ directory: runtimeDir }, { withinMs: STRAYS_MS });
}
