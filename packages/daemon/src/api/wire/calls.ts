// A call as it came over a wire, as the kernel's call: the one translation inwards, for all doors.
//   1. Total: each body that is a syscall has its row; a new one does not compile without.
//   2. Contents are made in the same turn as `host.call`, after all checks (host.ts says why).
//   3. Who calls comes from the channel, never from here.

import { KernelError, LIMITS, asPid } from '@hivekernel/kernel';
import type { ArgsOf, Call, Pid, SyscallName, TaskSpec } from '@hivekernel/kernel';
import type { CallBody, CallCase, CallValue, agent } from '@hivekernel/protocol';
import type { Host } from '../../journal/host.ts';
import { artifactOf, readDisposal, readStore } from './artifact-orders.ts';
import * as bounds from './bounds.ts';
import { readFreeze, readRaise, readRequest } from './budget-orders.ts';
import { readAcknowledge, readLetter, readSend } from './mail-orders.ts';
import { readSpawn } from './spawn-order.ts';
import {
  pipeNameOf,
  readPublish,
  readSubscribe,
  readTake,
  readWrite,
  topicPattern,
} from './stream-orders.ts';
import { taskIdFrom } from './wire-ids.ts';
import * as words from './words.ts';

/** Bodies that are no syscalls: the admin link serves them itself. */
export type OperatorCase = 'kernelStatus' | 'followEvents' | 'stopKernel';
export type SyscallCase = Exclude<CallCase, OperatorCase>;

/** Which syscall a body is. */
export const SYSCALL_OF = {
  spawn: 'spawn',
  kill: 'kill',
  exit: 'exit',
  waitChild: 'wait_child',
  info: 'info',
  listChildren: 'list_children',
  listSiblings: 'list_siblings',
  send: 'send',
  listInbox: 'list_inbox',
  store: 'store',
  getArtifact: 'get_artifact',
  listArtifacts: 'list_artifacts',
  executeOn: 'execute_on',
  executeTask: 'execute_task',
  log: 'log',
  progress: 'progress',
  escalate: 'escalate',
  usage: 'usage',
  metric: 'metric',
  interrupt: 'interrupt',
  signal: 'signal',
  restart: 'restart',
  sleep: 'sleep',
  wake: 'wake',
  checkpoint: 'checkpoint',
  collapse: 'collapse',
  pendingResults: 'pending_results',
  reparent: 'reparent',
  ancestors: 'ancestors',
  commonAncestor: 'common_ancestor',
  subtreeNodes: 'subtree_nodes',
  requeue: 'requeue',
  dropLetter: 'drop_letter',
  acknowledge: 'acknowledge',
  listProcesses: 'list_processes',
  cancel: 'cancel',
  deleteArtifact: 'delete_artifact',
  freezeArtifact: 'freeze_artifact',
  artifactVersions: 'artifact_versions',
  remove: 'remove',
  subscribe: 'subscribe',
  take: 'take',
  unsubscribe: 'unsubscribe',
  listQueues: 'list_queues',
  publish: 'publish',
  listTopics: 'list_topics',
  clearTopic: 'clear_topic',
  forgetCursor: 'forget_cursor',
  grant: 'grant',
  revoke: 'revoke',
  listCapabilities: 'list_capabilities',
  openPipe: 'open_pipe',
  writePipe: 'write_pipe',
  readPipe: 'read_pipe',
  closePipe: 'close_pipe',
  requestResources: 'request_resources',
  raiseBudget: 'raise_budget',
  freezeBudget: 'freeze_budget',
  listBudgets: 'list_budgets',
} as const satisfies Readonly<Record<SyscallCase, SyscallName>>;

/** Who calls, over which channel, and what making the call needs. */
export interface CallOrigin {
  readonly host: Pick<Host, 'content' | 'hashedContent'>;
  /** Unique among all channels of this boot and of those before it. */
  readonly channel: string;
  readonly isOperator: boolean;
  /** For a call that ends somebody and names no grace period. */
  readonly termGraceMs: number;
}

export interface WireCall {
  readonly id: number;
  /** 0: the king, on an operator's channel. */
  readonly pid: number;
  readonly taskId: string;
  readonly body: CallBody;
}

type Reader<C extends SyscallCase> = (
  value: CallValue<C>,
  from: CallOrigin & { readonly pid: number },
) => ArgsOf<(typeof SYSCALL_OF)[C]>;

const KING = 1;
const REASON_BOUND = { field: 'reason', max: LIMITS.reasonCharsMax };
const UNKNOWN_PERCENT = -1;

