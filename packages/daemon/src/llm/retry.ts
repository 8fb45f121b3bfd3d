// What a failed try means for its model (B7), and whether the call is tried again.
//   R1. Only what says so may be tried again: `isRetriable` in an error's details, of a failure
//       before anything of an answer was there; the first try included, `triesMax` in all.
//   R2. `Retry-After` is obeyed, and handed on to the caller where it is too long; else the pauses
//       grow, with jitter.
//   R3. A breaker counts what the provider failed at: no connection, silence, garbage, 5xx. One
//       that says no works: 429 holds its model instead, for as long as it says.

import { KernelError } from '@hivekernel/kernel';
import { LLM_LIMITS } from './llm-limits.ts';

export interface Verdict {
  readonly outcome: 'failed' | 'refused';
  readonly retryAfterMs?: number | undefined;
}

const FAILED_CODES: ReadonlySet<string> = new Set(['unavailable', 'timed_out', 'too_large']);

export function verdictOf(error: unknown, tries: number): Verdict {
  // A fault of ours says nothing of the provider.
  if (!(error instanceof KernelError)) return { outcome: 'refused' };
  const { upstreamStatus: status } = error.details;
  const asked = retryAfterOf(error);
  if (typeof status !== 'number') {
    return { outcome: FAILED_CODES.has(error.code) ? 'failed' : 'refused', retryAfterMs: asked };
  }
  const ownMs = status === 429 ? backoffMs(tries) : undefined;
  return { outcome: status >= 500 ? 'failed' : 'refused', retryAfterMs: asked ?? ownMs };
}

/** Undefined: not again. `chance` is in [0, 1). */
export function pauseAfterMs(
  error: unknown,
  how: { tries: number; triesMax: number; chance: number },
): number | undefined {
  const { tries, triesMax, chance } = how;
  if (!(error instanceof KernelError) || error.details['isRetriable'] !== true) return undefined;
  if (tries >= triesMax) return undefined;
  const asked = retryAfterOf(error);
  if (asked === undefined) return backoffMs(tries) * (0.5 + chance / 2);
  return asked <= LLM_LIMITS.retryAfterMaxMs ? asked : undefined;
}

function backoffMs(tries: number): number {
  return Math.min(LLM_LIMITS.backoffMaxMs, LLM_LIMITS.backoffFirstMs * 2 ** (tries - 1));
}

function retryAfterOf({ details }: KernelError): number | undefined {
  return typeof details['retryAfterMs'] === 'number' ? details['retryAfterMs'] : undefined;
}
