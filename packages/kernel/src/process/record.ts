// The process record: the one struct that the whole system is about. Fields are grouped by who may
// change them; everybody else reads. Only fold handlers write (D2).
//   P1. `pid` is for ever. P8. A record outlives its process, readable, until it is removed.

import type { Timer } from '../events/timers.ts';
import type { Content } from '../events/content.ts';
import type { CallRef, Halt, ProcessSpec } from '../events/event.ts';
import type { Capability, ExitCause, State } from '../events/words.ts';
import type { Pid, Seq, TaskId } from '../ids.ts';

export interface ExitRecord {
  readonly exitCode: number;
  readonly cause: ExitCause;
  readonly detail: string;
  readonly output: string;
  readonly wallMs: number;
  readonly monoMs: number;
}

export interface ProcessRecord {
  // Fixed at spawn.
  readonly pid: Pid;
  readonly spec: ProcessSpec;
  readonly address: string;
  readonly spawnedWallMs: number;
  readonly spawnedMonoMs: number;

  // The tree's (process/table.ts).
  parent: ProcessRecord | undefined;
  readonly children: Map<Pid, ProcessRecord>;
  /** Children that are neither zombie nor dead: what `childrenMax` counts (P5). */
  liveChildren: number;
  depth: number;

  // The life's (process/table.ts).
  state: State;
  /** The call (spawn, restart, wake) that is answered once it is ready; null: none is. */
  owed: CallRef | null;
  /** Why it waits, for people: "child 7" (P4). Empty when it does not. */
  phase: string;
  /** Rises with every start of an OS process; tells a late report of an earlier one apart. */
  incarnation: number;
  osPid: number;
  osStarted: string;
  /** Something in the world runs for it, or is about to: a stop must be carried out there. */
  isLaunched: boolean;
  isResponsive: boolean;
  /** What it announced as its end, before its OS process is gone. */
  exiting: { readonly exitCode: number; readonly output: string } | undefined;
  /** The kernel ends its runtime without a kill. */
  halting: Halt | undefined;
  exit: ExitRecord | undefined;
  isCollected: boolean;
  isGone: boolean;
  /** When the next step of its decay is due (P8). */
  decay: Timer | undefined;

  // Supervision's (supervision/supervisor.ts, sleeper.ts).
  /** It was ready once: a later start that fails is a crash, not a spawn that never was. */
  wasReady: boolean;
  /** When it became ready in this run; `NOT_READY` while it is not. */
  readyMonoMs: number;
  /** S4: the longest that an earlier run was up since the last restart that counted. */
  healthMs: number;
  /** S4: without health between them. */
  restartsInRow: number;
  /** S4: when it is started again; 0: when told. */
  restartAtMonoMs: number;
  isRestarting: boolean;
  isQuarantined: boolean;
  /** It was paused when its run ended, and is again when it comes back. */
  isHeld: boolean;
  pausedMonoMs: number;
  sleepAsked: boolean;
  checkpoint: Content | undefined;

  // The scheduler's (scheduler/task-table.ts).
  readonly tasks: Set<TaskId>;
  /** Those of `tasks` that do not run yet, in the order of arrival (P6). */
  readonly tasksInLine: Set<TaskId>;
  readonly requestedTasks: Set<TaskId>;
  tasksRunning: number;
  lastOutput: string;
  /** Running tasks with a call that waits for something; blocked when all of them have one. */
  waits: number;

  // The ledger's (resources/ledger.ts).
  tokens: number;
  tokensSimulated: number;
  tokensSubtree: number;
  /** Metered by the gateway and not yet reported by the agent (B8). */
  tokensUnreported: number;
  llmCalls: number;

  // The grantor's (permissions/grants.ts): what differs from its role's (A3).
  readonly grants: Map<Capability, 'granted' | 'revoked'>;

  // The read gate's (DESIGN §3): last change and its author.
  changedSeq: Seq;
  changedBy: Pid;
}

export const NOT_READY = -1;

export const isVirtual = (record: ProcessRecord): boolean => record.spec.image === '';

/** The incarnation that runs or is about to: until its OS process is reported, the next one. */
export const runOf = (record: ProcessRecord): number =>
  record.osPid === 0 ? record.incarnation + 1 : record.incarnation;

/** "worker-3 (pid 11)", for messages to people. */
export const describeProcess = (record: ProcessRecord): string =>
  `${record.spec.name} (pid ${record.pid})`;
