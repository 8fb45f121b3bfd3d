// The facts. Every change of durable state is one of these, and state is the fold of them.
//   D3. An event is plain JSON; its kind and version name its shape; shapes of released versions
//       are never changed, only superseded (`v` rises and an upcaster reads the old one).
// Not here: progress, agents' output, token deltas. They have no seq and are not durable.

import type { ErrorCode } from '../errors.ts';
import type { Pid, Seq, TaskId, MessageId, ArtifactId } from '../ids.ts';
import type { Content } from './content.ts';
import type {
  AckStatus,
  AtLimit,
  BudgetMove,
  Capability,
  ExitCause,
  LogLevel,
  Priority,
  Purse,
  Relation,
  Relay,
  RestartPolicy,
  Role,
  Route,
  Severity,
  ShutdownReason,
  SignalName,
  State,
  Strategy,
  TaskOutcome,
  Tier,
  Visibility,
} from './words.ts';

/** Of a kind that is not listed: 1. Older ones are read through `upcast`. */
export const EVENT_VERSIONS: Readonly<Partial<Record<EventKind, number>>> = {
  'process.spawned': 2,
  'task.created': 2,
};

/** Where the answer to an owed call goes: the door's channel, the caller, the call's id. */
export interface CallRef {
  readonly channel: string;
  readonly pid: Pid;
  readonly id: number;
}

export interface ResourceLimits {
  readonly tokensPerHourMax: number;
  readonly contextTokensMax: number;
  readonly childrenMax: number;
  readonly concurrentTasksMax: number;
  readonly taskTimeoutMs: number;
  /** B1: 0 means no budget of its own. */
  readonly tokensTotalMax: number;
}

/** S6: the bounds of a process's silence and life, in milliseconds. */
export interface WatchLimits {
  /** From its first start to its end, for good; 0: none. */
  readonly wallMs: number;
  /** Without progress while a task runs. */
  readonly idleMs: number;
  /** From a model call to its first token. */
  readonly firstTokenMs: number;
}

/** All that a process is from birth; none of it changes afterwards. */
export interface ProcessSpec {
  readonly name: string;
  readonly user: string;
  readonly role: Role;
  readonly tier: Tier;
  readonly model: string;
  readonly node: string;
  /** What runs it: `./file.ts#Export`; empty for a virtual process. */
  readonly image: string;
  readonly systemPrompt: string;
  readonly tools: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly limits: ResourceLimits;
  readonly initialTask: string;
  readonly exitAfterTask: boolean;
  /** S2 */
  readonly restart: RestartPolicy;
  /** S3: for its children. */
  readonly strategy: Strategy;
  readonly watch: WatchLimits;
  /** M2: of what crosses the branches below it. Left out: `pass`. */
  readonly relay?: Relay;
}

/** Why the kernel ends the runtime of a process although nobody killed it, and what comes then. */
export interface Halt {
  readonly cause: ExitCause;
  /** For people. */
  readonly detail: string;
  /** `policy`: as after a crash (S2); `end`: whatever the policy is. */
  readonly next: 'policy' | 'restart' | 'sleep' | 'end';
  /** Who asked, and is answered when it sleeps or is ready again. */
  readonly owed?: CallRef;
}

