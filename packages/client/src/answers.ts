// What the kernel answers, in words and plain values. A row of the process table: agents.ts.
// It only translates; who asks, and what an error becomes, is decided where the call is made.

import type { agent, core, link } from '@hivekernel/protocol/messages';
import { HiveClientError } from './client-error.ts';
import { PRIORITY, RELATION, VISIBILITY } from './words.ts';
import type { Priority, Relation, Visibility } from './words.ts';

const MS = 1_000;

/** How a task ended. `isCompleted` false: the agent or the kernel says that it failed. */
export interface TaskReport {
  readonly task: string;
  readonly isCompleted: boolean;
  readonly exitCode: number;
  readonly output: string;
  readonly artifacts: Readonly<Record<string, string>>;
  readonly metadata: Readonly<Record<string, string>>;
  /** Why it failed; the code is empty when the agent itself said so. */
  readonly error: string;
  readonly errorCode: string;
}

export interface ExitReport {
  readonly pid: number;
  readonly name: string;
  /** -1: killed. */
  readonly exitCode: number;
  readonly output: string;
  /** In a word: done, crashed, killed … */
  readonly cause: string;
}

/** What a signal led to. */
export interface SignalReport {
  /** TERM and KILL: who was ended, leaves before their parents. */
  readonly killed: readonly number[];
  /** The others: whom it reached. */
  readonly signalled: readonly number[];
  /** USR1: the key of the artifact that holds the dump; else empty. */
  readonly key: string;
}

export interface StoredArtifact {
  readonly id: string;
  readonly key: string;
  readonly version: number;
  readonly sha256: string;
}

export interface ArtifactMeta extends StoredArtifact {
  readonly contentType: string;
  readonly visibility: Visibility;
  readonly storedByPid: number;
  readonly storedAtMs: number;
  readonly sizeBytes: number;
  readonly ownerPid: number;
  /** It never changes again. */
  readonly isFrozen: boolean;
  /** The task that this version was made for; empty: outside tasks. */
  readonly task: string;
  /** The trace that it belongs to; empty: none. */
  readonly trace: string;
}

export interface ListedArtifact extends ArtifactMeta {
  readonly versionsKept: number;
}

export interface Artifact extends ArtifactMeta {
  readonly content: Uint8Array;
}

export interface InboxMessage {
  readonly id: string;
  readonly fromPid: number;
  readonly fromName: string;
  readonly relation: Relation;
  readonly type: string;
  readonly priority: Priority;
  readonly payload: Uint8Array;
  readonly sentAtMs: number;
  readonly requiresAck: boolean;
  readonly replyTo: string;
  /** Empty: the sender is no more. */
  readonly fromAddress: string;
  /** Of a request; 0: none. */
  readonly deadlineMs: number;
  /** The named queue that it is in, or was taken from; empty: it was sent to a process. */
  readonly queue: string;
  /** How often it was handed out before, by a named queue. */
  readonly tries: number;
}

/** What could not be given to its receiver, or what nobody took from a queue. */
export interface DeadLetter extends InboxMessage {
  /** expired, rejected, undeliverable, receiver_gone. */
  readonly why: string;
}

export interface Inbox {
  /** In the order of delivery; `total` may be more than one reply holds. */
  readonly messages: readonly InboxMessage[];
  readonly total: number;
  /** The newest last. */
  readonly dead: readonly DeadLetter[];
  readonly deadTotal: number;
}

export interface UsageReport {
  readonly tokens: number;
  readonly tokensRemaining: number;
  readonly children: number;
  readonly childrenMax: number;
  readonly uptimeMs: number;
}

type TaskReply = agent.ExecuteOnResponse & { readonly taskId?: string };

export function toTaskReport(reply: TaskReply): TaskReport {
  const { result } = reply;
  return {
    task: reply.taskId ?? '',
    isCompleted: reply.success,
    exitCode: result?.exitCode ?? (reply.success ? 0 : 1),
    output: result?.output ?? '',
    artifacts: result?.artifacts ?? {},
    metadata: result?.metadata ?? {},
    error: reply.error,
    errorCode: reply.errorCode,
  };
}

export function toExitReport(reply: agent.WaitChildResponse): ExitReport {
  const { pid, name, exitCode, output, cause } = reply;
  return { pid, name, exitCode, output, cause };
}

export function toSignalReport(reply: link.SignalReply): SignalReport {
  const { killedPids: killed, signalledPids: signalled, artifactKey: key } = reply;
  return { killed, signalled, key };
}

export function toArtifact(reply: agent.GetArtifactResponse): Artifact {
  if (!reply.found) throw new HiveClientError(reply.errorCode || 'not_found', reply.error);
  const { content } = reply;
  return { ...toAccount(reply), sizeBytes: content.length, content };
}

export function toListedArtifact(meta: core.ArtifactMeta): ListedArtifact {
  const { sizeBytes, versionsKept } = meta;
  return { ...toAccount(meta), sizeBytes, versionsKept };
}

type Account = Omit<core.ArtifactMeta, 'sizeBytes' | 'versionsKept'>;

function toAccount(told: Account): Omit<ArtifactMeta, 'sizeBytes'> {
  return {
    id: told.artifactId,
    key: told.key,
    version: told.version,
    sha256: told.sha256,
    contentType: told.contentType,
    visibility: VISIBILITY.toWord(told.visibility),
    storedByPid: told.storedByPid,
    storedAtMs: told.storedAt * MS,
    ownerPid: told.ownerPid,
    isFrozen: told.frozen,
    task: told.taskId,
    trace: told.traceId,
  };
}

export function toInboxMessage(message: agent.AgentMessage): InboxMessage {
  return {
    id: message.messageId,
    fromPid: message.fromPid,
    fromName: message.fromName,
    relation: RELATION.toWord(message.relation),
    type: message.type,
    priority: PRIORITY.toWord(message.priority),
    payload: message.payload,
    sentAtMs: message.timestamp * MS,
    requiresAck: message.requiresAck,
    replyTo: message.replyTo,
    fromAddress: message.fromAddress,
    deadlineMs: message.deadlineMs,
    queue: message.queue,
    tries: message.tries,
  };
}

export function toUsageReport(usage: core.ResourceUsage): UsageReport {
  return {
    tokens: usage.tokensConsumed,
    tokensRemaining: usage.tokensRemaining,
    children: usage.childrenActive,
    childrenMax: usage.childrenMax,
    uptimeMs: usage.uptimeSeconds * MS,
  };
}
