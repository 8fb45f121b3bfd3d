// `--grace`: how long who is ended has between being asked and being forced. The kernel cuts off
// what is longer than an hour; here it is refused, so that nobody counts on more.

import { durationFlag } from '../output/human.ts';
import { usageError } from '../errors/cli-error.ts';

const GRACE_MS_MAX = 3_600_000;

export const GRACE_HELP = 'left out: signals.term_grace; at most 1h';

/** Throws a usage error. */
export function graceFlag(text: string): number {
  const graceMs = durationFlag('--grace', text);
  if (graceMs <= GRACE_MS_MAX) return graceMs;
  throw usageError(`--grace is at most 1h, after which the kernel forces an end; got "${text}".`);
}
