// Restart policies as data (S2), and the time that a restart backs off (S4). Pure: who ended and
// what becomes of it is the supervisor's business.

import type { ExitCause, RestartPolicy } from '../events/words.ts';
import type { Chance } from '../ports.ts';

/**
 * `done`: it said so itself with exit code 0, or its OS process ended with it. `failed`: it said so
 * with another code. `crashed`: it ended in any other way without being killed.
 */
export type EndKind = 'done' | 'failed' | 'crashed';

/** `decide`: a zombie whose parent may restart it, until its record decays. */
export type Aftermath = 'restart' | 'decide' | 'end';

/** S2. Exit code 0 is no crash. */
export const AFTERMATH: Readonly<Record<RestartPolicy, Readonly<Record<EndKind, Aftermath>>>> = {
  permanent: { done: 'restart', failed: 'restart', crashed: 'restart' },
  transient: { done: 'end', failed: 'restart', crashed: 'restart' },
  notify: { done: 'end', failed: 'decide', crashed: 'decide' },
  temporary: { done: 'end', failed: 'end', crashed: 'end' },
};

/** It comes back after what is not its own end: the death or the stop of the kernel. */
export const comesBack = (policy: RestartPolicy): boolean =>
  AFTERMATH[policy].crashed === 'restart';

export function kindOfEnd(end: {
  isAnnounced: boolean;
  exitCode: number;
  cause: ExitCause;
}): EndKind {
  if (end.exitCode === 0 && end.cause === 'done') return 'done';
  return end.isAnnounced ? 'failed' : 'crashed';
}

/**
 * S4: `firstMs` x 2^restarts, at most `mostMs`, less a random part of it up to `jitter` (0 to 1),
 * so that what crashed together does not come back together.
 */
export function backoffMs(
  restarts: number,
  how: { firstMs: number; mostMs: number; jitter: number; chance: Chance },
): number {
  const fullMs = Math.min(how.mostMs, how.firstMs * 2 ** restarts);
  return Math.round(fullMs * (1 - how.jitter * how.chance.next()));
}
