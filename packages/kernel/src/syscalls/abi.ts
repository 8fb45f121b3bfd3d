// The ABI: the arguments and the answer of every call. Doors translate their wire into these and
// back; the table in table.ts binds each name to its rights and its handler.

import type { ArtifactName, Disposal, Found, StoreOrder } from '../artifacts/librarian.ts';
import type { Delivery } from '../events/effects.ts';
import type { CallRef, ReserveOrder, TaskSpec } from '../events/event.ts';
import type { Content } from '../events/content.ts';
import type {
  AckStatus,
  Capability,
  LogLevel,
  Priority,
  Purse,
  ShutdownReason,
  SignalName,
  State,
} from '../events/words.ts';
import type { MessageId, Pid, TaskId } from '../ids.ts';
import type { OutgoingMessage } from '../ipc/outgoing.ts';
import type { InboxView, QueueView, TopicListing } from '../ipc/views.ts';
import type { BudgetView } from '../resources/budget-words.ts';
import type { Reserved } from '../resources/reserver.ts';
import type { BudgetChange } from '../resources/treasurer.ts';
import type { TaskReport } from '../scheduler/dispatcher.ts';
import type { EscalationOrder, EscalationReport } from '../supervision/escalations.ts';
import type { SpawnOrder } from '../supervision/spawner.ts';
import type { WaitReport } from '../supervision/results.ts';
import type { ProcessView } from './views.ts';

export type {
  CursorView,
  InboxView,
  LetterView,
  QueueView,
  TopicListing,
  TopicView,
} from '../ipc/views.ts';

export type Nothing = Readonly<Record<string, never>>;
export const NOTHING: Nothing = {};

export interface UsageView {
  readonly tokens: number;
  /** What the budget that pays for the caller has left. */
  readonly tokensRemaining: number;
  readonly children: number;
  readonly childrenMax: number;
  readonly uptimeMs: number;
}

/** What a signal led to. */
export interface SignalReport {
  /** TERM, KILL: who was ended, as by `kill`. */
  readonly killed?: readonly Pid[];
  /** The others: whom it reached. */
  readonly signalled?: readonly Pid[];
  /** USR1: the key of the artifact. */
  readonly key?: string;
}

/** To a queue, else to an address, else to a pid. */
export interface SendOrder extends OutgoingMessage {
  readonly to: Pid;
  readonly queue: string;
  /** P7 */
  readonly toAddress?: string;
  /** M5 */
  readonly idempotencyKey?: string;
}

/** What a subscription takes from, and which of it. */
export interface SubscribeOrder {
  readonly from:
    | { readonly source: 'inbox' }
    | { readonly source: 'queue'; readonly name: string }
    | {
        readonly source: 'topic';
        readonly pattern: string;
        /** The cursor's name; empty: none, so that it begins now. */
        readonly durable: string;
        readonly withRetained: boolean;
      };
  /** Empty: every one; `x*`: all that begin so. */
  readonly type: string;
  /** The least urgent that is wanted. */
  readonly leastUrgent: Priority;
  /** Each message waits for a word of the subscriber; else handing it out is enough (M9). */
  readonly isAcknowledged: boolean;
}

/** A3, of one capability and one process. */
export interface CapabilityView {
  readonly capability: Capability;
  readonly isHeld: boolean;
  readonly isRoleDefault: boolean;
  /** For people: from whom it was revoked, or why it is not held; empty: nothing to say. */
  readonly why: string;
}

/** Which pipe: the one of this name between the caller and `peer` (M10). */
export interface PipeName {
  readonly peer: Pid;
  readonly name: string;
}

