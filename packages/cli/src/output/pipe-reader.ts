// Whether anybody still reads a pipe that this program writes to, without writing to it. It is how
// `hive … -w | head -1` ends while nothing more happens that could be written.
//   Linux alone tells it: opening a pipe again for writing fails with ENXIO where it has no reader.
//   Elsewhere, and for what is no pipe, the answer is false, and the next write finds out.

import { closeSync, constants, fstatSync, openSync } from 'node:fs';

export function isPipeUnread(fd: number): boolean {
  try {
    if (!fstatSync(fd).isFIFO()) return false;
    closeSync(openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK));
    return false;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ENXIO';
  }
}
