// In whose name the operator acts: the king's, unless `--as` names another. Queues, topics and
// cursors are those of the user of whoever acts.

import type { CallPatience, HiveClient } from '@hivekernel/client';
import { resolveOne } from '../select/resolve.ts';

export interface ActingFlags {
  readonly as?: string;
}

export const AS = [
  '--as <selector>',
  'in the name of an agent, of its user; left out: the king',
] as const;

/** Throws E_NO_MATCH, E_AMBIGUOUS. */
export async function actingAs(
  client: HiveClient,
  { as: selector }: ActingFlags,
): Promise<Pick<CallPatience, 'as'>> {
  if (selector === undefined) return {};
  const { agents } = await client.processes();
  return { as: (await resolveOne(selector, agents)).pid };
}
