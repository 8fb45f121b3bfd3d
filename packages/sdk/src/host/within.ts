// Waiting with a deadline, for the host: what the agent's own code takes is not the kernel's time.
// It ends nothing; work that comes too late goes on, and nobody hears of it.
import { setTimeout as delay } from 'node:timers/promises';

/** `undefined` when the time passed first. */
export async function within<T>(work: Promise<T>, limitMs: number): Promise<T | undefined> {
  const late = new AbortController();
  const timer = delay(limitMs, undefined, { signal: late.signal }).catch(() => undefined);
  try {
    return await Promise.race([work, timer]);
  } finally {
    late.abort();
  }
}
