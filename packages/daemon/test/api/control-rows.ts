// What each call of ControlService asks the kernel for, and how its answer is told: one row a call.
// Data for control-service.test.ts. Not a test.
import type { SyscallName } from '@hivekernel/kernel';
import { expect } from 'vitest';
import { PROCESS_VIEW } from '../../src/api/wire/testing/process-view.ts';
import type { ControlRpc } from './grpc-client.ts';

const REPORT = { pid: 9, name: 'w', exitCode: 3, output: 'o', cause: 'done' };
const RESULT = { ...REPORT, success: true, error: '', errorCode: '' };

const FOUND = {
  record: {
    ...{ artifact: 5, key: 'k', user: 'root', visibility: 'subtree', owner: 8, isInherited: false },
    frozen: { seq: 30, by: 8, wallMs: 9_000 },
    versions: [{}],
  },
  version: {
    ...{ version: 3, contentType: 'text/plain', storedBy: 9, task: 12, wallMs: 7_000, seq: 20 },
    ...{ by: 9, trace: 'tr', content: { bytes: 2, inline: 'aGk=', hash: 'ab' } },
  },
};
const ARTIFACT_META = {
  ...{ artifactId: 'a5', key: 'k', contentType: 'text/plain', sizeBytes: 2, sha256: 'ab' },
  ...{ storedByPid: 9, storedAt: 7, version: 3, versionsKept: 1, visibility: 2, frozen: true },
  ...{ ownerPid: 8, taskId: 't12', traceId: 'tr' },
};

const PURSE = {
  ...{ purse: 'usd', allocated: 1, spent: 2, reserved: 3, given: 4, remaining: -8, overdrawn: 8 },
};
const BUDGET = { pid: 9, name: 'w', address: '/king/w', isFrozen: true, purses: [PURSE] };
const BUDGET_INFO = { pid: 9, name: 'w', address: '/king/w', frozen: true, purses: [PURSE] };

const QUEUE = {
  ...{ user: 'root', name: 'jobs', waiting: 4, bytes: 40, inHand: 2, consumers: 1 },
  ...{ deadLetters: 3, oldestWallMs: 9_000 },
};
const QUEUE_INFO = {
  ...{ user: 'root', name: 'jobs', waiting: 4, bytes: 40, inHand: 2, consumers: 1 },
  ...{ deadLetters: 3, oldestMs: 9_000 },
};

const COUNTS = { user: 'root', topic: 'news', publications: 5, subscribers: 2 };
const PLACE = { user: 'root', name: 'desk', pattern: 'n*', waiting: 1, missed: 6 };
const TOPICS = {
  topics: [{ ...COUNTS, last: undefined }],
  topicsTotal: 1,
  cursors: [{ ...PLACE, owner: 9, isLive: true }],
  cursorsTotal: 1,
};
const TOPICS_REPLY = {
  topics: [{ ...COUNTS, last: undefined }],
  topicsTotal: 1,
  cursors: [{ ...PLACE, ownerPid: 9, live: true }],
  cursorsTotal: 1,
};

export interface Mapped {
  readonly rpc: ControlRpc;
  readonly request: object;
  readonly name: SyscallName;
  readonly args: object;
  readonly answer?: unknown;
  readonly reply?: object;
}

