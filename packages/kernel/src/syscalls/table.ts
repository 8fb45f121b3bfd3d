// The whole ABI on one screen: every call, the right it needs (A2; null: none, or the handler asks
// by itself since it depends on the target), what else is asked of it (asked.ts), what it does to
// storage, and its handler. The doors and the docs iterate this table.

import type { Action } from '../events/words.ts';
import type { Asked } from './asked.ts';
import type { AnswerOf, ArgsOf, SyscallName } from './abi.ts';
import * as artifacts from './artifact-calls.ts';
import * as budgets from './budget-calls.ts';
import * as capabilities from './capability-calls.ts';
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
  /** A2: asked by dispatch. */
  readonly needs: Action | null;
  /** What is asked beside it, of whom it concerns: by the handler, in these words. */
  readonly asks: Asked;
  /**
   * `grow`: refused while storage is low. `write`: changes durable state. `read`: does not, and is
   * served as well while the journal is mended.
   */
  readonly does: 'grow' | 'write' | 'read';
  /** Its answer may come later; so many of a process may be under way at once. */
  readonly mayOwe?: true;
  /** The reply need not wait for its own events (log). */
  readonly isPrompt?: true;
  readonly run: (ctx: CallContext, args: ArgsOf<N>) => AnswerOf<N> | Owed;
}

export const SYSCALLS: { readonly [N in SyscallName]: Syscall<N> } = {
  spawn: { needs: 'spawn', asks: 'parent', does: 'grow', mayOwe: true, run: processes.spawn },
  kill: { needs: null, asks: 'kill', does: 'write', mayOwe: true, run: processes.kill },
  exit: { needs: null, asks: 'executor', does: 'write', run: life.exit },
  wait_child: { needs: null, asks: 'child', does: 'write', mayOwe: true, run: life.waitChild },
  signal: { needs: null, asks: 'kill', does: 'write', mayOwe: true, run: life.signal },
  restart: { needs: null, asks: 'kill', does: 'write', mayOwe: true, run: life.restart },
  sleep: { needs: null, asks: 'keeper', does: 'write', mayOwe: true, run: life.sleep },
  wake: { needs: null, asks: 'keeper', does: 'write', mayOwe: true, run: life.wake },
  checkpoint: { needs: null, asks: 'self', does: 'grow', run: life.checkpoint },
  collapse: { needs: null, asks: 'kill', does: 'write', mayOwe: true, run: life.collapse },
  pending_results: { needs: null, asks: 'read', does: 'read', run: life.pendingResults },
  remove: { needs: null, asks: 'operator', does: 'write', run: life.remove },
  cancel: { needs: null, asks: 'self', does: 'write', run: processes.cancel },
  info: { needs: null, asks: 'read', does: 'read', run: processes.info },
  list_children: { needs: null, asks: 'readable', does: 'read', run: tree.listChildren },
  list_siblings: { needs: null, asks: 'readable', does: 'read', run: tree.listSiblings },
  list_processes: { needs: null, asks: 'readable', does: 'read', run: tree.listProcesses },
  ancestors: { needs: null, asks: 'read', does: 'read', run: tree.ancestors },
  common_ancestor: { needs: null, asks: 'read', does: 'read', run: tree.commonAncestor },
  subtree_nodes: { needs: null, asks: 'read', does: 'read', run: tree.subtreeNodes },
  reparent: { needs: null, asks: 'move', does: 'write', run: tree.reparent },
  send: { needs: null, asks: 'send', does: 'grow', run: messages.send },
  requeue: { needs: null, asks: 'letters', does: 'grow', run: letters.requeue },
  drop_letter: { needs: null, asks: 'letters', does: 'write', run: letters.dropLetter },
  acknowledge: { needs: null, asks: 'mail', does: 'write', run: letters.acknowledge },
  list_inbox: { needs: null, asks: 'inbox', does: 'read', run: messages.listInbox },
  subscribe: { needs: null, asks: 'queue', does: 'write', run: subscriptions.subscribe },
  take: { needs: null, asks: 'self', does: 'write', mayOwe: true, run: subscriptions.take },
  unsubscribe: { needs: null, asks: 'self', does: 'write', run: subscriptions.unsubscribe },
  list_queues: { needs: null, asks: 'user', does: 'read', run: messages.listQueues },
  publish: { needs: 'send_message', asks: 'user', does: 'grow', run: topics.publish },
  list_topics: { needs: null, asks: 'user', does: 'read', run: topics.listTopics },
  clear_topic: { needs: 'send_message', asks: 'user', does: 'write', run: topics.clearTopic },
  forget_cursor: { needs: null, asks: 'self', does: 'write', run: topics.forgetCursor },
  open_pipe: { needs: null, asks: 'pipe', does: 'read', run: pipes.openPipe },
  write_pipe: { needs: null, asks: 'pipe', does: 'read', mayOwe: true, run: pipes.writePipe },
  read_pipe: { needs: null, asks: 'pipe', does: 'read', mayOwe: true, run: pipes.readPipe },
  close_pipe: { needs: null, asks: 'pipe', does: 'read', run: pipes.closePipe },
  store: { needs: 'write_artifact', asks: 'writers', does: 'grow', run: artifacts.store },
  get_artifact: {
    needs: 'read_artifact',
    asks: 'visible',
    does: 'read',
    run: artifacts.getArtifact,
  },
  list_artifacts: {
    needs: 'read_artifact',
    asks: 'visible',
    does: 'read',
    run: artifacts.listArtifacts,
  },
  artifact_versions: {
    needs: 'read_artifact',
    asks: 'visible',
    does: 'read',
    run: artifacts.artifactVersions,
  },
  freeze_artifact: {
    needs: 'write_artifact',
    asks: 'writers',
    does: 'write',
    run: artifacts.freezeArtifact,
  },
  delete_artifact: {
    needs: 'write_artifact',
    asks: 'writers',
    does: 'write',
    run: artifacts.deleteArtifact,
  },
  grant: { needs: null, asks: 'grant', does: 'write', run: capabilities.grant },
  revoke: { needs: null, asks: 'grant', does: 'write', run: capabilities.revoke },
  list_capabilities: {
    needs: null,
    asks: 'read',
    does: 'read',
    run: capabilities.listCapabilities,
  },
  execute_on: { needs: null, asks: 'child', does: 'grow', mayOwe: true, run: tasks.executeOn },
  execute_task: {
    needs: null,
    asks: 'operator_or_child',
    does: 'grow',
    mayOwe: true,
    run: tasks.executeTask,
  },
  interrupt: { needs: null, asks: 'kill', does: 'write', run: tasks.interrupt },
  progress: { needs: null, asks: 'self', does: 'read', run: tasks.progress },
  log: { needs: null, asks: 'self', does: 'grow', isPrompt: true, run: journal.log },
  metric: { needs: null, asks: 'self', does: 'grow', run: journal.metric },
  escalate: { needs: 'escalate', asks: 'up', does: 'grow', mayOwe: true, run: messages.escalate },
  usage: { needs: null, asks: 'self', does: 'read', run: processes.usage },
  reserve: { needs: null, asks: 'self', does: 'grow', mayOwe: true, run: budgets.reserve },
  request_resources: {
    needs: null,
    asks: 'allotment',
    does: 'grow',
    run: budgets.requestResources,
  },
  raise_budget: { needs: null, asks: 'sway', does: 'write', run: budgets.raiseBudget },
  freeze_budget: { needs: null, asks: 'sway', does: 'write', run: budgets.freezeBudget },
  list_budgets: { needs: null, asks: 'readable', does: 'read', run: budgets.listBudgets },
};
