// What the kernel tells of processes, limits and spending, in the SDK's words. Translations only:
// no call is made here.
import type { agent, core } from '@hivekernel/protocol';
import { wireSeconds } from '../deadline.ts';
import { ROLES, STATES, TIERS, wordOf } from '../words.ts';
import type { ProcessState, RestartPolicy, Role, Strategy, Tier } from '../words.ts';

export interface ProcessInfo {
  readonly pid: number;
  readonly ppid: number;
  readonly user: string;
  readonly name: string;
  /** Durable name in the tree: `/king/queen/lead-1`. */
  readonly address: string;
  readonly role: Role;
  readonly tier: Tier;
  readonly model: string;
  readonly state: ProcessState;
  /** The kernel's finer word: `starting`, `stopping` and the states. */
  readonly stateWord: string;
  /** What it does or waits for: `child 7`, `restart 2 in 4 s`, `unresponsive`. */
  readonly phase: string;
  readonly node: string;
  readonly osPid: number;
  readonly childCount: number;
  readonly startedAtMs: number;
  /** What follows its end. */
  readonly restart: RestartPolicy;
  /** Whom the restart of one of its children concerns. */
  readonly strategy: Strategy;
  readonly restarts: number;
  /** Those of them, the newest, that had no time of health in between. */
  readonly restartsInRow: number;
  /** Dead after a crash loop; its record stays until an operator removes it. */
  readonly quarantined: boolean;
  /** Gone for good: no restart will come, its address and inbox are others'. */
  readonly gone: boolean;
  /** Of what its next incarnation finds as `ctx.savedState`; 0: none. */
  readonly checkpointBytes: number;
  readonly currentTaskId: string;
  readonly tasksRunning: number;
  readonly tasksQueued: number;
  readonly inboxDepth: number;
  readonly tokensConsumed: number;
  readonly tokensSimulated: number;
  /** With those of its descendants. */
  readonly tokensSubtree: number;
  readonly llmCalls: number;
  readonly contextUsagePercent: number;
  /** Of an ended process. */
  readonly exitCode: number;
  /** In a word: `done`, `crashed`, `killed`, `hung` … */
  readonly exitCause: string;
  /** In a sentence: `exit code 41`, the last lines that it printed. */
  readonly exitDetail: string;
  readonly output: string;
}

export interface Sibling {
  readonly pid: number;
  readonly name: string;
  readonly role: Role;
  readonly state: string;
}

export interface Usage {
  readonly tokensConsumed: number;
  readonly tokensRemaining: number;
  readonly childrenActive: number;
  readonly childrenMax: number;
  readonly contextUsagePercent: number;
  readonly uptimeSeconds: number;
}

/** What a process may use. Left out in a spawn: the kernel's default. */
export interface Limits {
  readonly tokensPerHourMax?: number | undefined;
  readonly contextTokensMax?: number | undefined;
  readonly childrenMax?: number | undefined;
  readonly concurrentTasksMax?: number | undefined;
  /** Whole seconds on the wire: rounded up. */
  readonly taskTimeoutMs?: number | undefined;
  /** Tokens moved from the parent's budget to the child's. */
  readonly tokensTotalMax?: number | undefined;
}

export interface Tool {
  readonly name: string;
  readonly description: string;
  readonly config: Readonly<Record<string, string>>;
  readonly allowedPaths: readonly string[];
}

const MS_PER_SECOND = 1_000;

export function infoFromWire(info: core.ProcessInfo): ProcessInfo {
  return {
    pid: info.pid,
    ppid: info.ppid,
    user: info.user,
    name: info.name,
    address: info.address,
    role: wordOf(ROLES, info.role),
    tier: wordOf(TIERS, info.cognitiveTier),
    model: info.model,
    state: info.stateWord === 'paused' ? 'paused' : wordOf(STATES, info.state),
    stateWord: info.stateWord,
    phase: info.phase,
    node: info.vps,
    osPid: info.osPid,
    childCount: info.childCount,
    startedAtMs: info.startedAtMs === 0 ? info.startedAt * MS_PER_SECOND : info.startedAtMs,
    restart: info.restartPolicy as RestartPolicy,
    strategy: info.strategy as Strategy,
    restarts: info.restarts,
    restartsInRow: info.restartsInRow,
    quarantined: info.quarantined,
    gone: info.gone,
    checkpointBytes: info.checkpointBytes,
    currentTaskId: info.currentTaskId,
    tasksRunning: info.tasksRunning,
    tasksQueued: info.tasksQueued,
    inboxDepth: info.inboxDepth,
    tokensConsumed: info.tokensConsumed,
    tokensSimulated: info.tokensSimulated,
    tokensSubtree: info.tokensSubtree,
    llmCalls: info.llmCalls,
    contextUsagePercent: info.contextUsagePercent,
    exitCode: info.exitCode,
    exitCause: info.exitCause,
    exitDetail: info.exitDetail,
    output: info.output,
  };
}

export function siblingFromWire(sibling: agent.SiblingInfo): Sibling {
  const { pid, name, role, state } = sibling;
  return { pid, name, role: role as Role, state };
}

export function usageFromWire(usage: core.ResourceUsage): Usage {
  return {
    tokensConsumed: usage.tokensConsumed,
    tokensRemaining: usage.tokensRemaining,
    childrenActive: usage.childrenActive,
    childrenMax: usage.childrenMax,
    contextUsagePercent: usage.contextUsagePercent,
    uptimeSeconds: usage.uptimeSeconds,
  };
}

export function limitsFromWire(limits: agent.ResourceLimits | undefined): Limits {
  if (limits === undefined) return {};
  return {
    tokensPerHourMax: limits.maxTokensPerHour,
    contextTokensMax: limits.maxContextTokens,
    childrenMax: limits.maxChildren,
    concurrentTasksMax: limits.maxConcurrentTasks,
    taskTimeoutMs: limits.timeoutSeconds * MS_PER_SECOND,
    tokensTotalMax: limits.maxTokensTotal,
  };
}

export function limitsToWire(limits: Limits | undefined): agent.ResourceLimits | undefined {
  if (limits === undefined) return undefined;
  return {
    maxTokensPerHour: limits.tokensPerHourMax ?? 0,
    maxContextTokens: limits.contextTokensMax ?? 0,
    maxChildren: limits.childrenMax ?? 0,
    maxConcurrentTasks: limits.concurrentTasksMax ?? 0,
    timeoutSeconds: wireSeconds(limits.taskTimeoutMs),
    maxTokensTotal: limits.tokensTotalMax ?? 0,
  };
}

export function toolFromWire(tool: agent.Tool): Tool {
  const { name, description, config, allowedPaths } = tool;
  return { name, description, config, allowedPaths };
}
