// Views of the kernel as messages of the wire. Every field is true, or 0 where nothing is known
// (context_usage_percent: nobody tells the kernel yet).

import type { ProcessView, UsageView } from '@hivekernel/kernel';
import { asTaskId } from '@hivekernel/kernel';
import type { agent, core } from '@hivekernel/protocol';
import { taskIdText } from './wire-ids.ts';
import { ROLE, TIER, stateToWire, wireStateWord } from './words.ts';

const MS = 1_000;

export function toProcessInfo(view: ProcessView): core.ProcessInfo {
  return {
    pid: view.pid,
    ppid: view.ppid,
    user: view.user,
    name: view.name,
    role: ROLE.toWire(view.role),
    cognitiveTier: TIER.toWire(view.tier),
    model: view.model,
    state: stateToWire(view.state),
    vps: view.node,
    tokensConsumed: view.tokens,
    contextUsagePercent: 0,
    childCount: view.children,
    startedAt: Math.floor(view.startedWallMs / MS),
    currentTaskId: view.task === 0 ? '' : taskIdText(asTaskId(view.task)),
    runtimeAddr: view.image === '' ? '' : `link:${view.pid}`,
    address: view.address,
    phase: phaseOf(view),
    exitCause: view.exit?.cause ?? '',
    exitCode: view.exit?.exitCode ?? 0,
    restarts: view.restarts,
    osPid: view.osPid,
    stateWord: view.state,
    tokensSubtree: view.tokensSubtree,
    inboxDepth: view.inboxDepth,
    llmCalls: view.llmCalls,
    tokensSimulated: view.tokensSimulated,
    tasksRunning: view.tasksRunning,
    tasksQueued: view.tasksQueued,
    output: view.exit?.output ?? '',
    startedAtMs: view.startedWallMs,
  };
}

/** P4: why it waits, readable: "waiting: child 7". */
function phaseOf(view: ProcessView): string {
  if (!view.isResponsive) return view.phase;
  if (view.phase !== '') return `waiting: ${view.phase}`;
  return view.state === 'blocked' ? 'waiting' : '';
}

export function toSibling(view: ProcessView): agent.SiblingInfo {
  return { pid: view.pid, name: view.name, role: view.role, state: wireStateWord(view.state) };
}

export function toUsage(usage: UsageView): core.ResourceUsage {
  return {
    tokensConsumed: usage.tokens,
    tokensRemaining: usage.tokensRemaining,
    childrenActive: usage.children,
    childrenMax: usage.childrenMax,
    contextUsagePercent: 0,
    uptimeSeconds: Math.max(0, Math.floor(usage.uptimeMs / MS)),
  };
}
