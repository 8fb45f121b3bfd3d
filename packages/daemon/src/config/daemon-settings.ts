// What the daemon and the kernel get of the configuration: plain data with units in the names.
// Not where a value came from (load.ts); no key of the table is read anywhere else.

import { totalmem } from 'node:os';
import { DEFAULT_SETTINGS, type KernelSettings, type Role } from '@hivekernel/kernel';
import type { ModelLimits } from '../llm/provider.ts';
import { readListenAddress } from './listen-address.ts';
import type { ListenAddress } from './listen-address.ts';
import type { ProviderSettings } from './provider-kind.ts';
import { MIB } from './setting-row.ts';
import type { LogLevel, SettingValues } from './settings-table.ts';
import { SPAWNED_ROLES, type SpawnedRole } from './supervision-rows.ts';
import { grantsOf, rulesOf } from './permission-rows.ts';

export interface DaemonSettings {
  /** Absolute. */
  readonly dataDir: string;
  /** Where gRPC listens beside its own Unix socket; may be empty. */
  readonly listen: readonly ListenAddress[];
  readonly trustPidHeader: boolean;
  /** On loopback; 0 is any free one. */
  readonly httpPort: number;
  readonly logLevel: LogLevel;
  /** Names of variables that agents inherit. */
  readonly envPass: readonly string[];
  readonly models: {
    /** Empty: by discovery. */
    readonly default: string;
    readonly aliases: Readonly<Record<string, string>>;
    readonly firstByteTimeoutMs: number;
    readonly idleTimeoutMs: number;
    /** B7: of each model at each provider that has none of its own. */
    readonly limits: ModelLimits;
    readonly isLocalProbed: boolean;
    readonly localProbeTimeoutMs: number;
    readonly providers: readonly ProviderSettings[];
  };
  readonly sim: {
    readonly seed: number;
    readonly latencyMs: number;
    readonly limits: ModelLimits;
  };
  /** From the kernel's death to the end of its agents. */
  readonly kernelDeathGraceMs: number;
  readonly maid: { readonly isEnabled: boolean; readonly intervalMs: number };
  readonly journal: {
    readonly keepMs: number;
    readonly keepBytes: number;
    readonly ballastBytes: number;
    readonly snapshotEveryEvents: number;
    readonly snapshotEveryMs: number;
    readonly commitEventsMax: number;
  };
}

/** Of one agent, as a rule of thumb; and how many a machine runs whatever its memory. */
const FIT = { share: 0.75, agentBytes: 48 * MIB, least: 64, most: 5_000 } as const;

/** Agents that fit the memory (P6). */
export function processesThatFit(memoryBytes: number): number {
  const fits = Math.floor((memoryBytes * FIT.share) / FIT.agentBytes);
  return Math.min(Math.max(fits, FIT.least), FIT.most);
}

/** Of the machine, or what the OS lets us have of it, if less. */
function memoryBytesOf(): number {
  const allowedBytes = process.constrainedMemory();
  return allowedBytes > 0 ? Math.min(totalmem(), allowedBytes) : totalmem();
}

