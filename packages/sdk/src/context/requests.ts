// What an agent asks of the kernel, and its translation to the wire. Pure: no call is made here.
// Durations are milliseconds; where the wire has whole seconds they are rounded up.
import type { agent as wire, link } from '@hivekernel/protocol';
import { wireSeconds } from '../deadline.ts';
import { HiveError } from '../hive-error.ts';
import { bytesOf } from '../payload.ts';
import type { Payload } from '../payload.ts';
import { textValues } from '../task.ts';
import {
  numberOf,
  PRIORITIES,
  ROLES,
  RUNTIMES,
  SEVERITIES,
  SHUTDOWN_REASONS,
  SIGNALS,
  TIERS,
} from '../words.ts';
import type {
  Priority,
  Relay,
  RestartPolicy,
  Role,
  Runtime,
  Severity,
  ShutdownReason,
  SignalName,
  Strategy,
  Tier,
} from '../words.ts';
import { limitsToWire } from './process-info.ts';
import type { Limits } from './process-info.ts';

export interface SpawnOptions {
  readonly name: string;
  /** Default: `worker`. A child does not outrank its parent. */
  readonly role?: Role | undefined;
  /** Default: `operational`. A child's tier is not above its parent's. */
  readonly tier?: Tier | undefined;
  /** Default: the tier's model. */
  readonly model?: string | undefined;
  /** `./file.ts#Export`, `package#Export`; left out: a virtual process without a runtime. */
  readonly image?: string | undefined;
  /** Default: `node`, this SDK's runner. */
  readonly runtime?: Runtime | undefined;
  readonly systemPrompt?: string | undefined;
  readonly tools?: readonly string[] | undefined;
  readonly limits?: Limits | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** A task that the child begins with; its result becomes the child's. */
  readonly initialTask?: string | undefined;
  /** The child ends when its task ended. */
  readonly exitAfterTask?: boolean | undefined;
  /** Directory that the child works in; left out: one of its own. */
  readonly cwd?: string | undefined;
  /** What follows its end. Default: by its role. */
  readonly restart?: RestartPolicy | undefined;
  /** Whom the restart of one of its children concerns. Default: by its role. */
  readonly strategy?: Strategy | undefined;
  /** What it makes of messages that cross the branches below it. Default: by its role. */
  readonly relay?: Relay | undefined;
  /** Handed on to it beside its role's; this process must hold each. */
  readonly capabilities?: readonly string[] | undefined;
  /**
   * US dollars moved from the parent's budget to the child's, down to a millionth. Default: none of
   * its own.
   */
  readonly usd?: number | undefined;
  /** From its first start to its end, for good; whole seconds on the wire. Default: no limit. */
  readonly wallLimitMs?: number | undefined;
  /** Without progress while a task runs, then it counts as hung; whole seconds on the wire. */
  readonly idleLimitMs?: number | undefined;
  /** From a model call to its first token; whole seconds on the wire. */
  readonly firstTokenLimitMs?: number | undefined;
}

export interface KillOptions {
  /** Its descendants first, leaves before their parents. */
  readonly recursive?: boolean | undefined;
  readonly reason?: ShutdownReason | undefined;
  /** From asking to forcing; whole seconds on the wire. Left out or 0: the kernel's default. */
  readonly graceMs?: number | undefined;
}

/** How a whole branch ends. */
export type CollapseOptions = Omit<KillOptions, 'recursive'>;

export interface SignalOptions {
  /** Its descendants too. */
  readonly recursive?: boolean | undefined;
  /** For people; kept in the journal, and what the receiver of a HUP reads. */
  readonly reason?: string | undefined;
  /** TERM only: from asking to forcing; whole seconds on the wire. Left out: the default. */
  readonly graceMs?: number | undefined;
}

export interface RestartOptions {
  readonly reason?: string | undefined;
  /** From asking to forcing; whole seconds on the wire. Left out: the kernel's default. */
  readonly graceMs?: number | undefined;
}

export interface SendOptions {
  /** The receiver's pid or address (`/queen/lead-1`); or give `queue`. */
  readonly to?: number | string | undefined;
  /** A named queue of the same user; beats `to`. */
  readonly queue?: string | undefined;
  /** Default: `message`. */
  readonly type?: string | undefined;
  readonly payload?: Payload | undefined;
  /** Default: `normal`. */
  readonly priority?: Priority | undefined;
  /** The kernel reports the end of this message to its sender, good or bad. */
  readonly requiresAck?: boolean | undefined;
  /** How long it may wait in the inbox; whole seconds on the wire. Left out: for ever. */
  readonly ttlMs?: number | undefined;
  /** The id of the message that this one answers. */
  readonly replyTo?: string | undefined;
  /** The same key again is the same message, with the same id: for sends that may be repeated. */
  readonly idempotencyKey?: string | undefined;
  /** When nobody waits for the answer any more, in unix milliseconds; `ctx.request` sets it. */
  readonly deadlineMs?: number | undefined;
}

