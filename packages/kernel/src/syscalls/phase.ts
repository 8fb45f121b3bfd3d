// Phases: in words, why a process waits or what is about to happen to it (P4). Made of what is true
// at the moment of the question, since what a move said may be over: two waits end one by one.

import type { Pid } from '../ids.ts';
import { isVirtual, type ProcessRecord } from '../process/record.ts';
import { purseView } from '../resources/budget-words.ts';
import type { KernelParts } from './parts.ts';
import type { Beside } from './views.ts';

/** "child 7", "children 7 and 8", "restart 2 in 4 s"; empty where there is nothing to say. */
export function phaseOf(parts: KernelParts, record: ProcessRecord): string {
  const { state } = parts;
  switch (record.state) {
    case 'starting':
      return record.isRestarting ? restartPhase(parts, record) : '';
    case 'blocked':
      return blockedPhase(parts, record);
    case 'paused':
      return queuedPhase(parts, record);
    case 'stopping':
      return stoppingPhase(record);
    case 'zombie':
      return record.isGone || isVirtual(record) ? '' : 'restart it or take its result';
    case 'dead':
      return record.isQuarantined ? 'quarantined: crash loop' : '';
    case 'idle':
    case 'running':
      if (state.budgetWaits.by(record.pid).length > 0) return unresponsiveOr(record, 'budget');
      return record.sleepAsked ? 'sleep after its task' : unresponsiveOr(record, '');
    case 'sleeping':
      return '';
  }
}

/** What a view tells beside the record itself. */
export function besideOf(parts: KernelParts, record: ProcessRecord): Beside {
  const { budgets } = parts.state;
  return {
    inboxDepth: parts.office.depth(record.pid),
    phase: phaseOf(parts, record),
    restartsInRow: parts.supervisor.restartsInRow(record),
    budget: budgets.tree.of(record.pid).map(purseView),
    isBudgetFrozen: budgets.frozen.has(record.pid),
  };
}

function restartPhase({ log, supervisor }: KernelParts, record: ProcessRecord): string {
  if (record.restartAtMonoMs === 0) return 'restart when its group is down';
  const seconds = Math.max(0, Math.ceil((record.restartAtMonoMs - log.monoMs) / MS_PER_SECOND));
  const inRow = supervisor.restartsInRow(record);
  const which = inRow === 0 ? 'restart' : `restart ${inRow}`;
  return `${which} in ${seconds} s`;
}

function blockedPhase({ state }: KernelParts, record: ProcessRecord): string {
  const children = new Set<Pid>(state.waits.by(record.pid).map(({ target }) => target));
  for (const id of record.requestedTasks) {
    const task = state.tasks.byId.get(id);
    if (task !== undefined && task.owed !== null) children.add(task.pid);
  }
  const [first] = children;
  const which = children.size === 1 ? `child ${first}` : `children ${listed([...children])}`;
  const asksAbove = state.escalations.by(record.pid).some(({ owed }) => owed !== null);
  const other = asksAbove ? 'an answer to its escalation' : record.phase;
  return unresponsiveOr(record, first === undefined ? other : which);
}

function queuedPhase({ office }: KernelParts, record: ProcessRecord): string {
  const messages = office.depth(record.pid);
  const tasks = record.tasksInLine.size;
  const parts = [counted(messages, 'message'), counted(tasks, 'task')].filter(Boolean);
  return parts.length === 0 ? '' : `${parts.join(', ')} queued`;
}

function stoppingPhase({ exiting, halting }: ProcessRecord): string {
  if (exiting !== undefined || halting === undefined) return '';
  if (halting.next === 'sleep') return 'falling asleep';
  return halting.next === 'restart' ? 'restarting' : halting.detail;
}

const unresponsiveOr = (record: ProcessRecord, phase: string): string =>
  record.isResponsive ? phase : 'unresponsive';

const LISTED_MAX = 5;

function listed(pids: readonly Pid[]): string {
  const shown = pids.slice(0, LISTED_MAX).join(', ');
  const more = pids.length - LISTED_MAX;
  return more > 0 ? `${shown} and ${more} more` : shown;
}

const counted = (n: number, noun: string): string =>
  n === 0 ? '' : `${n} ${noun}${n === 1 ? '' : 's'}`;

const MS_PER_SECOND = 1_000;
