// Views: what a call tells of a process. Plain values taken at the moment of the call, since the
// reply may have to wait for the disk while the record goes on changing.

import type { ExitCause, RestartPolicy, Role, State, Strategy, Tier } from '../events/words.ts';
import type { Pid } from '../ids.ts';
import type { ProcessRecord } from '../process/record.ts';
import type { PurseView } from '../resources/budget-words.ts';

export interface ProcessView {
  readonly pid: Pid;
  readonly ppid: Pid;
  readonly user: string;
  readonly name: string;
  readonly address: string;
  readonly role: Role;
  readonly tier: Tier;
  readonly model: string;
  readonly image: string;
  readonly state: State;
  /** Why it waits or what is about to happen: "child 7"; empty where there is nothing to say. */
  readonly phase: string;
  readonly node: string;
  readonly tokens: number;
  readonly tokensSimulated: number;
  readonly tokensSubtree: number;
  readonly llmCalls: number;
  /** B1: what it has of its own. */
  readonly budget: readonly PurseView[];
  readonly isBudgetFrozen: boolean;
  readonly children: number;
  readonly startedWallMs: number;
  readonly task: number;
  readonly tasksRunning: number;
  readonly tasksQueued: number;
  readonly inboxDepth: number;
  readonly osPid: number;
  readonly restart: RestartPolicy;
  readonly strategy: Strategy;
  /** Starts after the first; `restartsInRow`: those that count now, forgotten after health (S4). */
  readonly restarts: number;
  readonly restartsInRow: number;
  readonly isResponsive: boolean;
  readonly isQuarantined: boolean;
  readonly isGone: boolean;
  /** 0: it has none. */
  readonly checkpointBytes: number;
  /** Of its last run. */
  readonly exit:
    | {
        readonly exitCode: number;
        readonly cause: ExitCause;
        readonly output: string;
        readonly detail: string;
      }
    | undefined;
}

/** What is told of a process and is not in its record. */
export type Beside = Pick<
  ProcessView,
  'inboxDepth' | 'phase' | 'restartsInRow' | 'budget' | 'isBudgetFrozen'
>;

export function viewOf(record: ProcessRecord, beside: Beside): ProcessView {
  const { spec, exit } = record;
  const [task] = record.tasks;
  return {
    pid: record.pid,
    ppid: record.parent?.pid ?? (0 as Pid),
    user: spec.user,
    name: spec.name,
    address: record.address,
    role: spec.role,
    tier: spec.tier,
    model: spec.model,
    image: spec.image,
    state: record.state,
    phase: beside.phase,
    node: spec.node,
    tokens: record.tokens,
    tokensSimulated: record.tokensSimulated,
    tokensSubtree: record.tokensSubtree,
    llmCalls: record.llmCalls,
    budget: beside.budget,
    isBudgetFrozen: beside.isBudgetFrozen,
    children: record.liveChildren,
    startedWallMs: record.spawnedWallMs,
    task: record.tasksRunning === 0 ? 0 : (task ?? 0),
    tasksRunning: record.tasksRunning,
    tasksQueued: record.tasksInLine.size,
    inboxDepth: beside.inboxDepth,
    osPid: record.osPid,
    restart: spec.restart,
    strategy: spec.strategy,
    restarts: Math.max(0, record.incarnation - 1),
    restartsInRow: beside.restartsInRow,
    isResponsive: record.isResponsive,
    isQuarantined: record.isQuarantined,
    isGone: record.isGone,
    checkpointBytes: record.checkpoint?.bytes ?? 0,
    exit: exit && {
      exitCode: exit.exitCode,
      cause: exit.cause,
      output: exit.output,
      detail: exit.detail,
    },
  };
}
