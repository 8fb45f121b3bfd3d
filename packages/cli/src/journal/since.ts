// `--since`: where in time the events begin, as an age or a date.
// Not a filter: that is the business of whoever reads them.

import { usageError } from '../errors/cli-error.ts';
import { readDuration } from '../output/human.ts';

/** An age or a point in time, in milliseconds. */
export function readSince(text: string, nowMs: number): number {
  const ageMs = readDuration(text);
  if (ageMs !== undefined) return nowMs - ageMs;
  const atMs = Date.parse(text);
  if (Number.isFinite(atMs)) return atMs;
  throw usageError(`--since wants an age such as 10m, or a date and time; got "${text}".`);
}
