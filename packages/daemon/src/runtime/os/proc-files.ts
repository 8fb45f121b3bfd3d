// The list of processes and their states, as /proc gives them at this instant: read without waiting
// and into one buffer, which costs a third of what the asynchronous way does, and leaves nothing to
// collect. Only for files that never wait for the process that they are of: the environment does.
//   A look at a thousand processes is read in batches, so that everything else has its turns.
//   Linux only. The reaper process runs this, too.

import { closeSync, openSync, readSync, readdirSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** A state takes less than a quarter of it. */
const buffer = Buffer.alloc(4_096);
const BATCH = 64;

export const listOsPids = (): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);

/** The text of /proc/PID/stat; empty: it is gone. */
export function statText(osPid: number): string {
  let file: number | undefined;
  try {
    file = openSync(`/proc/${osPid}/stat`, 'r');
    return buffer.toString('latin1', 0, readSync(file, buffer));
  } catch {
    return '';
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** Some at a time, a turn of the event loop between them. */
export async function* inBatches(osPids: readonly number[]): AsyncGenerator<readonly number[]> {
  for (let at = 0; at < osPids.length; at += BATCH) {
    if (at > 0) await nextTurn();
    yield osPids.slice(at, at + BATCH);
  }
}
