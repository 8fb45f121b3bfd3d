// Whose events a selector means, as `hive journal` and `hive event` ask for them.
// A pid and a subtree are the kernel's to filter; several agents are filtered here.

import type { FollowRequest, HiveClient } from '@hivekernel/client';
import { resolveAll } from '../select/resolve.ts';
import { parseSelector } from '../select/selector.ts';

export interface EventsOf {
  /** What the kernel can filter by itself. */
  readonly request: Pick<FollowRequest, 'pid' | 'subtree'>;
  /** Several: what it gives is filtered here. */
  readonly pids?: ReadonlySet<number>;
}

/** Throws what an unknown or unreadable selector deserves. */
export async function eventsOf(client: HiveClient, text: string | undefined): Promise<EventsOf> {
  if (text === undefined) return { request: {} };
  const selector = parseSelector(text);
  // A pid may be of a process whose record is gone already.
  if (selector.by === 'pid') {
    return { request: { pid: selector.pid, subtree: selector.isSubtree } };
  }
  const { agents } = await client.processes({ includeDead: true });
  const found = await resolveAll(text, agents);
  const [only] = found;
  const isSubtree = selector.by !== 'filter' && selector.isSubtree;
  if (only !== undefined && (found.length === 1 || isSubtree)) {
    return { request: { pid: only.pid, subtree: isSubtree } };
  }
  return { request: {}, pids: new Set(found.map(({ pid }) => pid)) };
}
