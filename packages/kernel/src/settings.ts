// What an operator may change, with the defaults of the semantics. The daemon validates hive.yaml
// against this table and hands one frozen value to the kernel at boot.

import type {
  Action,
  AtLimit,
  Capability,
  Relay,
  RestartPolicy,
  Role,
  Strategy,
} from './events/words.ts';

/** Whom a rule means. */
export type Party =
  | { readonly by: 'everyone' }
  | { readonly by: 'role'; readonly role: Role }
  | { readonly by: 'user'; readonly user: string }
  /** An address; with `/*` at its end, all that are below it. */
  | { readonly by: 'address'; readonly address: string };

export interface AclRule {
  readonly effect: 'allow' | 'deny';
  readonly who: Party;
  /** Empty: every one. */
  readonly actions: readonly Action[];
  readonly whom: Party | undefined;
  /** As it was written, for refusals. */
  readonly text: string;
}

/** A3: what the operator gives beside what a role has. */
export interface ConfiguredGrant {
  readonly to: Party;
  readonly capabilities: readonly Capability[];
}

export interface KernelSettings {
  /** P12: the node of the king. */
  readonly nodeName: string;
  /** P6: what a spawn request leaves out. */
  readonly spawnDefaults: {
    readonly tokensPerHourMax: number;
    readonly contextTokensMax: number;
    readonly childrenMax: number;
    readonly concurrentTasksMax: number;
    readonly taskTimeoutMs: number;
  };
  /** P2 */
  readonly kingChildrenMax: number;
  /** P5: `deny` or `allow` a child whose role ranks above its parent's. */
  readonly spawnOutrank: 'deny' | 'allow';
  /** PROTOCOL §3: the model of a process that names none, by tier. */
  readonly tierModels: {
    readonly strategic: string;
    readonly tactical: string;
    readonly operational: string;
  };
  /** S1: from TERM to KILL. */
  readonly termGraceMs: number;
  /** From the start of an agent's OS process to its Init answered. */
  readonly startTimeoutMs: number;
  /** P8: how long a collected or killed process stays readable; how long a zombie waits. */
  readonly recordKeptMs: number;
  readonly zombieKeptMs: number;
  /** P8: how often the reaper of records looks. */
  readonly reapScanMs: number;
  /** PROTOCOL §5: `wait_child` with a timeout of 0 or less. */
  readonly waitDefaultMs: number;
  /** PROTOCOL §3, Escalate: without an answer, one level up. */
  readonly escalationAnswerMs: number;
  /** P6: OS processes at a time on this node. */
  readonly osProcessesMax: number;
  /** S2, S3: what a spawn request leaves out. */
  readonly restartByRole: Readonly<Record<Role, RestartPolicy>>;
  readonly strategyByRole: Readonly<Record<Role, Strategy>>;
  /** S4: first x 2^n, at most `mostMs`, less up to `jitter` of it. */
  readonly restartBackoff: {
    readonly firstMs: number;
    readonly mostMs: number;
    readonly jitter: number;
  };
  /** S4: restarts without health in between; one more is a crash loop. */
  readonly restartsMax: number;
  /** S4: so long without an end is health. */
  readonly restartHealthyMs: number;
  /** S6 */
  readonly heartbeatIntervalMs: number;
  readonly unresponsiveAfterMs: number;
  readonly hangAfterMs: number;
  readonly firstTokenMs: number;
  /** S6: 0 means none. */
  readonly wallLimitMs: number;
  /** S7: 0 means never. */
  readonly sleepAfterMs: number;
  /** M4: one level of priority is worth this much waiting. */
  readonly agingMsPerLevel: number;
  /** M6 */
  readonly deliveryTriesMax: number;
  /** M6: before the second try; doubled before each further one. */
  readonly deliveryRetryMs: number;
  /**
   * M6: from a delivery that ended without a word of the receiver to the next try.
   */
  readonly ackTimeoutMs: number;
  /** M6: how long a consumer may have a message of a queue in hand without a word; 0: any time. */
  readonly consumerTimeoutMs: number;
  /** M2: what a spawn request leaves out; the king's own. */
  readonly relayByRole: Readonly<Record<Role, Relay>>;
  /** M12 */
  readonly artifactVersionsKept: number;
  readonly artifactQuotaBytesPerUser: number;
  /** A2: before the table by role; the first that matches wins. */
  readonly aclRules: readonly AclRule[];
  /** A3: what the configuration gives, at birth, beside the role's. */
  readonly grants: readonly ConfiguredGrant[];
  /** B1: the king's tokens by tier. */
  readonly kingTokens: {
    readonly strategic: number;
    readonly tactical: number;
    readonly operational: number;
  };
  /** B1: the king's dollars, in millionths; 0: no limit. */
  readonly kingUsdMicros: number;
  /** B5 */
  readonly budgetAtLimit: AtLimit;
  /** B6: syscalls of one process in a sliding minute; 0 means unlimited. */
  readonly syscallsPerMinuteMax: number;
}

export const DEFAULT_SETTINGS: KernelSettings = {
  nodeName: 'vps1',
  spawnDefaults: {
    tokensPerHourMax: 100_000,
    contextTokensMax: 128_000,
    childrenMax: 10,
    concurrentTasksMax: 5,
    taskTimeoutMs: 300_000,
  },
  kingChildrenMax: 100,
  spawnOutrank: 'deny',
  tierModels: { strategic: 'opus', tactical: 'sonnet', operational: 'mini' },
  termGraceMs: 5_000,
  startTimeoutMs: 10_000,
  recordKeptMs: 60_000,
  zombieKeptMs: 60_000,
  reapScanMs: 15_000,
  waitDefaultMs: 60_000,
  escalationAnswerMs: 30_000,
  osProcessesMax: 1_000,
  restartByRole: {
    kernel: 'temporary',
    daemon: 'permanent',
    agent: 'notify',
    architect: 'temporary',
    lead: 'notify',
    worker: 'notify',
    task: 'temporary',
  },
  strategyByRole: {
    kernel: 'one_for_one',
    daemon: 'one_for_one',
    agent: 'one_for_one',
    architect: 'one_for_one',
    lead: 'one_for_one',
    worker: 'one_for_one',
    task: 'one_for_one',
  },
  restartBackoff: { firstMs: 1_000, mostMs: 60_000, jitter: 0.2 },
  restartsMax: 5,
  restartHealthyMs: 300_000,
  heartbeatIntervalMs: 10_000,
  unresponsiveAfterMs: 30_000,
  hangAfterMs: 60_000,
  firstTokenMs: 120_000,
  wallLimitMs: 0,
  sleepAfterMs: 0,
  agingMsPerLevel: 10_000,
  deliveryTriesMax: 5,
  deliveryRetryMs: 1_000,
  ackTimeoutMs: 60_000,
  consumerTimeoutMs: 30 * 60_000,
  relayByRole: {
    kernel: 'pass',
    daemon: 'pass',
    agent: 'pass',
    architect: 'pass',
    lead: 'pass',
    worker: 'pass',
    task: 'pass',
  },
  artifactVersionsKept: 10,
  artifactQuotaBytesPerUser: 1024 ** 3,
  aclRules: [],
  grants: [],
  kingTokens: { strategic: 1_000_000, tactical: 10_000_000, operational: 100_000_000 },
  kingUsdMicros: 0,
  budgetAtLimit: 'refuse',
  syscallsPerMinuteMax: 0,
};
