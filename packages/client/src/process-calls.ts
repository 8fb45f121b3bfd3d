// The calls about processes: the tree, and the life and death of what is in it. Part of the client;
// their budgets are in budget-calls.ts, messages, tasks and the kernel itself in hive-client.ts.
//   "The caller" is the king, or whom `as` names. Who may do what to whom is the kernel's to say.

import { toAgentView } from './agents.ts';
import type { AgentView } from './agents.ts';
import { toExitReport, toSignalReport } from './answers.ts';
import type { ExitReport, SignalReport } from './answers.ts';
import { BudgetCalls } from './budget-calls.ts';
import type { CallPatience } from './client-link.ts';
import {
  toBytes,
  toCollapseCall,
  toKillRequest,
  toSeconds,
  toSignalCall,
  toSpawnRequest,
} from './orders.ts';
import type {
  CollapseOrder,
  ExitOrder,
  KillOrder,
  RestartOrder,
  SignalOrder,
  SpawnOrder,
} from './orders.ts';

export interface CapabilityOrder {
  readonly pid: number;
  /** `shell_exec`, `spawn_children` … */
  readonly capability: string;
}

export interface CapabilityView {
  readonly capability: string;
  readonly isHeld: boolean;
  readonly isRoleDefault: boolean;
  /** Why it is not held; empty where it is. */
  readonly why: string;
}

export class ProcessCalls extends BudgetCalls {
  /** Parents before their children; `seq` is the last event that the list includes. */
  async processes(
    query: { root?: number; includeDead?: boolean } = {},
    how?: CallPatience,
  ): Promise<{ agents: AgentView[]; seq: number }> {
    const { root: rootPid = 0, includeDead = false } = query;
    const reply = await this.call('listProcesses', { rootPid, includeDead }, how);
    return { agents: reply.processes.map(toAgentView), seq: reply.seq };
  }

  async info(pid: number, how?: CallPatience): Promise<AgentView> {
    return toAgentView(await this.call('info', { pid }, how));
  }

  /** Of the caller (`as`). */
  async children(
    query: { isRecursive?: boolean } = {},
    how?: CallPatience,
  ): Promise<readonly AgentView[]> {
    const value = { recursive: query.isRecursive ?? false, filterState: 0 as const };
    return (await this.call('listChildren', value, how)).children.map(toAgentView);
  }

  /** Under the caller (`as`); answered once the agent is ready. */
  async spawn(order: SpawnOrder, how?: CallPatience): Promise<number> {
    return (await this.call('spawn', toSpawnRequest(order), how)).childPid;
  }

  /** The pids that are gone, leaves before their parents, the target last. */
  async kill(pid: number, order: KillOrder = {}, how?: CallPatience): Promise<readonly number[]> {
    return (await this.call('kill', toKillRequest(pid, order), how)).killedPids;
  }

  /**
   * Waits for the end of a child of the caller (`as`) and collects it, unless it only peeks.
   * Default 60 s.
   */
  async waitChild(
    child: { pid: number; timeoutMs?: number; isPeek?: boolean },
    how?: CallPatience,
  ): Promise<ExitReport> {
    const { pid: targetPid, timeoutMs, isPeek: peek = false } = child;
    const value = { targetPid, timeoutSeconds: toSeconds(timeoutMs), peek };
    return toExitReport(await this.call('waitChild', value, how));
  }

  /** Results of the children of a process that nobody collected; they stay. pid 0: the caller's. */
  async pendingResults(pid = 0, how?: CallPatience): Promise<readonly ExitReport[]> {
    const { results } = await this.call('pendingResults', { targetPid: pid }, how);
    return results.map(toExitReport);
  }

  /** Ends the caller (`as`), which must be a process without a runtime, or one that agrees. */
  async exit(result: ExitOrder = {}, how?: CallPatience): Promise<void> {
    await this.complete(0, result, how);
  }

