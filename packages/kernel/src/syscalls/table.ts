// The whole ABI on one screen: every call, the right it needs (A2; null: none, or the handler asks
// by itself since it depends on the target), what it does to storage, and its handler. The doors
// and the docs iterate this table.

import type { Action } from '../permissions/acl.ts';
import type { AnswerOf, ArgsOf, SyscallName } from './abi.ts';
import * as artifacts from './artifact-calls.ts';
import * as budgets from './budget-calls.ts';
import type { CallContext, Owed } from './context.ts';
import * as journal from './journal-calls.ts';
import * as letters from './letter-calls.ts';
import * as life from './life-calls.ts';
import * as messages from './message-calls.ts';
import * as pipes from './pipe-calls.ts';
import * as processes from './process-calls.ts';
import * as subscriptions from './subscription-calls.ts';
import * as tasks from './task-calls.ts';
import * as topics from './topic-calls.ts';
import * as tree from './tree-calls.ts';

export interface Syscall<N extends SyscallName> {
  readonly needs: Action | null;
  /** `grow`: refused while storage is low. `write`: changes state. `read`: does not. */
  readonly does: 'grow' | 'write' | 'read';
  /** Its answer may come later; so many of a process may be under way at once. */
  readonly mayOwe?: true;
  /** The reply need not wait for its own events (log). */
  readonly isPrompt?: true;
  readonly run: (ctx: CallContext, args: ArgsOf<N>) => AnswerOf<N> | Owed;
}

export const SYSCALLS: { readonly [N in SyscallName]: Syscall<N> } = {
  spawn: { needs: 'spawn', does: 'grow', mayOwe: true, run: processes.spawn },
  kill: { needs: null, does: 'write', mayOwe: true, run: processes.kill },
  exit: { needs: null, does: 'write', run: life.exit },
  wait_child: { needs: null, does: 'write', mayOwe: true, run: life.waitChild },
  signal: { needs: null, does: 'write', mayOwe: true, run: life.signal },
  restart: { needs: null, does: 'write', mayOwe: true, run: life.restart },
  sleep: { needs: null, does: 'write', mayOwe: true, run: life.sleep },
  wake: { needs: null, does: 'write', mayOwe: true, run: life.wake },
  checkpoint: { needs: null, does: 'grow', run: life.checkpoint },
  collapse: { needs: null, does: 'write', mayOwe: true, run: life.collapse },
  pending_results: { needs: null, does: 'read', run: life.pendingResults },
  remove: { needs: null, does: 'write', run: life.remove },
  cancel: { needs: null, does: 'write', run: processes.cancel },
  info: { needs: null, does: 'read', run: processes.info },
  list_children: { needs: null, does: 'read', run: tree.listChildren },
  list_siblings: { needs: null, does: 'read', run: tree.listSiblings },
  list_processes: { needs: null, does: 'read', run: tree.listProcesses },
  ancestors: { needs: null, does: 'read', run: tree.ancestors },
  common_ancestor: { needs: null, does: 'read', run: tree.commonAncestor },
  subtree_nodes: { needs: null, does: 'read', run: tree.subtreeNodes },
  reparent: { needs: null, does: 'write', run: tree.reparent },
  send: { needs: null, does: 'grow', run: messages.send },
  requeue: { needs: null, does: 'grow', run: letters.requeue },
  drop_letter: { needs: null, does: 'write', run: letters.dropLetter },
  acknowledge: { needs: null, does: 'write', run: letters.acknowledge },
  list_inbox: { needs: null, does: 'read', run: messages.listInbox },
  subscribe: { needs: null, does: 'write', run: subscriptions.subscribe },
  take: { needs: null, does: 'write', mayOwe: true, run: subscriptions.take },
  unsubscribe: { needs: null, does: 'write', run: subscriptions.unsubscribe },
  list_queues: { needs: null, does: 'read', run: messages.listQueues },
  publish: { needs: 'send_message', does: 'grow', run: topics.publish },
  list_topics: { needs: null, does: 'read', run: topics.listTopics },
  clear_topic: { needs: 'send_message', does: 'write', run: topics.clearTopic },
  forget_cursor: { needs: null, does: 'write', run: topics.forgetCursor },
  open_pipe: { needs: null, does: 'write', run: pipes.openPipe },
  write_pipe: { needs: null, does: 'write', mayOwe: true, run: pipes.writePipe },
  read_pipe: { needs: null, does: 'write', mayOwe: true, run: pipes.readPipe },
  close_pipe: { needs: null, does: 'write', run: pipes.closePipe },
  store: { needs: 'write_artifact', does: 'grow', run: artifacts.store },
  get_artifact: { needs: 'read_artifact', does: 'read', run: artifacts.getArtifact },
  list_artifacts: { needs: 'read_artifact', does: 'read', run: artifacts.listArtifacts },
  artifact_versions: { needs: 'read_artifact', does: 'read', run: artifacts.artifactVersions },
  freeze_artifact: { needs: 'write_artifact', does: 'write', run: artifacts.freezeArtifact },
  delete_artifact: { needs: 'write_artifact', does: 'write', run: artifacts.deleteArtifact },
  execute_on: { needs: null, does: 'grow', mayOwe: true, run: tasks.executeOn },
  execute_task: { needs: null, does: 'grow', mayOwe: true, run: tasks.executeTask },
  interrupt: { needs: null, does: 'write', run: tasks.interrupt },
  progress: { needs: null, does: 'read', run: tasks.progress },
  log: { needs: null, does: 'grow', isPrompt: true, run: journal.log },
  metric: { needs: null, does: 'grow', run: journal.metric },
  escalate: { needs: 'escalate', does: 'grow', mayOwe: true, run: messages.escalate },
  usage: { needs: null, does: 'read', run: processes.usage },
  reserve: { needs: null, does: 'grow', mayOwe: true, run: budgets.reserve },
  request_resources: { needs: null, does: 'grow', run: budgets.requestResources },
  raise_budget: { needs: null, does: 'write', run: budgets.raiseBudget },
  freeze_budget: { needs: null, does: 'write', run: budgets.freezeBudget },
  list_budgets: { needs: null, does: 'read', run: budgets.listBudgets },
};
