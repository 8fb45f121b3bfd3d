// The kernel's answers as replies of the wire: the one translation outwards, for all doors.
//   1. Total: each syscall body has its row, of the type that the protocol pairs with it.
//   2. A promise only where bytes must be fetched; then nothing else is held up.
// Refusals are not here: failures.ts knows what each door makes of an error.

import type {
  AnswerOf,
  EscalationReport,
  SignalReport,
  TaskOutcome,
  TaskReport,
} from '@hivekernel/kernel';
import type { ReplyBody, ReplyCaseOf, ReplyValueOf, agent, link } from '@hivekernel/protocol';
import { toArtifact, toArtifactMeta, toStored } from './artifact-views.ts';
import type { SYSCALL_OF, SyscallCase } from './calls.ts';
import { bytesOf, textOf, whenThere } from './content-bytes.ts';
import type { Reader } from './content-bytes.ts';
import { toAgentMessages, toInboxReply } from './messages.ts';
import { toProcessInfos, toResult, toResults } from './results.ts';
import { toQueueInfo, toTopicsReply } from './stream-views.ts';
import { toBudgetInfo, toProcessInfo, toSibling, toUsage } from './views.ts';
import { messageIdText, taskIdText } from './wire-ids.ts';

export interface ReplySource {
  readonly host: Reader;
  /** Durable before the call was made: every list holds at least what happened up to it. */
  readonly seqBefore: number;
}

type AnswerTo<C extends SyscallCase> = AnswerOf<(typeof SYSCALL_OF)[C]>;
type Writer<C extends SyscallCase> = (
  answer: AnswerTo<C>,
  source: ReplySource,
) => ReplyValueOf<C> | Promise<ReplyValueOf<C>>;

/** The reply's value for the call of that name. */
export function toReplyValue<C extends SyscallCase>(
  name: C,
  answer: unknown,
  source: ReplySource,
): ReplyValueOf<C> | Promise<ReplyValueOf<C>> {
  // Which answer a call has is the kernel's promise (abi.ts).
  return WRITERS[name](answer as AnswerTo<C>, source);
}

/** The same as the body of a link reply. */
export function toReply(
  name: SyscallCase,
  answer: unknown,
  source: ReplySource,
): ReplyBody | Promise<ReplyBody> {
  const $case = REPLY_CASE[name];
  return whenThere(toReplyValue(name, answer, source), (value) => ({ $case, value }) as ReplyBody);
}

const REPLY_CASE: { readonly [C in SyscallCase]: ReplyCaseOf<C> } = {
  spawn: 'spawn',
  kill: 'kill',
  exit: 'done',
  waitChild: 'waitChild',
  info: 'info',
  listChildren: 'listChildren',
  listSiblings: 'listSiblings',
  send: 'send',
  listInbox: 'listInbox',
  store: 'store',
  getArtifact: 'getArtifact',
  listArtifacts: 'listArtifacts',
  executeOn: 'executeOn',
  executeTask: 'executeTask',
  log: 'done',
  progress: 'done',
  escalate: 'escalate',
  usage: 'usage',
  metric: 'done',
  interrupt: 'done',
  signal: 'signal',
  restart: 'done',
  sleep: 'done',
  wake: 'done',
  checkpoint: 'done',
  collapse: 'collapse',
  pendingResults: 'pendingResults',
  reparent: 'done',
  ancestors: 'ancestors',
  commonAncestor: 'commonAncestor',
  subtreeNodes: 'subtreeNodes',
  requeue: 'requeue',
  dropLetter: 'done',
  acknowledge: 'done',
  listProcesses: 'listProcesses',
  cancel: 'done',
  deleteArtifact: 'done',
  freezeArtifact: 'freezeArtifact',
  artifactVersions: 'artifactVersions',
  remove: 'done',
  subscribe: 'subscribe',
  take: 'take',
  unsubscribe: 'done',
  listQueues: 'listQueues',
  publish: 'publish',
  listTopics: 'listTopics',
  clearTopic: 'done',
  forgetCursor: 'done',
  grant: 'done',
  revoke: 'done',
  listCapabilities: 'listCapabilities',
  openPipe: 'done',
  writePipe: 'done',
  readPipe: 'readPipe',
  closePipe: 'done',
  requestResources: 'requestResources',
  raiseBudget: 'raiseBudget',
  freezeBudget: 'freezeBudget',
  listBudgets: 'listBudgets',
};

const DONE = {};
const done = () => DONE;

