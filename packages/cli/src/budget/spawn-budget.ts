// `--budget` of what starts an agent: what it is given of its parent's budget, for itself and all
// below it. Tokens are of its own tier; each kind is given once.

import type { SpawnOrder } from '@hivekernel/client';
import { usageError } from '../errors/cli-error.ts';
import { readWhole } from './amount.ts';

export const BUDGET = [
  '--budget <amount...>',
  "its own, out of its parent's: 50k tokens, '$0.50', or both",
] as const;

/** Throws a usage error. */
export function readBudget(
  texts: readonly string[] = [],
): Pick<SpawnOrder, 'limits' | 'usdMicros'> {
  const amounts = texts.map(readWhole);
  if (amounts.some(({ count }) => count === 0)) {
    throw usageError('--budget wants more than 0; left out, it draws on the budget above it.');
  }
  const tokens = amounts.filter(({ unit }) => unit === 'tokens');
  const dollars = amounts.filter(({ unit }) => unit === 'usd');
  if (tokens.length > 1 || dollars.length > 1) {
    throw usageError('--budget wants tokens once, and dollars once.');
  }
  const [tokensTotalMax, usdMicros] = [tokens[0]?.count, dollars[0]?.count];
  return {
    ...(tokensTotalMax === undefined ? {} : { limits: { tokensTotalMax } }),
    ...(usdMicros === undefined ? {} : { usdMicros }),
  };
}