  /** Ends a process with a result, in place of its own. pid 0: the caller (`as`). */
  async complete(pid: number, result: ExitOrder = {}, how?: CallPatience): Promise<void> {
    const { exitCode = 0, output = '' } = result;
    await this.call('exit', { pid, exitCode, output }, how);
  }

  /** Ends all below a process, leaves first, and gives their results. pid 0: the caller (`as`). */
  async collapse(
    pid: number,
    order: CollapseOrder = {},
    how?: CallPatience,
  ): Promise<readonly ExitReport[]> {
    const { results } = await this.call('collapse', toCollapseCall(pid, order), how);
    return results.map(toExitReport);
  }

  /** Throws `invalid_argument` for a word that is no signal. */
  async signal(pid: number, order: SignalOrder, how?: CallPatience): Promise<SignalReport> {
    return toSignalReport(await this.call('signal', toSignalCall(pid, order), how));
  }

  /** Stops a process and starts it again under its pid; what crashed and waits is started. */
  async restart(pid: number, order: RestartOrder = {}, how?: CallPatience): Promise<void> {
    const { reason = '', graceMs } = order;
    const value = { targetPid: pid, reason, gracePeriodSeconds: toSeconds(graceMs) };
    await this.call('restart', value, how);
  }

  /** Keeps its state and stops its runtime. A sleeper stays as it is. */
  async sleep(pid: number, how?: CallPatience): Promise<void> {
    await this.call('sleep', { targetPid: pid }, how);
  }

  /** Throws `wrong_state` for one that does not sleep. */
  async wake(pid: number, how?: CallPatience): Promise<void> {
    await this.call('wake', { targetPid: pid }, how);
  }

  /** Keeps a state for the next incarnation of the caller (`as`). */
  async checkpoint(state: string | Uint8Array, how?: CallPatience): Promise<void> {
    await this.call('checkpoint', { state: toBytes(state) }, how);
  }

  /** Moves a process, with all below it, under another parent. */
  async reparent(move: { pid: number; parent: number }, how?: CallPatience): Promise<void> {
    await this.call('reparent', { targetPid: move.pid, parentPid: move.parent }, how);
  }

  /** What a process holds, and why not what it does not. pid 0: the caller (`as`). */
  async capabilities(pid = 0, how?: CallPatience): Promise<readonly CapabilityView[]> {
    const { capabilities } = await this.call('listCapabilities', { targetPid: pid }, how);
    return capabilities.map(({ capability, held, roleDefault, why }) => {
      return { capability, isHeld: held, isRoleDefault: roleDefault, why };
    });
  }

  /** Holds at once. */
  async grant({ pid, capability }: CapabilityOrder, how?: CallPatience): Promise<void> {
    await this.call('grant', { targetPid: pid, capability }, how);
  }

  /** Holds at once, for all below it too. */
  async revoke({ pid, capability }: CapabilityOrder, how?: CallPatience): Promise<void> {
    await this.call('revoke', { targetPid: pid, capability }, how);
  }

  /** From the parent up to the king. */
  async ancestors(pid: number, how?: CallPatience): Promise<readonly AgentView[]> {
    return (await this.call('ancestors', { targetPid: pid }, how)).processes.map(toAgentView);
  }

  /** The nearest process that both are below, or that one of them is. */
  async commonAncestor(
    pair: { pid: number; other: number },
    how?: CallPatience,
  ): Promise<AgentView> {
    const value = { targetPid: pair.pid, otherPid: pair.other };
    return toAgentView(await this.call('commonAncestor', value, how));
  }

  /** The nodes that a process and all below it live on. */
  async subtreeNodes(pid: number, how?: CallPatience): Promise<readonly string[]> {
    return (await this.call('subtreeNodes', { targetPid: pid }, how)).nodes;
  }

  /** Forgets a dead process before its time; what was quarantined is kept until then. */
  async remove(pid: number, how?: CallPatience): Promise<void> {
    await this.call('remove', { targetPid: pid }, how);
  }
}
