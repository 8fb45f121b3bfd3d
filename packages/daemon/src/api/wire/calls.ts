// A call as it came over a wire, as the kernel's call: the one translation inwards, for all doors.
//   1. Total: each body that is a syscall has its row; a new one does not compile without.
//   2. Contents are made in the same turn as `host.call`, after all checks (host.ts says why).
//   3. Who calls comes from the channel, never from here.

import { KernelError, LIMITS, asPid } from '@hivekernel/kernel';
import type { ArgsOf, Call, ResourceLimits, SyscallName, TaskSpec } from '@hivekernel/kernel';
import type { CallBody, CallCase, CallValue, agent } from '@hivekernel/protocol';
import type { Host } from '../../journal/host.ts';
import * as bounds from './bounds.ts';
import { imageOf } from './image-field.ts';
import { artifactIdFrom, taskIdFrom } from './wire-ids.ts';
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
  listProcesses: 'list_processes',
  cancel: 'cancel',
} as const satisfies Readonly<Record<SyscallCase, SyscallName>>;

/** Who calls, over which channel, and what making the call needs. */
export interface CallOrigin {
  readonly host: Pick<Host, 'content' | 'hashedContent'>;
  /** Unique among all channels of this boot and of those before it. */
  readonly channel: string;
  readonly isOperator: boolean;
  /** For a kill that names no grace period. */
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
const MS = 1_000;
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

const READERS: { readonly [C in SyscallCase]: Reader<C> } = {
  spawn: readSpawn,
  kill: (q, { termGraceMs }) => ({
    pid: asPid(bounds.someone(q.targetPid, 'target_pid')),
    isRecursive: q.recursive,
    reason: words.REASON.fromWire(q.reason, 'reason'),
    graceMs: bounds.graceMs({ seconds: q.gracePeriodSeconds, defaultMs: termGraceMs }),
  }),
  exit: (q) => ({ exitCode: q.exitCode, output: bounds.text(q.output, 'output') }),
  waitChild: (q) => ({
    pid: asPid(bounds.someone(q.targetPid, 'target_pid')),
    timeoutMs: Math.max(0, q.timeoutSeconds) * MS,
  }),
  info: (q) => ({ pid: asPid(bounds.count(q.pid, 'pid')) }),
  listChildren: (q) => ({ isRecursive: q.recursive, state: words.stateFilter(q.filterState) }),
  listSiblings: () => ({}),
  send: readSend,
  listInbox: (q) => ({ pid: asPid(bounds.count(q.pid, 'pid')) }),
  store: (q, { host }) => {
    const contentType = bounds.word(q.contentType, 'content_type');
    const visibility = words.VISIBILITY.fromWire(q.visibility, 'visibility');
    const bound = { field: 'content', max: LIMITS.artifactBytesMax };
    const content = host.hashedContent(bounds.payload(q.content, bound));
    return { key: q.key, contentType, visibility, content };
  },
  getArtifact: (q) => ({ by: artifactOf(q), version: bounds.count(q.version, 'version') }),
  listArtifacts: (q) => ({
    prefix: bounds.chars(q.prefix, { field: 'prefix', max: LIMITS.artifactKeyCharsMax }),
    storedBy: q.storedByPid === 0 ? undefined : asPid(bounds.count(q.storedByPid, 'stored_by_pid')),
  }),
  executeOn: (q, { host }) => ({
    pid: asPid(bounds.someone(q.targetPid, 'target_pid')),
    spec: readTask(q.task, host),
  }),
  executeTask: (q, { host }) => ({
    pid: asPid(bounds.someone(q.targetPid, 'target_pid')),
    spec: {
      description: bounds.text(q.description, 'description'),
      params: bounds.textMap(q.params, 'params'),
      timeoutMs: bounds.count(q.timeoutSeconds, 'timeout_seconds') * MS,
      priority: NORMAL,
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
    pid: asPid(bounds.count(q.targetPid, 'target_pid')),
    task: taskIdFrom(q.taskId),
    reason: bounds.text(q.reason, 'reason'),
  }),
  listProcesses: (q) => ({
    root: asPid(bounds.count(q.rootPid, 'root_pid')),
    includeDead: q.includeDead,
  }),
  cancel: (q, { channel, pid }) => ({
    call: { channel, pid: asPid(pid), id: bounds.count(q.callId, 'call_id') },
  }),
};

const NORMAL = 2;
const NO_BYTES = new Uint8Array(0);

function readSpawn(q: agent.SpawnRequest): ArgsOf<'spawn'> {
  if (q.schedule !== undefined && (q.schedule.cron !== '' || q.schedule.keepAlive)) {
    throw new KernelError('unimplemented', 'Schedules are not served by this version.', {
      details: { field: 'schedule' },
    });
  }
  return {
    // Its length and signs are checked by the kernel (P5).
    name: q.name,
    role: words.ROLE.fromWire(q.role, 'role'),
    tier: words.TIER.fromWire(q.cognitiveTier, 'cognitive_tier'),
    model: bounds.word(q.model, 'model'),
    user: bounds.word(q.user, 'user'),
    image: imageOf(q),
    systemPrompt: bounds.text(q.systemPrompt, 'system_prompt'),
    tools: bounds.words(q.tools, 'tools'),
    env: bounds.textMap(q.env, 'env'),
    cwd: bounds.path(q.cwd, 'cwd'),
    limits: readLimits(q.limits),
    initialTask: bounds.text(q.initialTask, 'initial_task'),
    exitAfterTask: q.exitAfterTask,
  };
}

function readLimits(limits: agent.ResourceLimits | undefined): ResourceLimits {
  return {
    tokensPerHourMax: bounds.count(limits?.maxTokensPerHour ?? 0, 'max_tokens_per_hour'),
    contextTokensMax: bounds.count(limits?.maxContextTokens ?? 0, 'max_context_tokens'),
    childrenMax: bounds.count(limits?.maxChildren ?? 0, 'max_children'),
    concurrentTasksMax: bounds.count(limits?.maxConcurrentTasks ?? 0, 'max_concurrent_tasks'),
    taskTimeoutMs: bounds.count(limits?.timeoutSeconds ?? 0, 'timeout_seconds') * MS,
    tokensTotalMax: bounds.count(limits?.maxTokensTotal ?? 0, 'max_tokens_total'),
  };
}

function readSend(q: agent.SendMessageRequest, { host }: CallOrigin): ArgsOf<'send'> {
  const queue = bounds.word(q.toQueue, 'to_queue');
  const to = queue === '' ? bounds.someone(q.toPid, 'to_pid') : q.toPid;
  const type = bounds.word(q.type, 'type');
  const replyTo = bounds.word(q.replyTo, 'reply_to');
  const priority = words.priorityFromWire(q.priority);
  const ttlMs = bounds.count(q.ttlSeconds, 'ttl_seconds') * MS;
  const bound = { field: 'payload', max: LIMITS.messagePayloadBytesMax };
  const content = host.content(bounds.payload(q.payload, bound));
  return {
    to: asPid(to),
    queue,
    type,
    replyTo,
    priority,
    ttlMs,
    content,
    requiresAck: q.requiresAck,
  };
}

function readTask(task: agent.TaskRequest | undefined, host: CallOrigin['host']): TaskSpec {
  if (task === undefined) {
    throw new KernelError('invalid_argument', 'task is missing.', { details: { field: 'task' } });
  }
  const bound = { field: 'context', max: LIMITS.messagePayloadBytesMax };
  return {
    description: bounds.text(task.description, 'description'),
    params: bounds.textMap(task.params, 'params'),
    timeoutMs: bounds.count(task.timeoutSeconds, 'timeout_seconds') * MS,
    priority: words.priorityFromWire(task.priority),
    context: host.content(bounds.payload(task.context, bound)),
  };
}

function artifactOf(q: agent.GetArtifactRequest): ArgsOf<'get_artifact'>['by'] {
  // PROTOCOL §3: the key beats the id.
  if (q.key !== '') return { key: q.key };
  if (q.artifactId !== '') return { artifact: artifactIdFrom(q.artifactId) };
  throw new KernelError('invalid_argument', 'Name the artifact by key or artifact_id.', {
    details: { field: 'key' },
  });
}