export interface TaskResult {
  readonly exitCode: number;
  readonly output: string;
  readonly artifacts: Readonly<Record<string, string>>;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface TaskSpec {
  readonly description: string;
  readonly params: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly priority: Priority;
  readonly context: Content;
  /** How often it is tried again when the process that ran it ended under it and is restarted. */
  readonly retriesMax: number;
}

/**
 * Settings that the fold depends on. The journal carries them, so that it folds to the same state
 * whatever the settings are by then.
 */
export interface FoldRules {
  /** M4 */
  readonly agingMsPerLevel: number;
  /** M12 */
  readonly artifactVersionsKept: number;
}

/** How a message leaves an inbox other than by being handled. */
export type DropReason =
  'expired' | 'rejected' | 'undeliverable' | 'receiver_gone' | 'displaced' | 'coalesced';

/** M5: the sender's key, and what the message was that it was used for. */
export interface Once {
  readonly key: string;
  readonly print: string;
}

/** B3: a model call that is to be paid, as its estimate stands before it. */
export interface ReserveOrder {
  readonly tier: Tier;
  readonly model: string;
  readonly provider: string;
  readonly simulated: boolean;
  readonly promptTokens: number;
  readonly completionTokensMax: number;
  /** What it costs at most, in millionths of a dollar; 0: nothing, or nobody knows. */
  readonly usdMicrosMax: number;
  /** B5: who waits for room is served by it, then in the order of arrival. */
  readonly priority: Priority;
}

interface Bodies {
  /** `rules` hold for the events from here to the next boot. */
  'kernel.booted': { version: string; bootId: string; node: string; rules: FoldRules };
  'kernel.stopped': { reason: string };
  'process.spawned': {
    pid: Pid;
    parent: Pid;
    address: string;
    spec: ProcessSpec;
    owed: CallRef | null;
  };
  /**
   * `osStarted` is the OS's own start time of the process, so that a reused OS pid is told apart.
   */
  'process.started': { pid: Pid; incarnation: number; osPid: number; osStarted: string };
  'process.moved': { pid: Pid; from: State; to: State; phase: string };
  'process.start_failed': { pid: Pid; error: string };
  'process.exiting': { pid: Pid; exitCode: number; output: string };
  'process.exited': {
    pid: Pid;
    incarnation: number;
    from: State;
    to: 'zombie' | 'dead';
    exitCode: number;
    cause: ExitCause;
    detail: string;
    output: string;
  };
  /** Dead now; a killed one was so before (P8). */
  'process.collected': { pid: Pid; from: State; expired: boolean };
  /** Gone for good (P8): address, children, inbox and artifacts leave it. */
  'process.gone': { pid: Pid; heir: Pid };
  'process.removed': { pid: Pid };
  'process.responsive': { pid: Pid; isResponsive: boolean };
  /** The kernel ends its runtime; `process.exited` or `process.slept` follows. */
  'process.halting': { pid: Pid } & Halt;
  /**
   * S4, S5: a zombie will be started again. `attempt` counts restarts without health between them;
   * 0: it does not count. `atMonoMs` 0: when the others of its group are down.
   */
  'process.restarting': {
    pid: Pid;
    attempt: number;
    delayMs: number;
    atMonoMs: number;
    why: string;
    /** Answered when it is ready. */
    owed?: CallRef;
  };
  /** S5: its restart is due, and was still wanted. */
  'process.relaunched': { pid: Pid };
  /** S4: quarantined, after so many restarts without health. */
  'process.crash_loop': { pid: Pid; restarts: number; cause: ExitCause; detail: string };
  /** S6: no progress for `silentMs` while it ran a task. */
  'process.hung': { pid: Pid; silentMs: number; limitMs: number };
  /** S6: its wall limit. */
  'process.over_limit': { pid: Pid; limitMs: number };
  /** S7: it sleeps when its tasks are done. */
  'process.sleep_asked': { pid: Pid };
  'process.slept': { pid: Pid; incarnation: number };
  'process.woken': { pid: Pid; why: string; owed?: CallRef };
  'process.checkpointed': { pid: Pid; content: Content };
  /** P11 */
  'process.reparented': { pid: Pid; from: Pid; to: Pid };
  /** S1, for people; what it led to are events of their own. */
  'process.signalled': { pid: Pid; signal: SignalName; reason: string };
  'task.created': {
    task: TaskId;
    pid: Pid;
    parentTask: TaskId | null;
    spec: TaskSpec;
    isInitial: boolean;
    owed: CallRef | null;
  };
  'task.started': { task: TaskId; pid: Pid };
  /** Its process ended under it and is restarted: it waits in line again. */
  'task.retried': { task: TaskId; pid: Pid; tries: number; why: string };
  'task.ended': {
    task: TaskId;
    pid: Pid;
    outcome: TaskOutcome;
    result: TaskResult;
    error: string;
  };
  'wait.began': {
    pid: Pid;
    target: Pid;
    task: TaskId | null;
    untilMonoMs: number;
    owed: CallRef;
    /** S8: the result stays. */
    isPeek?: boolean;
  };
  'wait.ended': { wait: Seq; pid: Pid };
  'kill.began': {
    root: Pid;
    targets: readonly Pid[];
    reason: ShutdownReason;
    graceMs: number;
    owed: CallRef | null;
    /** Of `targets`, who comes back: when all are down, or at the next boot (S3). */
    spared?: readonly Pid[];
    spareFor?: 'restart' | 'next_boot';
    /** S4: how long a group that restarts waits when it is down. */
    delayMs?: number;
    /** S8: the answer is the results of these, leaves first. */
    collapse?: readonly Pid[];
  };
  'kill.ended': { kill: Seq; root: Pid };
  'message.sent': {
    message: MessageId;
    from: Pid;
    fromName: string;
    to: Pid;
    toName: string;
    relation: Relation;
    priority: Priority;
    type: string;
    content: Content;
    requiresAck: boolean;
    /** 0: never. */
    expiresMonoMs: number;
    replyTo: string;
    isCopy: boolean;
    /** Of a signal of the kernel: a later one about the same takes its place (P8). */
    about?: string;
    /** M1; of what the kernel itself says, none. */
    route?: Route;
    /** M2: the common ancestor whose relay let it pass, or the parent of siblings. */
    via?: Pid;
    /** M9: unix milliseconds; it expires with it. */
    deadlineMs?: number;
    /** Of one that was handed on or put back: the message that its sender knows. */
    origin?: MessageId;
    /** M5 */
    once?: Once;
  };
  'message.acked': { pid: Pid; messages: readonly MessageId[]; senders: readonly Pid[] };
  /** Left the inbox in another way than by being handled. */
  'message.dropped': {
    pid: Pid;
    message: MessageId;
    from: Pid;
    why: DropReason;
    toDeadLetters: boolean;
  };
  /** M6: a delivery failed; the lane (sender, priority) stops, and goes on from its head. */
  'message.delayed': {
    pid: Pid;
    from: Pid;
    priority: Priority;
    head: MessageId;
    tries: number;
    untilMonoMs: number;
    why: string;
  };
  /** M10. Its last value stays, unless it is transient; `message` is its seq. */
  'topic.published': {
    message: MessageId;
    user: string;
    topic: string;
    from: Pid;
    fromName: string;
    type: string;
    content: Content;
    isTransient: boolean;
  };
  /** Its last value is forgotten. */
  'topic.cleared': { user: string; topic: string };
  /** M10: a durable subscription begins, with what is published from here on. */
  'cursor.opened': {
    owner: Pid;
    user: string;
    name: string;
    pattern: string;
    /** Of which publications; empty: all, `x*`: all that begin so. */
    type: string;
    /** The last values that there are come first. */
    withRetained: boolean;
  };
  /** Its subscriber is done with these. */
  'cursor.moved': { owner: Pid; name: string; messages: readonly MessageId[] };
  'cursor.closed': { owner: Pid; user: string; name: string };
  /** A dead letter was put back as another message, or dropped for good. */
  'letter.removed': { pid: Pid; message: MessageId; why: 'requeued' | 'dropped' };
  /** Into the named queue of this user (A1, M1). */
  'queue.sent': {
    message: MessageId;
    user: string;
    queue: string;
    from: Pid;
    fromName: string;
    priority: Priority;
    type: string;
    content: Content;
    requiresAck: boolean;
    /** 0: never. */
    expiresMonoMs: number;
    replyTo: string;
    /** M9: unix milliseconds; it expires with it. */
    deadlineMs?: number;
    /** Of a dead letter that was put back: the message that its sender knows. */
    origin?: MessageId;
    /** M5 */
    once?: Once;
  };
  /** `pid`: the consumer that handled them, of the senders in the same order. */
  'queue.acked': {
    user: string;
    queue: string;
    pid: Pid;
    messages: readonly MessageId[];
    senders: readonly Pid[];
  };
  /** Left the queue in another way. `pid`: who had it; 0: nobody. */
  'queue.dropped': {
    user: string;
    queue: string;
    pid: Pid;
    message: MessageId;
    from: Pid;
    why: DropReason;
    toDeadLetters: boolean;
  };
  /** M6: its consumer, `pid`, gave no word on it: it waits again, in its old place. */
  'queue.returned': {
    user: string;
    queue: string;
    pid: Pid;
    message: MessageId;
    from: Pid;
    tries: number;
    why: string;
  };
  /** As `letter.removed`, of a queue. */
  'queue.letter_removed': {
    user: string;
    queue: string;
    message: MessageId;
    why: 'requeued' | 'dropped';
  };
  /** A3, A4; `by` of the event says who. */
  'capability.granted': { pid: Pid; capability: Capability };
  'capability.revoked': { pid: Pid; capability: Capability };
  'artifact.stored': {
    artifact: ArtifactId;
    version: number;
    key: string;
    owner: Pid;
    user: string;
    visibility: Visibility;
    contentType: string;
    content: Content;
    task: TaskId | null;
    isFrozen?: true;
    /** The trace that its making is a part of. */
    trace?: string;
  };
  'artifact.frozen': { artifact: ArtifactId; key: string; owner: Pid; version: number };
  'artifact.deleted': {
    artifact: ArtifactId;
    key: string;
    owner: Pid;
    /** How many were kept, and what they held. */
    versions: number;
    bytes: number;
  };
  'log.written': {
    pid: Pid;
    level: LogLevel;
    message: string;
    fields: Readonly<Record<string, string>>;
  };
  'metric.reported': {
    pid: Pid;
    name: string;
    value: number;
    /** Of `tokens_consumed`: what was not metered already (B8). */
    tokensCharged: number;
    labels: Readonly<Record<string, string>>;
  };
  'llm.called': {
    pid: Pid;
    tier: Tier;
    model: string;
    provider: string;
    simulated: boolean;
    promptTokens: number;
    completionTokens: number;
    estimated: boolean;
    latencyMs: number;
    outcome: 'ok' | 'error' | 'aborted';
    errorCode: string;
    /** B3: what it settles. Without: it was never reserved, and whoever pays for it now pays. */
    reservation?: Seq;
    usdMicros?: number;
    /** B3: tokens beyond what was reserved. */
    overdrawn?: number;
  };
  /**
   * B1: what the king has by configuration, where that changed. `spent` is what was spent before
   * there was such a budget. Dollars of 0: no limit.
   */
  'budget.configured': { pid: Pid; purse: Purse; amount: number; spent: number };
  /** B2: from the giver to the taker, or back; 0 as either: the operator's, out of nothing. */
  'budget.moved': {
    pid: Pid;
    purse: Purse;
    amount: number;
    from: Pid;
    to: Pid;
    why: BudgetMove;
    note: string;
  };
  'budget.frozen': { pid: Pid; isFrozen: boolean; note: string };
  /** B3: named by its seq. `usdPayer` 0: nobody has a limit of dollars. */
  'budget.reserved': {
    pid: Pid;
    tier: Tier;
    promptTokens: number;
    completionTokensMax: number;
    usdMicros: number;
    payer: Pid;
    usdPayer: Pid;
    model: string;
    provider: string;
    simulated: boolean;
    /** B5: the tier that was asked for, where another one pays. */
    askedTier?: Tier;
  };
  /** B5: four fifths are spent; once per crossing. */
  'budget.warned': {
    pid: Pid;
    purse: Purse;
    allocated: number;
    spent: number;
    remaining: number;
  };
  /** B5: `by` could not be paid, or has spent the last of it; once until there is more. */
  'budget.exhausted': {
    pid: Pid;
    purse: Purse;
    by: Pid;
    wanted: number;
    remaining: number;
    atLimit: AtLimit;
  };
  /** B5: a call waits for room in the budget. */
  'budget.wait_began': { pid: Pid; task: TaskId | null; owed: CallRef; order: ReserveOrder };
  'budget.wait_ended': { pid: Pid; wait: Seq };
  'escalation.raised': {
    from: Pid;
    at: Pid;
    message: MessageId;
    issue: string;
    severity: Severity;
    context: Readonly<Record<string, string>>;
    autoPropagate: boolean;
    untilMonoMs: number;
    owed: CallRef | null;
    /** That waits for the answer. */
    task?: TaskId | null;
  };
  'escalation.moved': { escalation: Seq; at: Pid; message: MessageId; untilMonoMs: number };
  'escalation.ended': { escalation: Seq; by: Pid; status: AckStatus | 'timed_out' | 'orphaned' };
  /**
   * A4: the first per (pid, rule), then one counted summary a second. Of `signal`, which is no call
   * but the kernel's own, `pid` is the receiver that had no room for it.
   */
  'syscall.refused': {
    pid: Pid;
    syscall: string;
    rule: string;
    code: ErrorCode;
    message: string;
    count: number;
  };
}

export type EventKind = keyof Bodies;

interface Envelope<K extends EventKind> {
  readonly seq: Seq;
  readonly wallMs: number;
  readonly monoMs: number;
  readonly kind: K;
  readonly v: number;
  /** Who caused it; the king for the operator and for the kernel itself. */
  readonly by: Pid;
}

export type EventOf<K extends EventKind> = Envelope<K> & { readonly body: Readonly<Bodies[K]> };
export type Event = { [K in EventKind]: EventOf<K> }[EventKind];
export type BodyOf<K extends EventKind> = Readonly<Bodies[K]>;
