// Views of the kernel as messages of the wire. Every field is true, or 0 where nothing is known
// (context_usage_percent: nobody tells the kernel yet). A counter that no field can carry is told
// as the nearest one that does: one sick number must not hide the whole table.

import type { BudgetView, ProcessView, PurseView, UsageView } from '@hivekernel/kernel';
import { asTaskId } from '@hivekernel/kernel';
import type { agent, core, link } from '@hivekernel/protocol';
import { taskIdText } from './wire-ids.ts';
import { shownCount, shownCount32, shownInt32, shownInt64 } from './wire-numbers.ts';
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
    budgetAllocated: byPurse(view.budget, ({ allocated }) => shownCount(allocated)),
    budgetRemaining: byPurse(view.budget, ({ remaining }) => shownInt64(remaining)),
    budgetFrozen: view.isBudgetFrozen,
  };
}

function byPurse(
  purses: readonly PurseView[],
  of: (purse: PurseView) => number,
): Record<string, number> {
  const found: Record<string, number> = {};
  for (const purse of purses) found[purse.purse] = of(purse);
  return found;
}

const toPurse = (purse: PurseView): link.Purse => ({
  purse: purse.purse,
  allocated: shownCount(purse.allocated),
  spent: shownCount(purse.spent),
  reserved: shownCount(purse.reserved),
  given: shownCount(purse.given),
  remaining: shownInt64(purse.remaining),
  overdrawn: shownCount(purse.overdrawn),
});

export const toBudgetInfo = (view: BudgetView): link.BudgetInfo => ({
  pid: view.pid,
  name: view.name,
  address: view.address,
  frozen: view.isFrozen,
  purses: view.purses.map(toPurse),
});

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
