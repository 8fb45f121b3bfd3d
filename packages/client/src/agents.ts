// What the process table tells of an agent, in words and plain values; from the wire's ProcessInfo.
// It holds no connection and asks nothing: a message goes in, a plain row comes out.

import type { core } from '@hivekernel/protocol/messages';
import { ROLE, TIER } from './words.ts';
import type { RestartPolicy, Role, Strategy, Tier } from './words.ts';

/** A row of the process table; 0 and '' where there is nothing to tell. */
export interface AgentView {
  readonly pid: number;
  readonly ppid: number;
  readonly name: string;
  /** `/king/queen/lead-1`. */
  readonly address: string;
  readonly role: Role;
  readonly tier: Tier;
  readonly user: string;
  readonly model: string;
  /** starting, idle, running, blocked, paused, sleeping, stopping, zombie, dead. */
  readonly state: string;
  /** What it does or waits for, in words: "child 7", "restart 2 in 4 s", "unresponsive". */
  readonly phase: string;
  readonly node: string;
  /** Its OS process; 0: none. */
  readonly osPid: number;
  readonly isVirtual: boolean;
  readonly tokens: number;
  readonly tokensSubtree: number;
  readonly tokensSimulated: number;
  readonly llmCalls: number;
  readonly children: number;
  readonly task: string;
  readonly tasksRunning: number;
  readonly tasksQueued: number;
  readonly inboxDepth: number;
  /** What follows its end. */
  readonly restart: RestartPolicy;
  /** Whom the restart of one of its children concerns. */
  readonly strategy: Strategy;
  readonly restarts: number;
  /** Those of them, the newest, that had no time of health in between. */
  readonly restartsInRow: number;
  /** Dead after a crash loop; kept until `remove`. */
  readonly isQuarantined: boolean;
  /** Gone for good: no restart will come. */
  readonly isGone: boolean;
  /** Of its last checkpoint; 0: none. */
  readonly checkpointBytes: number;
  /** Why it ended, in a word; empty while it lives. */
  readonly exitCause: string;
  /** In a sentence: "exit code 41", the last lines that it printed. */
  readonly exitDetail: string;
  readonly exitCode: number;
  readonly output: string;
  readonly startedAtMs: number;
}

export function toAgentView(info: core.ProcessInfo): AgentView {
  return {
    pid: info.pid,
    ppid: info.ppid,
    name: info.name,
    address: info.address,
    role: ROLE.toWord(info.role),
    tier: TIER.toWord(info.cognitiveTier),
    user: info.user,
    model: info.model,
    state: info.stateWord,
    phase: info.phase,
    node: info.vps,
    osPid: info.osPid,
    isVirtual: info.runtimeAddr === '',
    tokens: info.tokensConsumed,
    tokensSubtree: info.tokensSubtree,
    tokensSimulated: info.tokensSimulated,
    llmCalls: info.llmCalls,
    children: info.childCount,
    task: info.currentTaskId,
    tasksRunning: info.tasksRunning,
    tasksQueued: info.tasksQueued,
    inboxDepth: info.inboxDepth,
    // These two travel as words; what only a newer kernel knows is shown as it is.
    restart: info.restartPolicy as RestartPolicy,
    strategy: info.strategy as Strategy,
    restarts: info.restarts,
    restartsInRow: info.restartsInRow,
    isQuarantined: info.quarantined,
    isGone: info.gone,
    checkpointBytes: info.checkpointBytes,
    exitCause: info.exitCause,
    exitDetail: info.exitDetail,
    exitCode: info.exitCode,
    output: info.output,
    startedAtMs: info.startedAtMs,
  };
}
