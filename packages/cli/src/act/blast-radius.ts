// What an act would hit, counted before it is done: who, what they are in the middle of, what they
// spent, what lies unread in their mailboxes (UX §4.7).

import type { AgentView } from '@hivekernel/client';
import { plural, showCount } from '../output/human.ts';

export interface BlastRadius {
  readonly agents: number;
  /** How many of each role. */
  readonly roles: Readonly<Record<string, number>>;
  /** Those that run a task, or wait in one. */
  readonly midTask: number;
  /** Their own; what descendants spent that are not hit is not lost. */
  readonly tokens: number;
  readonly tokensSimulated: number;
  readonly unread: number;
}

export function blastOf(hit: readonly AgentView[]): BlastRadius {
  const roles = new Map<string, number>();
  for (const { role } of hit) roles.set(role, (roles.get(role) ?? 0) + 1);
  const sum = (of: (agent: AgentView) => number): number =>
    hit.reduce((total, agent) => total + of(agent), 0);
  return {
    agents: hit.length,
    roles: Object.fromEntries(roles),
    midTask: hit.filter(({ tasksRunning }) => tasksRunning > 0).length,
    tokens: sum(({ tokens }) => tokens),
    tokensSimulated: sum(({ tokensSimulated }) => tokensSimulated),
    unread: sum(({ inboxDepth }) => inboxDepth),
  };
}

/** `1 lead and 14 workers (3 mid-task, 212k tokens spent, 2 unread messages)`. */
export function blastWords(blast: BlastRadius): string {
  if (blast.agents === 0) return 'nobody';
  const harm = harmOf(blast);
  return `${whoOf(blast)}${harm.length === 0 ? '' : ` (${harm.join(', ')})`}`;
}

function whoOf({ roles }: BlastRadius): string {
  const who = Object.entries(roles).map(([role, count]) => plural(count, role));
  const last = who.pop() ?? '';
  return who.length === 0 ? last : `${who.join(', ')} and ${last}`;
}

function harmOf({ midTask, tokens, tokensSimulated, unread }: BlastRadius): string[] {
  return [
    ...(midTask === 0 ? [] : [`${midTask} mid-task`]),
    ...(tokens === 0 ? [] : [`${showCount(tokens)} tokens spent`]),
    ...(tokensSimulated === 0 ? [] : [`${showCount(tokensSimulated)} simulated tokens`]),
    ...(unread === 0 ? [] : [plural(unread, 'unread message')]),
  ];
}