export const isSyscall = (body: CallBody): body is Extract<CallBody, { $case: SyscallCase }> =>
  Object.hasOwn(SYSCALL_OF, body.$case);

/** Throws `KernelError`: what the caller wrote cannot be. */
export function toCall(call: WireCall, origin: CallOrigin): Call {
  const { body } = call;
  if (!isSyscall(body)) {
    const what = `${body.$case} is served on the admin socket only.`;
    throw new KernelError('permission_denied', `denied: ${what}`);
  }
  const pid = call.pid === 0 && origin.isOperator ? KING : call.pid;
  const read = READERS[body.$case] as Reader<'exit'>;
  const value = body.value as CallValue<'exit'>;
  return {
    name: SYSCALL_OF[body.$case],
    args: read(value, { ...origin, pid }),
    ref: { channel: origin.channel, pid: asPid(pid), id: call.id },
    task: taskIdFrom(call.taskId) ?? null,
    isOperator: origin.isOperator,
  } as Call;
}

/** 0: the caller. */
const anyone = (value: number, field = 'target_pid'): Pid => asPid(bounds.count(value, field));
const someone = (value: number, field = 'target_pid'): Pid => asPid(bounds.someone(value, field));

const graceOf = (q: { gracePeriodSeconds: number }, from: CallOrigin): number =>
  bounds.graceMs({ seconds: q.gracePeriodSeconds, defaultMs: from.termGraceMs });

