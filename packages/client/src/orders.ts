// What a caller asks of the kernel, with words and defaults, as messages of the wire.
// A word that the wire does not have is refused here, before anything is sent.

import { agent, make } from '@hivekernel/protocol/messages';
import type { link } from '@hivekernel/protocol/messages';
import { HiveClientError } from './client-error.ts';
import {
  checkWord,
  PRIORITY,
  RELAYS,
  RESTART_POLICIES,
  ROLE,
  SHUTDOWN_REASON,
  SIGNAL,
  STRATEGIES,
  TIER,
  VISIBILITY,
} from './words.ts';
import type {
  Priority,
  Relay,
  RestartPolicy,
  Role,
  ShutdownReason,
  SignalName,
  Strategy,
  Tier,
  Visibility,
} from './words.ts';

const MS = 1_000;
const TEXT = new TextEncoder();

export interface LimitsOrder {
  readonly tokensPerHourMax?: number;
  readonly contextTokensMax?: number;
  readonly childrenMax?: number;
  readonly concurrentTasksMax?: number;
  /** In whole seconds on the wire; rounded up. */
  readonly taskTimeoutMs?: number;
  readonly tokensTotalMax?: number;
}

export interface SpawnOrder {
  readonly name: string;
  readonly role: Role;
  readonly tier: Tier;
  /** What runs it: `/path/file.ts#Export`; left out: a virtual process. */
  readonly image?: string;
  readonly model?: string;
  readonly user?: string;
  readonly systemPrompt?: string;
  readonly tools?: readonly string[];
  readonly limits?: LimitsOrder;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly initialTask?: string;
  readonly exitAfterTask?: boolean;
  /** What follows its end. Left out: by its role. */
  readonly restart?: RestartPolicy;
  /** Whom the restart of one of its children concerns. Left out: by its role. */
  readonly strategy?: Strategy;
  /** What it makes of messages between the branches below it. Left out: by its role. */
  readonly relay?: Relay;
  /** Handed on to it beside its role's; its parent must hold each. */
  readonly capabilities?: readonly string[];
  /** Of its own, in millionths of a US dollar. Left out: none. */
  readonly usdMicros?: number;
  /** From its first start to its end, for good. These three: whole seconds on the wire. */
  readonly wallLimitMs?: number;
  /** Without progress while a task runs. */
  readonly idleLimitMs?: number;
  /** From a model call to its first token. */
  readonly firstTokenLimitMs?: number;
}

export interface KillOrder {
  readonly isRecursive?: boolean;
  readonly reason?: ShutdownReason;
  /** Left out: the kernel's. In whole seconds on the wire; rounded up. */
  readonly graceMs?: number;
}

export type CollapseOrder = Omit<KillOrder, 'isRecursive'>;

export interface SignalOrder {
  readonly signal: SignalName;
  /** Its descendants too. */
  readonly isRecursive?: boolean;
  /** For people; kept in the journal. */
  readonly reason?: string;
  /** TERM only. Left out: the kernel's. In whole seconds on the wire; rounded up. */
  readonly graceMs?: number;
}

export interface RestartOrder {
  readonly reason?: string;
  /** Left out: the kernel's. In whole seconds on the wire; rounded up. */
  readonly graceMs?: number;
}

/** What a process ends with. */
export interface ExitOrder {
  readonly exitCode?: number;
  readonly output?: string;
}

/** A pid, or an address such as `/queen/lead-1`; or a named queue of the sender's user (M1). */
export type Receiver = { readonly to: number | string } | { readonly queue: string };

export type MessageOrder = MessageBody & Receiver;

export interface MessageBody {
  readonly type?: string;
  readonly payload: string | Uint8Array;
  readonly priority?: Priority;
  readonly requiresAck?: boolean;
  readonly ttlMs?: number;
  readonly replyTo?: string;
  /** The same key again is the same message, with the same id. */
  readonly idempotencyKey?: string;
  /** Of a request, in unix milliseconds: it is not handed over later. */
  readonly deadlineMs?: number;
}

export interface StoreOrder {
  readonly key: string;
  readonly content: string | Uint8Array;
  readonly contentType?: string;
  readonly visibility?: Visibility;
  /** Refused with `conflict` unless it is at this version; 0: there must be none yet. */
  readonly ifVersion?: number;
  /** It never changes again. */
  readonly isFrozen?: boolean;
  /** Makes a new version of this one, whose key and visibility stay. */
  readonly artifact?: string;
  readonly trace?: string;
}

export interface TaskOrder {
  readonly pid: number;
  readonly description: string;
  readonly params?: Readonly<Record<string, string>>;
  /** Left out: the process's limit. In whole seconds on the wire; rounded up. */
  readonly timeoutMs?: number;
  /** How often it is tried again when the process ended under it and is restarted. Default 0. */
  readonly retries?: number;
}