export const MAPPED: readonly Mapped[] = [
  {
    rpc: 'signal',
    request: { targetPid: 9, signal: 15, recursive: true, reason: 'r', gracePeriodSeconds: 1 },
    name: 'signal',
    args: { pid: 9, signal: 'TERM', isRecursive: true, reason: 'r', graceMs: 1_000 },
    answer: { killed: [8, 9] },
    reply: { killedPids: [8, 9], signalledPids: [], artifactKey: '' },
  },
  {
    rpc: 'restart',
    request: { targetPid: 9, reason: 'r' },
    name: 'restart',
    args: { pid: 9, reason: 'r', graceMs: 5_000 },
  },
  { rpc: 'sleep', request: {}, name: 'sleep', args: { pid: 0 } },
  { rpc: 'wake', request: { targetPid: 9 }, name: 'wake', args: { pid: 9 } },
  {
    rpc: 'checkpoint',
    request: { state: Buffer.from('hi') },
    name: 'checkpoint',
    args: { content: { bytes: 2, inline: 'aGk=' } },
  },
  {
    rpc: 'completeTask',
    request: { pid: 9, exitCode: 3, output: 'o' },
    name: 'exit',
    args: { pid: 9, exitCode: 3, output: 'o' },
  },
  {
    rpc: 'collapseBranch',
    request: { targetPid: 9, reason: 4 },
    name: 'collapse',
    args: { pid: 9, reason: 'user_request', graceMs: 5_000 },
    answer: { results: [REPORT] },
    reply: { results: [RESULT] },
  },
  {
    rpc: 'pendingResults',
    request: {},
    name: 'pending_results',
    args: { pid: 0 },
    answer: [REPORT],
    reply: { results: [RESULT] },
  },
  {
    rpc: 'reparent',
    request: { targetPid: 9, parentPid: 8 },
    name: 'reparent',
    args: { pid: 9, parent: 8 },
  },
  {
    rpc: 'ancestors',
    request: { targetPid: 9 },
    name: 'ancestors',
    args: { pid: 9 },
    answer: [PROCESS_VIEW],
    reply: { processes: [expect.objectContaining({ pid: 7, restartPolicy: 'transient' })] },
  },
  {
    rpc: 'commonAncestor',
    request: { otherPid: 8 },
    name: 'common_ancestor',
    args: { pid: 0, other: 8 },
    answer: PROCESS_VIEW,
    reply: expect.objectContaining({
      pid: 7,
      checkpointBytes: 12,
      restartsInRow: 13,
    }) as object,
  },
  {
    rpc: 'subtreeNodes',
    request: { targetPid: 9 },
    name: 'subtree_nodes',
    args: { pid: 9 },
    answer: { nodes: ['vps1', 'vps2'] },
    reply: { nodes: ['vps1', 'vps2'] },
  },
  {
    rpc: 'requeue',
    request: { targetPid: 9, messageId: 'm12' },
    name: 'requeue',
    args: { pid: 9, message: 12 },
    answer: { message: 13 },
    reply: { messageId: 'm13' },
  },
  {
    rpc: 'dropLetter',
    request: { messageId: 'm12' },
    name: 'drop_letter',
    args: { pid: 0, message: 12 },
  },
  {
    rpc: 'acknowledge',
    request: { targetPid: 9, messageId: 'm12', status: 2, reply: 'hi' },
    name: 'acknowledge',
    args: { pid: 9, message: 12, status: 'rejected', reply: { bytes: 2, inline: 'aGk=' } },
  },
  {
    rpc: 'deleteArtifact',
    request: { artifactId: 'a5', ifVersion: 0 },
    name: 'delete_artifact',
    args: { by: { artifact: 5 }, ifVersion: 0 },
  },
  {
    rpc: 'freezeArtifact',
    request: { key: 'k', artifactId: 'nonsense' },
    name: 'freeze_artifact',
    args: { by: { key: 'k' }, ifVersion: undefined },
    answer: FOUND,
    reply: ARTIFACT_META,
  },
  {
    rpc: 'artifactVersions',
    request: { key: 'k' },
    name: 'artifact_versions',
    args: { by: { key: 'k' } },
    answer: [FOUND],
    reply: { versions: [ARTIFACT_META] },
  },
  {
    rpc: 'listQueues',
    request: { prefix: 'jo' },
    name: 'list_queues',
    args: { prefix: 'jo' },
    answer: [QUEUE],
    reply: { queues: [QUEUE_INFO] },
  },
  {
    rpc: 'publish',
    request: { topic: 'news', type: 't', payload: Buffer.from('hi'), transient: true },
    name: 'publish',
    args: { topic: 'news', type: 't', content: { bytes: 2, inline: 'aGk=' }, isTransient: true },
    answer: { message: 12, subscribers: 3 },
    reply: { messageId: 'm12', subscribers: 3 },
  },
  {
    rpc: 'listTopics',
    request: { pattern: 'n*' },
    name: 'list_topics',
    args: { pattern: 'n*' },
    answer: TOPICS,
    reply: TOPICS_REPLY,
  },
  {
    rpc: 'clearTopic',
    request: { topic: 'news' },
    name: 'clear_topic',
    args: { topic: 'news' },
  },
  {
    rpc: 'forgetCursor',
    request: { name: 'desk' },
    name: 'forget_cursor',
    args: { name: 'desk' },
  },
  {
    rpc: 'openPipe',
    request: { peerPid: 9, name: 'p' },
    name: 'open_pipe',
    args: { peer: 9, name: 'p' },
  },
  {
    rpc: 'writePipe',
    request: { peerPid: 9, name: 'p', chunk: Buffer.from('hi'), noWait: true },
    name: 'write_pipe',
    args: { peer: 9, name: 'p', chunk: Uint8Array.from(Buffer.from('hi')), isPatient: false },
  },
  {
    rpc: 'readPipe',
    request: { peerPid: 9, maxChunks: 2, timeoutMs: 30 },
    name: 'read_pipe',
    args: { peer: 9, name: '', max: 2, timeoutMs: 30 },
    answer: { chunks: [Uint8Array.from(Buffer.from('hi'))], isEnd: true },
    reply: { chunks: [expect.objectContaining({ length: 2 })], end: true },
  },
  {
    rpc: 'closePipe',
    request: { peerPid: 9, both: true },
    name: 'close_pipe',
    args: { peer: 9, name: '', isBoth: true },
  },
  {
    rpc: 'grant',
    request: { targetPid: 9, capability: 'shell_exec' },
    name: 'grant',
    args: { pid: 9, capability: 'shell_exec' },
  },
  {
    rpc: 'revoke',
    request: { targetPid: 9, capability: 'shell_exec' },
    name: 'revoke',
    args: { pid: 9, capability: 'shell_exec' },
  },
  {
    rpc: 'listCapabilities',
    request: { targetPid: 9 },
    name: 'list_capabilities',
    args: { pid: 9 },
    answer: [{ capability: 'escalate', isHeld: true, isRoleDefault: false, why: '' }],
    reply: {
      capabilities: [{ capability: 'escalate', held: true, roleDefault: false, why: '' }],
    },
  },
  {
    rpc: 'raiseBudget',
    request: { targetPid: 9, purse: 'usd', change: { $case: 'by', value: -5 }, note: 'n' },
    name: 'raise_budget',
    args: { pid: 9, purse: 'usd', change: { by: -5 }, note: 'n' },
    answer: BUDGET,
    reply: BUDGET_INFO,
  },
  {
    rpc: 'freezeBudget',
    request: { targetPid: 9, frozen: true, note: 'n' },
    name: 'freeze_budget',
    args: { pid: 9, isFrozen: true, note: 'n' },
    answer: BUDGET,
    reply: BUDGET_INFO,
  },
  {
    rpc: 'listBudgets',
    request: {},
    name: 'list_budgets',
    args: { root: 0 },
    answer: [BUDGET],
    reply: { budgets: [BUDGET_INFO] },
  },
  { rpc: 'remove', request: { targetPid: 9 }, name: 'remove', args: { pid: 9 } },
];