const READERS: { readonly [C in SyscallCase]: Reader<C> } = {
  spawn: readSpawn,
  kill: (q, from) => ({
    pid: someone(q.targetPid),
    isRecursive: q.recursive,
    reason: words.REASON.fromWire(q.reason, 'reason'),
    graceMs: graceOf(q, from),
  }),
  exit: (q) => ({
    pid: anyone(q.pid, 'pid'),
    exitCode: q.exitCode,
    output: bounds.text(q.output, 'output'),
  }),
  waitChild: (q) => ({
    pid: someone(q.targetPid),
    timeoutMs: bounds.ms(Math.max(0, q.timeoutSeconds), 'timeout_seconds'),
    isPeek: q.peek,
  }),
  info: (q) => ({ pid: anyone(q.pid, 'pid') }),
  listChildren: (q) => ({ isRecursive: q.recursive, state: words.stateFilter(q.filterState) }),
  listSiblings: () => ({}),
  send: readSend,
  listInbox: (q) => ({ pid: anyone(q.pid, 'pid'), queue: bounds.word(q.queue, 'queue') }),
  store: readStore,
  getArtifact: (q) => ({ by: artifactOf(q), version: bounds.count(q.version, 'version') }),
  listArtifacts: (q) => ({
    prefix: bounds.chars(q.prefix, { field: 'prefix', max: LIMITS.artifactKeyCharsMax }),
    storedBy: q.storedByPid === 0 ? undefined : anyone(q.storedByPid, 'stored_by_pid'),
  }),
  executeOn: (q, { host }) => ({
    pid: someone(q.targetPid),
    spec: readTask(q.task, host),
  }),
  executeTask: (q, { host }) => ({
    pid: someone(q.targetPid),
    spec: {
      description: bounds.text(q.description, 'description'),
      params: bounds.textMap(q.params, 'params'),
      timeoutMs: bounds.ms(q.timeoutSeconds, 'timeout_seconds'),
      priority: NORMAL,
      retriesMax: retriesOf(q),
      context: host.content(NO_BYTES),
    },
  }),
  log: (q) => ({
    level: words.LEVEL.fromWire(q.level, 'level'),
    message: bounds.text(q.message, 'message'),
    fields: bounds.textMap(q.fields, 'fields'),
  }),
  progress: (q) => ({
    message: bounds.text(q.message, 'message'),
    percent: q.percent >= 0 && q.percent <= 100 ? q.percent : UNKNOWN_PERCENT,
    quietMs: bounds.atMost(q.quietMs, { field: 'quiet_ms', max: LIMITS.quietMsMax }),
  }),
  escalate: (q) => ({
    issue: bounds.text(q.issue, 'issue'),
    severity: words.SEVERITY.fromWire(q.severity, 'severity'),
    context: bounds.textMap(q.context, 'context'),
    autoPropagate: q.autoPropagate,
  }),
  usage: () => ({}),
  metric: (q) => ({
    name: bounds.word(q.name, 'name'),
    value: bounds.finite(q.value, 'value'),
    labels: bounds.textMap(q.labels, 'labels'),
  }),
  interrupt: (q) => ({
    pid: anyone(q.targetPid),
    task: taskIdFrom(q.taskId),
    reason: bounds.chars(q.reason, REASON_BOUND),
  }),
  signal: (q, from) => ({
    pid: anyone(q.targetPid),
    signal: words.SIGNAL.fromWire(q.signal, 'signal'),
    isRecursive: q.recursive,
    reason: bounds.chars(q.reason, REASON_BOUND),
    graceMs: graceOf(q, from),
  }),
  restart: (q, from) => ({
    pid: anyone(q.targetPid),
    reason: bounds.chars(q.reason, REASON_BOUND),
    graceMs: graceOf(q, from),
  }),
  sleep: (q) => ({ pid: anyone(q.targetPid) }),
  wake: (q) => ({ pid: someone(q.targetPid) }),
  checkpoint: (q, { host }) => {
    const bound = { field: 'state', max: LIMITS.checkpointBytesMax };
    return { content: host.content(bounds.payload(q.state, bound)) };
  },
  collapse: (q, from) => ({
    pid: anyone(q.targetPid),
    reason: words.REASON.fromWire(q.reason, 'reason'),
    graceMs: graceOf(q, from),
  }),
  pendingResults: (q) => ({ pid: anyone(q.targetPid) }),
  reparent: (q) => ({
    pid: someone(q.targetPid),
    parent: someone(q.parentPid, 'parent_pid'),
  }),
  ancestors: (q) => ({ pid: anyone(q.targetPid) }),
  commonAncestor: (q) => ({
    pid: anyone(q.targetPid),
    other: someone(q.otherPid, 'other_pid'),
  }),
  subtreeNodes: (q) => ({ pid: anyone(q.targetPid) }),
  requeue: readLetter,
  dropLetter: readLetter,
  acknowledge: readAcknowledge,
  listProcesses: (q) => ({
    root: anyone(q.rootPid, 'root_pid'),
    includeDead: q.includeDead,
  }),
  cancel: (q, { channel, pid }) => ({
    call: { channel, pid: asPid(pid), id: bounds.count(q.callId, 'call_id') },
  }),
  deleteArtifact: readDisposal,
  freezeArtifact: readDisposal,
  artifactVersions: (q) => ({ by: artifactOf(q) }),
  remove: (q) => ({ pid: someone(q.targetPid) }),
  subscribe: readSubscribe,
  take: readTake,
  unsubscribe: (q) => ({
    subscription: bounds.someone(q.subscription, 'subscription'),
    returned: [],
  }),
  listQueues: (q) => ({ prefix: bounds.word(q.prefix, 'prefix') }),
  publish: readPublish,
  listTopics: (q) => ({ pattern: topicPattern(q.pattern, 'pattern') }),
  clearTopic: (q) => ({ topic: topicPattern(q.topic, 'topic') }),
  forgetCursor: (q) => ({ name: bounds.word(q.name, 'name') }),
  grant: readGrant,
  revoke: readGrant,
  listCapabilities: (q) => ({ pid: anyone(q.targetPid) }),
  openPipe: pipeNameOf,
  writePipe: readWrite,
  readPipe: (q) => ({
    ...pipeNameOf(q),
    max: bounds.count(q.maxChunks, 'max_chunks'),
    timeoutMs: q.timeoutMs,
  }),
  closePipe: (q) => ({ ...pipeNameOf(q), isBoth: q.both }),
  requestResources: readRequest,
  raiseBudget: readRaise,
  freezeBudget: readFreeze,
  listBudgets: (q) => ({ root: anyone(q.rootPid, 'root_pid') }),
};

const NORMAL = 2;
const NO_BYTES = new Uint8Array(0);

function readGrant(q: { targetPid: number; capability: string }): ArgsOf<'grant'> {
  const pid = someone(q.targetPid);
  return { pid, capability: words.capabilityFrom(q.capability, 'capability') };
}

function readTask(task: agent.TaskRequest | undefined, host: CallOrigin['host']): TaskSpec {
  if (task === undefined) {
    throw new KernelError('invalid_argument', 'task is missing.', { details: { field: 'task' } });
  }
  const bound = { field: 'context', max: LIMITS.messagePayloadBytesMax };
  return {
    description: bounds.text(task.description, 'description'),
    params: bounds.textMap(task.params, 'params'),
    timeoutMs: bounds.ms(task.timeoutSeconds, 'timeout_seconds'),
    priority: words.priorityFromWire(task.priority),
    retriesMax: retriesOf(task),
    context: host.content(bounds.payload(task.context, bound)),
  };
}

const retriesOf = (task: { retriesMax: number }): number =>
  bounds.atMost(task.retriesMax, { field: 'retries_max', max: LIMITS.taskRetriesMax });
