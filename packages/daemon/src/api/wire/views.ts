// Views of the kernel as messages of the wire. Every field is true, or 0 where nothing is known
// (context_usage_percent: nobody tells the kernel yet). A counter that no field can carry is told
// as the nearest one that does: one sick number must not hide the whole table.

import type { ProcessView, UsageView } from '@hivekernel/kernel';
import { asTaskId } from '@hivekernel/kernel';
import type { agent, core } from '@hivekernel/protocol';
import { taskIdText } from './wire-ids.ts';
import { shownCount, shownCount32, shownInt32 } from './wire-numbers.ts';
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
    tokensConsumed: shownCount(view.tokens),
    contextUsagePercent: 0,
    childCount: shownCount32(view.children),
    startedAt: shownCount(view.startedWallMs / MS),
    currentTaskId: view.task === 0 ? '' : taskIdText(asTaskId(view.task)),
    runtimeAddr: view.image === '' ? '' : `link:${view.pid}`,
    address: view.address,
    phase: phaseOf(view),
    exitCause: view.exit?.cause ?? '',
    exitCode: shownInt32(view.exit?.exitCode ?? 0),
    restarts: shownCount32(view.restarts),
    osPid: shownCount(view.osPid),
    stateWord: view.state,
    tokensSubtree: shownCount(view.tokensSubtree),
    inboxDepth: shownCount32(view.inboxDepth),
    llmCalls: shownCount(view.llmCalls),
    tokensSimulated: shownCount(view.tokensSimulated),
    tasksRunning: shownCount32(view.tasksRunning),
    tasksQueued: shownCount32(view.tasksQueued),
    output: view.exit?.output ?? '',
    startedAtMs: shownCount(view.startedWallMs),
    restartPolicy: view.restart,
    strategy: view.strategy,
    quarantined: view.isQuarantined,
    exitDetail: view.exit?.detail ?? '',
    checkpointBytes: shownCount(view.checkpointBytes),
    gone: view.isGone,
    restartsInRow: shownCount32(view.restartsInRow),
  };
}

/** P4: why it waits, readable: "waiting: child 7". Other phases stand for themselves. */
function phaseOf(view: ProcessView): string {
  if (view.state !== 'blocked' || !view.isResponsive) return view.phase;
  return view.phase === '' ? 'waiting' : `waiting: ${view.phase}`;
}

export function toSibling(view: ProcessView): agent.SiblingInfo {
  return { pid: view.pid, name: view.name, role: view.role, state: wireStateWord(view.state) };
}

export function toUsage(usage: UsageView): core.ResourceUsage {
  return {
    tokensConsumed: shownCount(usage.tokens),
    tokensRemaining: shownCount(usage.tokensRemaining),
    childrenActive: shownCount32(usage.children),
    childrenMax: shownCount32(usage.childrenMax),
    contextUsagePercent: 0,
    uptimeSeconds: shownCount(usage.uptimeMs / MS),
  };
}
