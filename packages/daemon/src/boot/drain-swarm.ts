// The end of a swarm: every runtime under the king is stopped, leaves first, and this resolves when
// none is left or the time is over.
//   Processes survive it that have none: virtual ones, those that sleep or wait for a restart, and
//   those whose policy starts them again at the next boot (S2).

import type { JournaledKernel } from '../journal/journaled-kernel.ts';

export async function drainSwarm(
  host: JournaledKernel,
  how: { reason: string; graceMs: number; withinMs: number },
): Promise<{ left: number }> {
  const { reason, graceMs, withinMs } = how;
  const { promise, resolve } = Promise.withResolvers<void>();
  const off = host.onDurable(() => {
    if (runtimesLeft(host) === 0) resolve();
  });
  const timer = setTimeout(resolve, withinMs);
  host.fact({ fact: 'stopping', reason, graceMs });
  if (runtimesLeft(host) === 0) resolve();
  await promise;
  clearTimeout(timer);
  off();
  return { left: runtimesLeft(host) };
}

/** The kernel may be another after a failed append: it is asked anew each time. */
const runtimesLeft = (host: JournaledKernel): number => host.kernel.parts.life.runtimesLeft;
