// Which call of the kernel each method of our gRPC services is; the messages of both are the same,
// so there is nothing more to say of one. What is not here streams (event-stream.ts) or is not
// served (not-served.ts).

import type { control } from '@hivekernel/protocol';
import type { SyscallCase } from '../wire/calls.ts';

export type RpcTable = Readonly<Record<string, SyscallCase>>;

export const CORE_RPCS = {
  spawnChild: 'spawn',
  killChild: 'kill',
  getProcessInfo: 'info',
  listChildren: 'listChildren',
  sendMessage: 'send',
  storeArtifact: 'store',
  getArtifact: 'getArtifact',
  listArtifacts: 'listArtifacts',
  getResourceUsage: 'usage',
  requestResources: 'requestResources',
  escalate: 'escalate',
  log: 'log',
  reportMetric: 'metric',
  executeTask: 'executeTask',
  listInbox: 'listInbox',
  listSiblings: 'listSiblings',
  waitChild: 'waitChild',
} as const satisfies RpcTable;

/** Total: a new method does not compile without its row. */
export const CONTROL_RPCS = {
  signal: 'signal',
  restart: 'restart',
  sleep: 'sleep',
  wake: 'wake',
  checkpoint: 'checkpoint',
  completeTask: 'exit',
  collapseBranch: 'collapse',
  pendingResults: 'pendingResults',
  reparent: 'reparent',
  ancestors: 'ancestors',
  commonAncestor: 'commonAncestor',
  subtreeNodes: 'subtreeNodes',
  requeue: 'requeue',
  dropLetter: 'dropLetter',
  acknowledge: 'acknowledge',
  deleteArtifact: 'deleteArtifact',
  freezeArtifact: 'freezeArtifact',
  artifactVersions: 'artifactVersions',
  listQueues: 'listQueues',
  publish: 'publish',
  listTopics: 'listTopics',
  clearTopic: 'clearTopic',
  forgetCursor: 'forgetCursor',
  openPipe: 'openPipe',
  writePipe: 'writePipe',
  readPipe: 'readPipe',
  closePipe: 'closePipe',
  grant: 'grant',
  revoke: 'revoke',
  listCapabilities: 'listCapabilities',
  raiseBudget: 'raiseBudget',
  freezeBudget: 'freezeBudget',
  listBudgets: 'listBudgets',
  remove: 'remove',
} as const satisfies Readonly<
  Record<keyof control.ControlServiceDefinition['methods'], SyscallCase>
>;
