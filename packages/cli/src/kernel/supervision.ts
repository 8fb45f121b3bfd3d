// What the commands use of supervision: signals, restarts, sleep, the tree, and what the process
// table tells about them. The one place that says what the client has to have for it.
//   It adds types only. Nothing here calls, translates or decides.

import type {
  AgentView,
  CallPatience,
  ExitReport,
  HiveClient,
  SpawnOrder,
  TaskOrder,
  TaskReport,
} from '@hivekernel/client';
import type { SignalWord } from '../act/signal-words.ts';

/** A row of the process table. */
export interface AgentRow extends AgentView {
  /** permanent, transient, notify, temporary (S2). */
  readonly restartPolicy: string;
  /** For its children: one_for_one, one_for_all, rest_for_one (S3). */
  readonly strategy: string;
  /** Dead after a crash loop, and kept until an operator removes it (S4). */
  readonly quarantined: boolean;
  /** For good: no restart is to come (P8). */
  readonly gone: boolean;
  /** Its last end in a sentence. */
  readonly exitDetail: string;
  /** Of its last checkpoint; 0: none (S7). */
  readonly checkpointBytes: number;
  /** Restarts without health between them. */
  readonly restartsInRow: number;
}

/** The result of a process, taken or not. */
export interface ProcessResult extends ExitReport {
  readonly name: string;
}

/** What a signal led to. */
export interface SignalReport {
  /** TERM, KILL: who was ended, leaves before their parents. */
  readonly killed: readonly number[];
  /** The others: whom it reached. */
  readonly signalled: readonly number[];
  /** USR1: the key of the artifact. */
  readonly key: string;
}

export interface SignalOrder {
  readonly reason?: string;
  readonly recursive?: boolean;
  readonly graceMs?: number;
}

export interface SupervisedSpawnOrder extends SpawnOrder {
  readonly restart?: string;
  readonly strategy?: string;
  readonly wallLimitMs?: number;
  readonly idleLimitMs?: number;
  readonly firstTokenLimitMs?: number;
}

/** Calls of the client; those that it had before stand here where they take or tell more. */
interface SupervisionCalls {
  processes(
    query?: { root?: number; includeDead?: boolean },
    how?: CallPatience,
  ): Promise<{ agents: AgentRow[]; seq: number }>;
  info(pid: number, how?: CallPatience): Promise<AgentRow>;
  spawn(order: SupervisedSpawnOrder, how?: CallPatience): Promise<number>;
  executeTask(
    order: TaskOrder & { readonly retriesMax?: number },
    how?: CallPatience,
  ): Promise<TaskReport>;
  waitChild(
    child: { pid: number; timeoutMs?: number; peek?: boolean },
    how?: CallPatience,
  ): Promise<ProcessResult>;
  signal(
    pid: number,
    signal: SignalWord,
    order?: SignalOrder,
    how?: CallPatience,
  ): Promise<SignalReport>;
  restart(
    pid: number,
    order?: { readonly reason?: string; readonly graceMs?: number },
    how?: CallPatience,
  ): Promise<void>;
  sleep(pid: number, how?: CallPatience): Promise<void>;
  wake(pid: number, how?: CallPatience): Promise<void>;
  collapse(
    pid: number,
    order?: { readonly graceMs?: number },
    how?: CallPatience,
  ): Promise<readonly ProcessResult[]>;
  pendingResults(pid: number, how?: CallPatience): Promise<readonly ProcessResult[]>;
  reparent(pid: number, parent: number, how?: CallPatience): Promise<void>;
  remove(pid: number, how?: CallPatience): Promise<void>;
}

/** Its own calls stand first: they are the ones that are meant. */
export type KernelClient = SupervisionCalls & HiveClient;

/** The client of the process that `hive` talks to. */
export const asKernelClient = (client: HiveClient): KernelClient =>
  client as unknown as KernelClient;
