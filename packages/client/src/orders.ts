// What a caller asks of the kernel, with words and defaults, as messages of the wire.
// A word that the wire does not have is refused here, before anything is sent.

import { agent, make } from '@hivekernel/protocol/messages';
import { PRIORITY, ROLE, SHUTDOWN_REASON, TIER, VISIBILITY } from './words.ts';
import type { Priority, Role, ShutdownReason, Tier, Visibility } from './words.ts';

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
}

export interface KillOrder {
  readonly isRecursive?: boolean;
  readonly reason?: ShutdownReason;
  /** Left out: the kernel's. In whole seconds on the wire; rounded up. */
  readonly graceMs?: number;
}

export interface MessageOrder {
  readonly to: number;
  readonly type?: string;
  readonly payload: string | Uint8Array;
  readonly priority?: Priority;
  readonly requiresAck?: boolean;
  readonly ttlMs?: number;
  readonly replyTo?: string;
}

export interface StoreOrder {
  readonly key: string;
  readonly content: string | Uint8Array;
  readonly contentType?: string;
  readonly visibility?: Visibility;
}

export interface TaskOrder {
  readonly pid: number;
  readonly description: string;
  readonly params?: Readonly<Record<string, string>>;
  /** Left out: the process's limit. In whole seconds on the wire; rounded up. */
  readonly timeoutMs?: number;
}

export const toSeconds = (ms: number | undefined): number =>
  ms === undefined ? 0 : Math.ceil(ms / MS);

export const toBytes = (content: string | Uint8Array): Uint8Array =>
  typeof content === 'string' ? TEXT.encode(content) : content;

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

export function toSendRequest(order: MessageOrder): agent.SendMessageRequest {
  return {
    toPid: order.to,
    toQueue: '',
    type: order.type ?? 'message',
    priority: PRIORITY.toWire(order.priority ?? 'normal', 'priority'),
    payload: toBytes(order.payload),
    requiresAck: order.requiresAck ?? false,
    ttlSeconds: toSeconds(order.ttlMs),
    replyTo: order.replyTo ?? '',
  };
}

export function toStoreRequest(order: StoreOrder): agent.StoreArtifactRequest {
  return {
    key: order.key,
    content: toBytes(order.content),
    contentType: order.contentType ?? 'text/plain; charset=utf-8',
    visibility: VISIBILITY.toWire(order.visibility ?? 'global', 'visibility'),
  };
}