const WRITERS: { readonly [C in SyscallCase]: Writer<C> } = {
  spawn: ({ pid }) => ({ success: true, childPid: pid, error: '', errorCode: '' }),
  kill: ({ killed }) => ({ success: true, killedPids: [...killed], error: '', errorCode: '' }),
  exit: done,
  waitChild: toResult,
  info: toProcessInfo,
  listChildren: (views) => ({ children: toProcessInfos(views) }),
  listSiblings: (views) => ({ siblings: views.map(toSibling) }),
  send: ({ message }) => ({
    delivered: true,
    messageId: messageIdText(message),
    error: '',
    errorCode: '',
  }),
  listInbox: (view, { host }) => toInboxReply(view, host),
  store: toStored,
  getArtifact: (found, { host }) => toArtifact(found, host),
  listArtifacts: (found) => ({ artifacts: found.map(toArtifactMeta) }),
  executeOn: toTaskReply,
  executeTask: (report) => ({ ...toTaskReply(report), taskId: taskIdText(report.task) }),
  log: done,
  progress: done,
  escalate: toEscalationReply,
  usage: toUsage,
  metric: done,
  interrupt: done,
  signal: toSignalReply,
  restart: done,
  sleep: done,
  wake: done,
  checkpoint: done,
  collapse: ({ results }) => ({ results: toResults(results) }),
  pendingResults: (results) => ({ results: toResults(results) }),
  reparent: done,
  ancestors: (views) => ({ processes: toProcessInfos(views) }),
  commonAncestor: toProcessInfo,
  requeue: ({ message }) => ({ messageId: messageIdText(message) }),
  dropLetter: done,
  acknowledge: done,
  subtreeNodes: ({ nodes }) => ({ nodes: [...nodes] }),
  listProcesses: (views, { seqBefore }) => ({
    processes: toProcessInfos(views),
    seq: seqBefore,
  }),
  cancel: done,
  deleteArtifact: done,
  freezeArtifact: toArtifactMeta,
  artifactVersions: (found) => ({ versions: found.map(toArtifactMeta) }),
  remove: done,
  subscribe: ({ subscription }) => ({ subscription }),
  take: async ({ messages }, { host }) => ({ messages: await toAgentMessages(messages, host) }),
  unsubscribe: done,
  listQueues: (views) => ({ queues: views.map(toQueueInfo) }),
  publish: ({ message, subscribers }) => ({ messageId: messageIdText(message), subscribers }),
  listTopics: (views, { host }) => toTopicsReply(views, host),
  clearTopic: done,
  forgetCursor: done,
  grant: done,
  revoke: done,
  listCapabilities: (views) => ({
    capabilities: views.map(({ capability, isHeld, isRoleDefault, why }) => {
      return { capability, held: isHeld, roleDefault: isRoleDefault, why };
    }),
  }),
  openPipe: done,
  writePipe: done,
  readPipe: ({ chunks, isEnd }) => ({ chunks: [...chunks], end: isEnd }),
  closePipe: done,
  requestResources: ({ granted }) => ({
    granted: true,
    grantedAmount: granted,
    reason: '',
    errorCode: '',
  }),
  raiseBudget: toBudgetInfo,
  freezeBudget: toBudgetInfo,
  listBudgets: (views) => ({ budgets: views.map(toBudgetInfo) }),
};

function toSignalReply({ killed, signalled, key }: SignalReport): link.SignalReply {
  return {
    killedPids: [...(killed ?? [])],
    signalledPids: [...(signalled ?? [])],
    artifactKey: key ?? '',
  };
}

/** An agent that says that it failed breaks no rule of the kernel: its failure has no code. */
const OUTCOME_CODE: Readonly<Record<TaskOutcome, string>> = {
  completed: '',
  failed: '',
  timed_out: 'timed_out',
  cancelled: 'cancelled',
};

/** PROTOCOL §3: success means that the agent completed; a failure keeps its result. */
function toTaskReply(report: TaskReport): agent.ExecuteOnResponse {
  const { exitCode, output, artifacts, metadata } = report.result;
  const success = report.outcome === 'completed';
  return {
    success,
    result: { exitCode, output, artifacts: { ...artifacts }, metadata: { ...metadata } },
    error: success ? '' : report.error || `The task ${report.outcome}.`,
    errorCode: OUTCOME_CODE[report.outcome],
  };
}

function toEscalationReply(
  report: EscalationReport,
  { host }: ReplySource,
): agent.EscalateResponse | Promise<agent.EscalateResponse> {
  const { handledBy, response } = report;
  const reply = (text: string): agent.EscalateResponse => ({
    received: true,
    handledByPid: handledBy,
    response: text,
    errorCode: '',
  });
  if (response === undefined) return reply('');
  return whenThere(bytesOf(response, host), (bytes) => reply(textOf(bytes)));
}
