// The end of a swarm: every process under the king is stopped, leaves first, and this resolves when
// none is left or the time is over.

import type { JournaledKernel } from '../journal/journaled-kernel.ts';

export async function drainSwarm(
  host: JournaledKernel,
  how: { reason: string; graceMs: number; withinMs: number },
): Promise<{ left: number }> {
  const { reason, graceMs, withinMs } = how;
  const { promise, resolve } = Promise.withResolvers<void>();
  const off = host.onDurable(() => {
    if (livingUnderKing(host) === 0) resolve();
  });
  const timer = setTimeout(resolve, withinMs);
  host.fact({ fact: 'stopping', reason, graceMs });
  if (livingUnderKing(host) === 0) resolve();
  await promise;
  clearTimeout(timer);
  off();
  return { left: livingUnderKing(host) };
}

function livingUnderKing(host: JournaledKernel): number {
  return host.kernel.state.table.king.liveChildren;
}
