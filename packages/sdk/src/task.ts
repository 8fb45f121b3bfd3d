// A task as an agent sees it, and what an agent may return for one. Returning nothing is a result
// with empty output and exit code 0; throwing fails the task and leaves the process alive.
import type { agent as wire } from '@hivekernel/protocol';
import { HiveError } from './hive-error.ts';
import { PRIORITIES, wordOf } from './words.ts';
import type { Priority } from './words.ts';

export interface Task {
  readonly id: string;
  /** What is to be done, in the words of whoever delegated it. */
  readonly description: string;
  readonly params: Readonly<Record<string, string>>;
  readonly priority: Priority;
  /** How long the kernel lets it run; 0: it did not say. */
  readonly timeoutMs: number;
  /** Bytes that the delegator sent along. */
  readonly context: Uint8Array;
  /** The delegator's own task; empty for a task from outside. */
  readonly parentTaskId: string;
  /** `context` read as UTF-8. */
  contextText(): string;
}

export interface TaskResult {
  /** 0: done as asked. Anything else: the agent's own word for what went wrong. */
  readonly exitCode: number;
  readonly output: string;
  /** Name to artifact id or key. */
  readonly artifacts: Readonly<Record<string, string>>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** What `onTask` may return: text, nothing, or the parts of a result. */
export type TaskOutput =
  | string
  | void
  | {
      readonly output?: string | undefined;
      readonly exitCode?: number | undefined;
      readonly artifacts?: Readonly<Record<string, string>> | undefined;
      readonly metadata?: Readonly<Record<string, string | number | boolean>> | undefined;
    };

const MS_PER_SECOND = 1_000;

export function taskFromWire(request: wire.TaskRequest): Task {
  return {
    id: request.taskId,
    description: request.description,
    params: request.params,
    priority: wordOf(PRIORITIES, request.priority),
    timeoutMs: request.timeoutSeconds * MS_PER_SECOND,
    context: request.context,
    parentTaskId: request.parentTaskId,
    contextText: () => new TextDecoder().decode(request.context),
  };
}

export function resultFromWire(result: wire.TaskResult | undefined): TaskResult {
  return {
    exitCode: result?.exitCode ?? 0,
    output: result?.output ?? '',
    artifacts: result?.artifacts ?? {},
    metadata: result?.metadata ?? {},
  };
}

const RESULT_KEYS: ReadonlySet<string> = new Set(['output', 'exitCode', 'artifacts', 'metadata']);

/** What `onTask` returned, for the wire. Throws `invalid_argument` for what is no task output. */
export function resultToWire(returned: unknown): wire.TaskResult {
  if (returned === undefined || returned === null) return emptyResult('');
  if (typeof returned === 'string') return emptyResult(returned);
  if (typeof returned !== 'object') throw notATaskOutput(`a ${typeof returned}`);
  const strange = Object.keys(returned).find((key) => !RESULT_KEYS.has(key));
  if (strange !== undefined) throw notATaskOutput(`an object with the key "${strange}"`);
  const parts = returned as Exclude<TaskOutput, string | void>;
  const { output = '', exitCode = 0 } = parts;
  if (typeof output !== 'string') throw notATaskOutput(`an output of type ${typeof output}`);
  if (!Number.isInteger(exitCode)) throw notATaskOutput(`the exit code ${String(exitCode)}`);
  return {
    exitCode,
    output,
    artifacts: textValues(parts.artifacts),
    metadata: textValues(parts.metadata),
  };
}

function emptyResult(output: string): wire.TaskResult {
  return { exitCode: 0, output, artifacts: {}, metadata: {} };
}

function notATaskOutput(what: string): HiveError {
  return new HiveError(
    'invalid_argument',
    `onTask returned ${what}; it may return text, nothing, ` +
      'or { output, exitCode, artifacts, metadata }.',
  );
}

/** A map for the wire: values as text, those that are undefined left out. */
export function textValues(
  values: Readonly<Record<string, unknown>> | undefined,
): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const [key, value] of Object.entries(values ?? {})) {
    if (value === undefined) continue;
    texts[key] = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  }
  return texts;
}
