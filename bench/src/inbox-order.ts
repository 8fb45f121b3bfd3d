// Whether what an inbox gave out came in the right order (M4, M6): by priority and age, where one
// level is worth ten seconds, and first in, first out within a lane, which is one sender's messages
// of one priority.

/** By their levels: 0 is the most urgent. */
export const PRIORITIES = ['critical', 'high', 'normal', 'low'] as const;

/** One level of priority is worth so much of age (M4: 0.1 a second). */
const MS_PER_LEVEL = 10_000;

export interface Handled {
  readonly from: number;
  /** Of `PRIORITIES`: what its receiver sees. */
  readonly level: number;
  /** When it came into the inbox, or about. */
  readonly atMs: number;
  /** Rising, of its sender. */
  readonly n: number;
}

/**
 * How many came after one that they should have come before. `withinMs` is what `atMs` may be wrong
 * by.
 */
export function countMisplaced(handled: readonly Handled[], withinMs = 0): number {
  const lastOf = new Map<string, number>();
  let latestKey = -Infinity;
  let misplaced = 0;
  for (const { from, level, atMs, n } of handled) {
    const lane = `${from}/${level}`;
    const key = level * MS_PER_LEVEL + atMs;
    const isOverdue = key + withinMs < latestKey;
    if (isOverdue || n <= (lastOf.get(lane) ?? -1)) misplaced += 1;
    latestKey = Math.max(latestKey, key);
    lastOf.set(lane, n);
  }
  return misplaced;
}