export function toKernelSettings(
  values: SettingValues,
  memoryBytes = memoryBytesOf(),
): KernelSettings {
  return {
    nodeName: values.node,
    spawnDefaults: {
      tokensPerHourMax: values['spawn.defaults.tokens_per_hour'],
      contextTokensMax: values['spawn.defaults.context_tokens'],
      childrenMax: values['spawn.defaults.children_max'],
      concurrentTasksMax: values['spawn.defaults.concurrent_tasks'],
      taskTimeoutMs: values['spawn.defaults.task_timeout'],
    },
    kingChildrenMax: values['king.children_max'],
    spawnOutrank: values['spawn.outrank'],
    tierModels: {
      strategic: values['models.tiers.strategic'],
      tactical: values['models.tiers.tactical'],
      operational: values['models.tiers.operational'],
    },
    aclRules: rulesOf(values['acl.rules']),
    grants: grantsOf(values['capabilities.grant']),
    termGraceMs: values['signals.term_grace'],
    startTimeoutMs: values['spawn.start_timeout'],
    recordKeptMs: values['records.kept'],
    zombieKeptMs: values['records.zombie_kept'],
    reapScanMs: values['records.reap_interval'],
    waitDefaultMs: values['wait.default_timeout'],
    escalationAnswerMs: values['escalation.answer_timeout'],
    osProcessesMax: values['processes.max'] || processesThatFit(memoryBytes),
    restartByRole: byRole(
      DEFAULT_SETTINGS.restartByRole,
      (role) => values[`restart.policy.${role}`],
    ),
    strategyByRole: byRole(
      DEFAULT_SETTINGS.strategyByRole,
      (role) => values[`restart.strategy.${role}`],
    ),
    restartBackoff: {
      firstMs: values['restart.backoff_first'],
      mostMs: values['restart.backoff_most'],
      jitter: values['restart.jitter'],
    },
    restartsMax: values['restart.max_in_row'],
    restartHealthyMs: values['restart.healthy_after'],
    hangAfterMs: values['watchdog.hang_after'],
    firstTokenMs: values['watchdog.first_token'],
    wallLimitMs: values['watchdog.wall'],
    sleepAfterMs: values['sleep.after'],
    heartbeatIntervalMs: values['heartbeat.interval'],
    unresponsiveAfterMs: values['heartbeat.unresponsive_after'],
    agingMsPerLevel: values['messages.aging_per_level'],
    deliveryTriesMax: values['messages.delivery_tries'],
    deliveryRetryMs: values['messages.delivery_retry'],
    ackTimeoutMs: values['messages.ack_timeout'],
    consumerTimeoutMs: values['messages.consumer_timeout'],
    relayByRole: {
      ...byRole(DEFAULT_SETTINGS.relayByRole, (role) => values[`messages.relay.${role}`]),
      kernel: values['messages.relay.kernel'],
    },
    artifactVersionsKept: values['artifacts.versions_kept'],
    artifactQuotaBytesPerUser: values['artifacts.user_quota'],
    ...budgetsOf(values),
    syscallsPerMinuteMax: values['syscalls.per_minute'],
  };
}

function budgetsOf(
  values: SettingValues,
): Pick<KernelSettings, 'kingTokens' | 'kingUsdMicros' | 'budgetAtLimit'> {
  return {
    kingTokens: {
      strategic: values['king.tokens.strategic'],
      tactical: values['king.tokens.tactical'],
      operational: values['king.tokens.operational'],
    },
    kingUsdMicros: values['king.usd'],
    budgetAtLimit: values['budget.at_limit'],
  };
}

/** The king's stays what it is. */
function byRole<V>(
  defaults: Readonly<Record<Role, V>>,
  valueOf: (role: SpawnedRole) => V,
): Readonly<Record<Role, V>> {
  const set = SPAWNED_ROLES.map((role) => [role, valueOf(role)] as const);
  return { ...defaults, ...(Object.fromEntries(set) as Record<SpawnedRole, V>) };
}

export function toDaemonSettings(values: SettingValues): DaemonSettings {
  return {
    dataDir: values.data,
    listen: values.listen.flatMap(addressOf),
    trustPidHeader: values.trust_pid_header,
    httpPort: values['http.port'],
    logLevel: values['log.level'],
    envPass: values.env_pass,
    models: {
      default: values.model,
      aliases: values['models.aliases'],
      firstByteTimeoutMs: values['models.first_byte_timeout'],
      idleTimeoutMs: values['models.idle_timeout'],
      limits: {
        requestsPerMinuteMax: values['models.requests_per_minute'],
        tokensPerMinuteMax: values['models.tokens_per_minute'],
        concurrentMax: values['models.concurrent'],
      },
      isLocalProbed: values['models.local_probe'],
      localProbeTimeoutMs: values['models.local_probe_timeout'],
      providers: values.providers,
    },
    sim: {
      seed: values['sim.seed'],
      latencyMs: values['sim.latency'],
      limits: {
        requestsPerMinuteMax: values['sim.requests_per_minute'],
        tokensPerMinuteMax: values['sim.tokens_per_minute'],
        concurrentMax: values['sim.concurrent'],
      },
    },
    kernelDeathGraceMs: values['signals.kernel_death_grace'],
    maid: { isEnabled: values['maid.enabled'], intervalMs: values['maid.interval'] },
    journal: {
      keepMs: values['journal.keep'],
      keepBytes: values['journal.keep_bytes'],
      ballastBytes: values['journal.ballast'],
      snapshotEveryEvents: values['journal.snapshot_events'],
      snapshotEveryMs: values['journal.snapshot_interval'],
      commitEventsMax: values['journal.commit_events'],
    },
  };
}

function addressOf(text: string): ListenAddress[] {
  const reading = readListenAddress(text);
  return reading.ok ? [reading.address] : [];
}