export interface TaskOptions {
  readonly description: string;
  readonly params?: Readonly<Record<string, string | number | boolean>> | undefined;
  /** How long the task may run; whole seconds on the wire. Left out: the child's limit. */
  readonly timeoutMs?: number | undefined;
  readonly priority?: Priority | undefined;
  /** Sent along as it is. */
  readonly context?: Payload | undefined;
  /** How often it is tried again when the child ended under it and is restarted. Default: 0. */
  readonly retries?: number | undefined;
}

export interface EscalateOptions {
  /** Default: `warning`. */
  readonly severity?: Severity | undefined;
  readonly context?: Readonly<Record<string, string | number | boolean>> | undefined;
  /** Hand it on up while nobody handles it. Default: true. */
  readonly autoPropagate?: boolean | undefined;
}

const NOTHING = new Uint8Array();
export const USD_MICROS = 1_000_000;

export function spawnToWire(options: SpawnOptions): wire.SpawnRequest {
  return {
    name: options.name,
    role: numberOf(ROLES, options.role ?? 'worker'),
    cognitiveTier: numberOf(TIERS, options.tier ?? 'operational'),
    model: options.model ?? '',
    systemPrompt: options.systemPrompt ?? '',
    tools: [...(options.tools ?? [])],
    limits: limitsToWire(options.limits),
    env: { ...options.env },
    initialTask: options.initialTask ?? '',
    runtimeType: RUNTIMES[options.runtime ?? 'node'],
    runtimeImage: options.image ?? '',
    schedule: undefined,
    user: '',
    exitAfterTask: options.exitAfterTask ?? false,
    cwd: options.cwd ?? '',
    restartPolicy: options.restart ?? '',
    strategy: options.strategy ?? '',
    relay: options.relay ?? '',
    usdMicros: Math.round((options.usd ?? 0) * USD_MICROS),
    wallLimitSeconds: wireSeconds(options.wallLimitMs),
    idleLimitSeconds: wireSeconds(options.idleLimitMs),
    firstTokenLimitSeconds: wireSeconds(options.firstTokenLimitMs),
    onKernelDeath: '',
    capabilities: [...(options.capabilities ?? [])],
  };
}

export function killToWire(pid: number, options: KillOptions): wire.KillRequest {
  return {
    targetPid: pid,
    recursive: options.recursive ?? false,
    reason: numberOf(SHUTDOWN_REASONS, options.reason ?? 'normal'),
    gracePeriodSeconds: wireSeconds(options.graceMs),
  };
}

export function collapseToWire(pid: number, options: CollapseOptions): link.CollapseCall {
  return {
    targetPid: pid,
    reason: numberOf(SHUTDOWN_REASONS, options.reason ?? 'normal'),
    gracePeriodSeconds: wireSeconds(options.graceMs),
  };
}

/** Throws `invalid_argument` for a word that is no signal, before anything is sent. */
export function signalToWire(
  pid: number,
  signal: SignalName,
  options: SignalOptions,
): link.SignalCall {
  if (!Object.hasOwn(SIGNALS, signal)) {
    const known = Object.keys(SIGNALS).join(', ');
    throw new HiveError(
      'invalid_argument',
      `"${String(signal)}" is no signal; there are: ${known}.`,
    );
  }
  return {
    targetPid: pid,
    signal: SIGNALS[signal],
    recursive: options.recursive ?? false,
    reason: options.reason ?? '',
    gracePeriodSeconds: wireSeconds(options.graceMs),
  };
}

export function sendToWire(options: SendOptions): wire.SendMessageRequest {
  return {
    toPid: typeof options.to === 'number' ? options.to : 0,
    toAddress: typeof options.to === 'string' ? options.to : '',
    toQueue: options.queue ?? '',
    type: options.type ?? 'message',
    priority: numberOf(PRIORITIES, options.priority ?? 'normal'),
    payload: bytesOf(options.payload ?? NOTHING),
    requiresAck: options.requiresAck ?? false,
    ttlSeconds: wireSeconds(options.ttlMs),
    replyTo: options.replyTo ?? '',
    idempotencyKey: options.idempotencyKey ?? '',
    deadlineMs: options.deadlineMs ?? 0,
  };
}

export function taskToWire(options: TaskOptions, parentTaskId: string): wire.TaskRequest {
  return {
    taskId: '',
    description: options.description,
    params: textValues(options.params),
    priority: numberOf(PRIORITIES, options.priority ?? 'normal'),
    timeoutSeconds: wireSeconds(options.timeoutMs),
    context: bytesOf(options.context ?? NOTHING),
    parentTaskId,
    retriesMax: options.retries ?? 0,
  };
}

export function escalateToWire(issue: string, options: EscalateOptions): wire.EscalateRequest {
  return {
    issue,
    severity: numberOf(SEVERITIES, options.severity ?? 'warning'),
    context: textValues(options.context),
    autoPropagate: options.autoPropagate ?? true,
  };
}
