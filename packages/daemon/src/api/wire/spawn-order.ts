// What a spawn request wishes, as the kernel's order. Fields that are left out stay so: what they
// are then is the kernel's matter (P6, S2, S3, S6).
// Not what may be spawned: the kernel checks rights, names and the tree (P5).

import { KernelError, RELAYS, RESTART_POLICIES, STRATEGIES } from '@hivekernel/kernel';
import type { ArgsOf, ResourceLimits, WatchLimits } from '@hivekernel/kernel';
import type { agent } from '@hivekernel/protocol';
import * as bounds from './bounds.ts';
import { imageOf } from './image-field.ts';
import { ROLE, TIER, capabilityFrom, wordFromWire } from './words.ts';

/** Throws `invalid_argument`, `too_large`, or `unimplemented` for what is not served yet. */
export function readSpawn(q: agent.SpawnRequest): ArgsOf<'spawn'> {
  checkServed(q);
  return {
    // Its length and signs are checked by the kernel (P5).
    name: q.name,
    role: ROLE.fromWire(q.role, 'role'),
    tier: TIER.fromWire(q.cognitiveTier, 'cognitive_tier'),
    model: bounds.word(q.model, 'model'),
    user: bounds.word(q.user, 'user'),
    image: imageOf(q),
    systemPrompt: bounds.text(q.systemPrompt, 'system_prompt'),
    tools: bounds.words(q.tools, 'tools'),
    env: bounds.textMap(q.env, 'env'),
    cwd: bounds.path(q.cwd, 'cwd'),
    limits: readLimits(q.limits),
    usdMicros: bounds.count(q.usdMicros, 'usd_micros'),
    initialTask: bounds.text(q.initialTask, 'initial_task'),
    exitAfterTask: q.exitAfterTask,
    restart: wordFromWire(q.restartPolicy, { field: 'restart_policy', known: RESTART_POLICIES }),
    strategy: wordFromWire(q.strategy, { field: 'strategy', known: STRATEGIES }),
    relay: wordFromWire(q.relay, { field: 'relay', known: RELAYS }),
    watch: readWatch(q),
    capabilities: bounds
      .words(q.capabilities, 'capabilities')
      .map((word) => capabilityFrom(word, 'capabilities')),
  };
}

function checkServed(q: agent.SpawnRequest): void {
  if (q.schedule !== undefined && (q.schedule.cron !== '' || q.schedule.keepAlive)) {
    throw new KernelError('unimplemented', 'Schedules are not served by this version.', {
      details: { field: 'schedule' },
    });
  }
  if (q.onKernelDeath !== 'keep') {
    wordFromWire(q.onKernelDeath, { field: 'on_kernel_death', known: ['end'] });
    return;
  }
  throw new KernelError(
    'unimplemented',
    'on_kernel_death "keep" is not served by this version: agents end with their kernel.',
    { details: { field: 'on_kernel_death' } },
  );
}

function readLimits(limits: agent.ResourceLimits | undefined): ResourceLimits {
  return {
    tokensPerHourMax: bounds.count(limits?.maxTokensPerHour ?? 0, 'max_tokens_per_hour'),
    contextTokensMax: bounds.count(limits?.maxContextTokens ?? 0, 'max_context_tokens'),
    childrenMax: bounds.count(limits?.maxChildren ?? 0, 'max_children'),
    concurrentTasksMax: bounds.count(limits?.maxConcurrentTasks ?? 0, 'max_concurrent_tasks'),
    taskTimeoutMs: bounds.ms(limits?.timeoutSeconds ?? 0, 'timeout_seconds'),
    tokensTotalMax: bounds.count(limits?.maxTokensTotal ?? 0, 'max_tokens_total'),
  };
}

/** 0: left out (S6). */
const readWatch = (q: agent.SpawnRequest): WatchLimits => ({
  wallMs: bounds.ms(q.wallLimitSeconds, 'wall_limit_seconds'),
  idleMs: bounds.ms(q.idleLimitSeconds, 'idle_limit_seconds'),
  firstTokenMs: bounds.ms(q.firstTokenLimitSeconds, 'first_token_limit_seconds'),
});
