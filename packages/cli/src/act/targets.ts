// Whom an act is for: from the words of a command line to processes, each once.
//   A trailing slash means the subtree. What is in the subtree of another target stands for itself
//   no more. Children come before their parents (UX §4.9).

import type { AgentView } from '@hivekernel/client';
import { resolveAll } from '../select/resolve.ts';
import { parseSelector, subtreeOf } from '../select/selector.ts';

export interface Target {
  readonly agent: AgentView;
  /** With all below it. */
  readonly isSubtree: boolean;
}

export interface Search {
  /** Parents before their children, as the kernel lists them. */
  readonly agents: readonly AgentView[];
  /** Every target is a subtree. */
  readonly isRecursive?: boolean;
  /** Each process of a subtree is a target of its own. */
  readonly isOneByOne?: boolean;
  /** Of all that one word names, only these are meant; where there are none, all are. */
  readonly prefers?: (agent: AgentView) => boolean;
}

/** Throws E_NO_MATCH for a word that names nobody. */
export async function findTargets(
  words: readonly string[],
  search: Search,
): Promise<readonly Target[]> {
  const { agents, prefers = () => true } = search;
  const found = new Map<number, Target>();
  for (const word of words) {
    const named = await targetsOf(word, search);
    const preferred = named.filter(({ agent }) => prefers(agent));
    for (const target of preferred.length > 0 ? preferred : named) {
      const isSubtree = target.isSubtree || found.get(target.agent.pid)?.isSubtree === true;
      found.set(target.agent.pid, { ...target, isSubtree });
    }
  }
  return childrenFirst(withoutCovered([...found.values()], agents), agents);
}

async function targetsOf(word: string, search: Search): Promise<readonly Target[]> {
  const { agents, isRecursive = false, isOneByOne = false } = search;
  const selector = parseSelector(word);
  const hasSlash = selector.by !== 'filter' && selector.isSubtree;
  const core = hasSlash ? word.slice(0, -1) : word;
  const isSubtree = hasSlash || isRecursive;
  const roots = (await resolveAll(core, agents)).map((agent) => ({ agent, isSubtree }));
  if (!isOneByOne) return roots;
  return reachOf(roots, agents).map((agent) => ({ agent, isSubtree: false }));
}

function withoutCovered(targets: readonly Target[], agents: readonly AgentView[]): Target[] {
  const covered = new Set<number>();
  for (const { agent, isSubtree } of targets) {
    if (!isSubtree) continue;
    for (const { pid } of subtreeOf(agent.pid, agents)) if (pid !== agent.pid) covered.add(pid);
  }
  return targets.filter(({ agent }) => !covered.has(agent.pid));
}

function childrenFirst(targets: readonly Target[], agents: readonly AgentView[]): Target[] {
  const place = new Map(agents.map(({ pid }, at) => [pid, at]));
  const placeOf = ({ agent }: Target): number => place.get(agent.pid) ?? 0;
  return targets.toSorted((a, b) => placeOf(b) - placeOf(a));
}

/** All processes that targets reach, each once, in the order of the table. */
export function reachOf(targets: readonly Target[], agents: readonly AgentView[]): AgentView[] {
  const pids = new Set(
    targets.flatMap(({ agent, isSubtree }) =>
      isSubtree ? subtreeOf(agent.pid, agents).map(({ pid }) => pid) : [agent.pid],
    ),
  );
  return agents.filter(({ pid }) => pids.has(pid));
}