export const toSeconds = (ms: number | undefined): number =>
  ms === undefined ? 0 : Math.ceil(ms / MS);

export const toBytes = (content: string | Uint8Array): Uint8Array =>
  typeof content === 'string' ? TEXT.encode(content) : content;

/** An empty name would mean something else on the wire. Throws `invalid_argument`. */
export function named(name: string, field: string): string {
  if (name !== '') return name;
  throw new HiveClientError('invalid_argument', `The name of a ${field} is empty.`, {
    details: { field },
  });
}

export function toSpawnRequest(order: SpawnOrder): agent.SpawnRequest {
  return make(agent.SpawnRequest, {
    name: order.name,
    role: ROLE.toWire(order.role, 'role'),
    cognitiveTier: TIER.toWire(order.tier, 'tier'),
    model: order.model ?? '',
    systemPrompt: order.systemPrompt ?? '',
    tools: [...(order.tools ?? [])],
    limits: toLimits(order.limits ?? {}),
    env: { ...order.env },
    initialTask: order.initialTask ?? '',
    runtimeType: agent.RuntimeType.RUNTIME_NODE,
    runtimeImage: order.image ?? '',
    user: order.user ?? '',
    exitAfterTask: order.exitAfterTask ?? false,
    cwd: order.cwd ?? '',
    restartPolicy: checkWord(RESTART_POLICIES, order.restart ?? '', 'restart'),
    strategy: checkWord(STRATEGIES, order.strategy ?? '', 'strategy'),
    relay: checkWord(RELAYS, order.relay ?? '', 'relay'),
    usdMicros: order.usdMicros ?? 0,
    wallLimitSeconds: toSeconds(order.wallLimitMs),
    idleLimitSeconds: toSeconds(order.idleLimitMs),
    firstTokenLimitSeconds: toSeconds(order.firstTokenLimitMs),
    capabilities: [...(order.capabilities ?? [])],
  });
}

function toLimits(order: LimitsOrder): agent.ResourceLimits {
  return {
    maxTokensPerHour: order.tokensPerHourMax ?? 0,
    maxContextTokens: order.contextTokensMax ?? 0,
    maxChildren: order.childrenMax ?? 0,
    maxConcurrentTasks: order.concurrentTasksMax ?? 0,
    timeoutSeconds: toSeconds(order.taskTimeoutMs),
    maxTokensTotal: order.tokensTotalMax ?? 0,
  };
}

export function toKillRequest(pid: number, order: KillOrder): agent.KillRequest {
  return {
    targetPid: pid,
    recursive: order.isRecursive ?? false,
    reason: SHUTDOWN_REASON.toWire(order.reason ?? 'user_request', 'reason'),
    gracePeriodSeconds: toSeconds(order.graceMs),
  };
}

export function toCollapseCall(pid: number, order: CollapseOrder): link.CollapseCall {
  return {
    targetPid: pid,
    reason: SHUTDOWN_REASON.toWire(order.reason ?? 'user_request', 'reason'),
    gracePeriodSeconds: toSeconds(order.graceMs),
  };
}

export function toSignalCall(pid: number, order: SignalOrder): link.SignalCall {
  return {
    targetPid: pid,
    signal: SIGNAL.toWire(order.signal, 'signal'),
    recursive: order.isRecursive ?? false,
    reason: order.reason ?? '',
    gracePeriodSeconds: toSeconds(order.graceMs),
  };
}

export function toSendRequest(order: MessageOrder): agent.SendMessageRequest {
  const to = 'to' in order ? order.to : 0;
  const toQueue = 'queue' in order ? named(order.queue, 'queue') : '';
  return {
    toPid: typeof to === 'number' ? to : 0,
    toAddress: typeof to === 'string' ? to : '',
    toQueue,
    type: order.type ?? 'message',
    priority: PRIORITY.toWire(order.priority ?? 'normal', 'priority'),
    payload: toBytes(order.payload),
    requiresAck: order.requiresAck ?? false,
    ttlSeconds: toSeconds(order.ttlMs),
    replyTo: order.replyTo ?? '',
    idempotencyKey: order.idempotencyKey ?? '',
    deadlineMs: order.deadlineMs ?? 0,
  };
}

export function toStoreRequest(order: StoreOrder): agent.StoreArtifactRequest {
  return {
    key: order.key,
    content: toBytes(order.content),
    contentType: order.contentType ?? 'text/plain; charset=utf-8',
    visibility: VISIBILITY.toWire(order.visibility ?? 'global', 'visibility'),
    ifVersion: order.ifVersion,
    frozen: order.isFrozen ?? false,
    artifactId: order.artifact ?? '',
    traceId: order.trace ?? '',
  };
}
