// What the kernel asks of a process, in the words of the wire, and the answers back in the
// kernel's. Messages and the other direction, calls, are in `api/wire`; the tables of words are the
// same.

import { KernelError } from '@hivekernel/kernel';
import type { Effect, ResourceLimits, TaskResult } from '@hivekernel/kernel';
import type { agent, link } from '@hivekernel/protocol';
import { text, textMap } from '../../api/wire/bounds.ts';
import { taskIdText } from '../../api/wire/wire-ids.ts';
import { ROLE, TIER } from '../../api/wire/words.ts';

type EffectOf<D extends Effect['do']> = Extract<Effect, { do: D }>;

const UINT32_MAX = 2 ** 32 - 1;
const MS_PER_SECOND = 1_000;

/** PROTOCOL §5: where an agent finds the state that its last incarnation left. */
const STATE_KEY = 'hivekernel.state';

/** `state`: of its last checkpoint, where there is one (S7). */
export function initRequest(
  effect: EffectOf<'start'>,
  state: Uint8Array | undefined,
): agent.InitRequest {
  const { pid, parent, spec, address } = effect;
  const kept = state === undefined ? {} : { [STATE_KEY]: Buffer.from(state).toString('base64') };
  return {
    pid,
    ppid: parent,
    user: spec.user,
    role: ROLE.toWire(spec.role),
    cognitiveTier: TIER.toWire(spec.tier),
    config: {
      name: spec.name,
      systemPrompt: spec.systemPrompt,
      model: spec.model,
      metadata: { address, node: spec.node, ...kept },
    },
    limits: limitsToWire(spec.limits),
    tools: spec.tools.map((name) => ({ name, description: '', config: {}, allowedPaths: [] })),
    env: { ...spec.env },
  };
}

export function taskRequest(effect: EffectOf<'execute'>, context: Uint8Array): agent.TaskRequest {
  const { task, parentTask, spec } = effect;
  return {
    taskId: taskIdText(task),
    description: spec.description,
    params: { ...spec.params },
    priority: spec.priority,
    timeoutSeconds: wireSeconds(spec.timeoutMs),
    context,
    parentTaskId: parentTask === null ? '' : taskIdText(parentTask),
    retriesMax: spec.retriesMax,
  };
}

/** Whole seconds, at least one for what is above nothing. */
export const wireSeconds = (ms: number): number => wireCount(Math.ceil(ms / MS_PER_SECOND));

export interface TaskEnd {
  readonly completed: boolean;
  readonly result: TaskResult;
  readonly error: string;
}

const EMPTY_RESULT: TaskResult = { exitCode: 0, output: '', artifacts: {}, metadata: {} };
const FAILED_RESULT: TaskResult = { ...EMPTY_RESULT, exitCode: 1 };

/** An answer that breaks a bound fails the task, and says which. */
export function taskEndOf(answer: link.ExecuteAnswer): TaskEnd {
  const { completed, result, error } = answer;
  const none = completed ? EMPTY_RESULT : FAILED_RESULT;
  try {
    return {
      completed,
      result: result === undefined ? none : checkedResult(result),
      error: completed ? '' : text(error, 'error') || 'the agent gave no reason',
    };
  } catch (cause) {
    if (!(cause instanceof KernelError)) throw cause;
    return failedTask(`the task's answer was refused: ${cause.message}`);
  }
}

export const failedTask = (error: string): TaskEnd => ({
  completed: false,
  result: FAILED_RESULT,
  error,
});

function checkedResult(result: agent.TaskResult): TaskResult {
  return {
    exitCode: result.exitCode,
    output: text(result.output, 'result.output'),
    artifacts: textMap(result.artifacts, 'result.artifacts'),
    metadata: textMap(result.metadata, 'result.metadata'),
  };
}

function limitsToWire(limits: ResourceLimits): agent.ResourceLimits {
  return {
    maxTokensPerHour: limits.tokensPerHourMax,
    maxContextTokens: limits.contextTokensMax,
    maxChildren: wireCount(limits.childrenMax),
    maxConcurrentTasks: wireCount(limits.concurrentTasksMax),
    timeoutSeconds: wireSeconds(limits.taskTimeoutMs),
    maxTokensTotal: limits.tokensTotalMax,
  };
}

/** "No limit" (P6) does not fit 32 bits: the largest number that does means the same. */
const wireCount = (n: number): number => Math.min(n, UINT32_MAX);