/** name: [arguments, answer]. A pid of 0 means the caller. */
export interface Abi {
  spawn: [SpawnOrder, { readonly pid: Pid }];
  kill: [
    { pid: Pid; isRecursive: boolean; reason: ShutdownReason; graceMs: number },
    { readonly killed: readonly Pid[] },
  ];
  /** S8: the caller, its own child (as its executor), or with the operator anybody. */
  exit: [{ pid?: Pid; exitCode: number; output: string }, Nothing];
  wait_child: [{ pid: Pid; timeoutMs: number; isPeek?: boolean }, WaitReport];
  signal: [
    { pid: Pid; signal: SignalName; isRecursive: boolean; reason: string; graceMs: number },
    SignalReport,
  ];
  restart: [{ pid: Pid; reason: string; graceMs: number }, Nothing];
  sleep: [{ pid: Pid }, Nothing];
  wake: [{ pid: Pid }, Nothing];
  checkpoint: [{ content: Content }, Nothing];
  collapse: [
    { pid: Pid; reason: ShutdownReason; graceMs: number },
    { readonly results: readonly WaitReport[] },
  ];
  pending_results: [{ pid: Pid }, readonly WaitReport[]];
  reparent: [{ pid: Pid; parent: Pid }, Nothing];
  ancestors: [{ pid: Pid }, readonly ProcessView[]];
  common_ancestor: [{ pid: Pid; other: Pid }, ProcessView];
  subtree_nodes: [{ pid: Pid }, { readonly nodes: readonly string[] }];
  remove: [{ pid: Pid }, Nothing];
  cancel: [{ call: CallRef }, Nothing];
  info: [{ pid: Pid }, ProcessView];
  list_children: [
    { isRecursive: boolean; state: readonly State[] | undefined },
    readonly ProcessView[],
  ];
  list_siblings: [Nothing, readonly ProcessView[]];
  list_processes: [{ root: Pid; includeDead: boolean }, readonly ProcessView[]];
  send: [SendOrder, { readonly message: MessageId }];
  /** A dead letter back into the inbox, as a message of its own: its new id. */
  requeue: [{ pid: Pid; queue?: string; message: MessageId }, { readonly message: MessageId }];
  drop_letter: [{ pid: Pid; queue?: string; message: MessageId }, Nothing];
  /** M6: of what a subscription of the caller holds, or of mail that no runtime takes. */
  acknowledge: [
    { pid: Pid; message: MessageId; status: AckStatus; reply: Content | undefined },
    Nothing,
  ];
  /** Of a queue, where one is named. */
  list_inbox: [{ pid: Pid; queue?: string }, InboxView];
  subscribe: [SubscribeOrder, { readonly subscription: number }];
  /** `max` 0: as many as may be held at once (M9); `timeoutMs` 0: without end. */
  take: [
    { subscription: number; max: number; timeoutMs: number; accepted: readonly MessageId[] },
    { readonly messages: readonly Delivery[] },
  ];
  /** `returned`: what was taken and never reached the subscriber. */
  unsubscribe: [{ subscription: number; returned: readonly MessageId[] }, Nothing];
  list_queues: [{ prefix: string }, readonly QueueView[]];
  publish: [
    { topic: string; type: string; content: Content; isTransient: boolean },
    { readonly message: MessageId; readonly subscribers: number },
  ];
  list_topics: [{ pattern: string }, TopicListing];
  clear_topic: [{ topic: string }, Nothing];
  forget_cursor: [{ name: string }, Nothing];
  open_pipe: [PipeName, Nothing];
  /** `isPatient`: waits for room where it is full. */
  write_pipe: [PipeName & { chunk: Uint8Array; isPatient: boolean }, Nothing];
  read_pipe: [
    PipeName & { max: number; timeoutMs: number },
    { readonly chunks: readonly Uint8Array[]; readonly isEnd: boolean },
  ];
  /** `isBoth`: it reads no more either. */
  close_pipe: [PipeName & { isBoth: boolean }, Nothing];
  store: [Omit<StoreOrder, 'task'>, Found];
  get_artifact: [{ by: ArtifactName; version: number }, Found | undefined];
  list_artifacts: [{ prefix: string; storedBy: Pid | undefined }, readonly Found[]];
  artifact_versions: [{ by: ArtifactName }, readonly Found[]];
  /** A3 */
  grant: [{ pid: Pid; capability: Capability }, Nothing];
  revoke: [{ pid: Pid; capability: Capability }, Nothing];
  list_capabilities: [{ pid: Pid }, readonly CapabilityView[]];
  freeze_artifact: [Disposal, Found];
  delete_artifact: [Disposal, Nothing];
  execute_on: [{ pid: Pid; spec: TaskSpec }, TaskReport];
  execute_task: [{ pid: Pid; spec: TaskSpec }, TaskReport];
  interrupt: [{ pid: Pid; task: TaskId | undefined; reason: string }, Nothing];
  /** `quietMs`: it may show no progress for so long from now (S6); 0 ends what was said before. */
  progress: [{ message: string; percent: number; quietMs?: number }, Nothing];
  log: [{ level: LogLevel; message: string; fields: Readonly<Record<string, string>> }, Nothing];
  metric: [{ name: string; value: number; labels: Readonly<Record<string, string>> }, Nothing];
  escalate: [EscalationOrder, EscalationReport];
  usage: [Nothing, UsageView];
  /** B3: the gateway's, in the name of the process whose model call it is. */
  reserve: [ReserveOrder, Reserved];
  /**
   * B2: from the parent's budget to the caller's, in full. `dollars` are whole ones, `usd` their
   * millionths; the answer is in what was asked.
   */
  request_resources: [
    { what: 'tokens' | 'dollars' | 'usd'; amount: number; note: string },
    { readonly granted: number },
  ];
  /** Without a purse: the tokens of the target's tier. */
  raise_budget: [
    { pid: Pid; purse: Purse | undefined; change: BudgetChange; note: string },
    BudgetView,
  ];
  freeze_budget: [{ pid: Pid; isFrozen: boolean; note: string }, BudgetView];
  /** `root` 0: all. */
  list_budgets: [{ root: Pid }, readonly BudgetView[]];
}

export type SyscallName = keyof Abi;
export type ArgsOf<N extends SyscallName> = Abi[N][0];
export type AnswerOf<N extends SyscallName> = Abi[N][1];

/** One call on its way in: who, through which door, what. */
export type Call = {
  [N in SyscallName]: {
    readonly name: N;
    readonly args: ArgsOf<N>;
    readonly ref: CallRef;
    /** The task that it works for; null outside tasks. */
    readonly task: TaskId | null;
    /** From an operator's channel. */
    readonly isOperator: boolean;
  };
}[SyscallName];

/** What dispatch gives back at once. `gate`: the reply waits until this seq is durable. */
export type Outcome =
  | { readonly done: true; readonly ok: true; readonly value: unknown; readonly gate: number }
  | { readonly done: true; readonly ok: false; readonly error: Error; readonly gate: number }
  /** The reply is owed: it will come as an effect. */
  | { readonly done: false };
