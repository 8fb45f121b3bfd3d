// The limits that a process was born with (P6, S6), as its birth in the journal tells them. They
// never change afterwards. Unknown where the journal does not go back so far.

import type { HiveClient, JournalEvent } from '@hivekernel/client';
import { Fields } from '../journal/fields.ts';

// null: none.
export interface AgentLimits {
  readonly tokensPerHour: number | null;
  readonly contextTokens: number | null;
  readonly children: number | null;
  readonly concurrentTasks: number | null;
  readonly taskTimeoutMs: number | null;
  /** A budget of its own. */
  readonly tokensTotal: number | null;
  readonly wallMs: number | null;
  readonly idleMs: number | null;
  readonly firstTokenMs: number | null;
}

/** It is the first event of its pid, so that the stream is left at once. */
export async function readLimits(
  client: HiveClient,
  pid: number,
): Promise<AgentLimits | undefined> {
  for await (const { journal } of client.followEvents({ follow: false, pid })) {
    if (journal?.kind !== 'process.spawned') continue;
    if (journal.body['pid'] === pid) return limitsOf(journal);
  }
  return undefined;
}

export function limitsOf({ body }: Pick<JournalEvent, 'body'>): AgentLimits {
  const spec = new Fields(body).in('spec');
  const limits = spec.in('limits');
  const watch = spec.in('watch');
  return {
    tokensPerHour: limitOf(limits, 'tokensPerHourMax'),
    contextTokens: limitOf(limits, 'contextTokensMax'),
    children: limitOf(limits, 'childrenMax'),
    concurrentTasks: limitOf(limits, 'concurrentTasksMax'),
    taskTimeoutMs: limitOf(limits, 'taskTimeoutMs'),
    tokensTotal: limitOf(limits, 'tokensTotalMax'),
    wallMs: limitOf(watch, 'wallMs'),
    idleMs: limitOf(watch, 'idleMs'),
    firstTokenMs: limitOf(watch, 'firstTokenMs'),
  };
}

/** 0 and the largest number both mean that there is none (P6). */
function limitOf(fields: Fields, key: string): number | null {
  const value = fields.number(key);
  return value === 0 || value >= Number.MAX_SAFE_INTEGER ? null : value;
}
