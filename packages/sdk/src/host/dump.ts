// The answer to a dump (USR1): what the agent has in mind, what runs, what it waits for, and its
// memory, as JSON. It asks the agent, and nothing else.
//   D1. There is always an answer, also before the agent is started: what went wrong with the
//       agent's own part is told beside what the host knows.
//   D2. The JSON has at most DUMP_BYTES_MAX bytes; the agent's part is cut first, and says so.
import type { AgentHandlers } from '../agent.ts';
import type { Context } from '../context/context.ts';
import { HiveError, messageOf } from '../hive-error.ts';
import type { OpenWait } from '../open-waits.ts';
import type { TaskInProgress } from './running-tasks.ts';
import { within } from './within.ts';

export const DUMP_BYTES_MAX = 1_048_576;
/** The runtime waits 2 s for the whole answer. */
const CONTEXT_MS = 1_000;
/** Of tasks and waits, each; and of the characters of a text in them. */
const ROWS_MAX = 200;
const TEXT_CHARS_MAX = 200;
/** Larger than the words around a context that was cut. */
const NOTE_BYTES = 200;

export interface DumpSources {
  /** Undefined before onInit ended. */
  readonly started: { readonly agent: AgentHandlers; readonly context: Context } | undefined;
  readonly tasks: readonly TaskInProgress[];
  readonly waits: readonly OpenWait[];
}

interface ContextPart {
  /** JSON. */
  readonly json: string;
  /** Why there is none; empty when there is. */
  readonly error: string;
}

const NO_CONTEXT = 'null';

export async function dumpJson(sources: DumpSources): Promise<string> {
  const { json, error } = await contextOf(sources.started);
  const { tasks, waits } = sources;
  const known = JSON.stringify({
    ...(error !== '' && { contextError: clip(error) }),
    tasks: tasks
      .slice(0, ROWS_MAX)
      .map((task) => ({ ...task, description: clip(task.description) })),
    tasksRunning: tasks.length,
    waits: waits
      .slice(0, ROWS_MAX)
      .map(({ target, ...wait }) => ({ ...wait, target: clip(target) })),
    waitsOpen: waits.length,
    memory: process.memoryUsage(),
  });
  const roomBytes = DUMP_BYTES_MAX - Buffer.byteLength(known) - NOTE_BYTES;
  return `{"context":${fitting(json, roomBytes)},${known.slice(1)}`;
}

/** D1: never rejects. */
async function contextOf(started: DumpSources['started']): Promise<ContextPart> {
  if (started === undefined) return { json: NO_CONTEXT, error: 'onInit has not ended' };
  const { agent, context } = started;
  if (agent.onDump === undefined) return { json: NO_CONTEXT, error: '' };
  try {
    const asked = Promise.resolve(agent.onDump(context)).then((value) => ({ value }));
    const told = await within(asked, CONTEXT_MS);
    if (told === undefined) throw new HiveError('timed_out', `onDump took over ${CONTEXT_MS} ms`);
    // What JSON has no word for, a function or nothing, is no context.
    return { json: JSON.stringify(told.value) ?? NO_CONTEXT, error: '' };
  } catch (error) {
    return { json: NO_CONTEXT, error: `onDump failed: ${messageOf(error)}` };
  }
}

/** D2: the JSON as it is, or an object with its beginning as text. */
function fitting(json: string, roomBytes: number): string {
  const bytes = Buffer.byteLength(json);
  if (bytes <= roomBytes) return json;
  const truncated = `the context is ${bytes} bytes of JSON; this is its beginning`;
  let chars = roomBytes;
  let beginning = JSON.stringify(json.slice(0, chars));
  while (Buffer.byteLength(beginning) > roomBytes) {
    chars = Math.floor((chars * roomBytes) / Buffer.byteLength(beginning));
    beginning = JSON.stringify(json.slice(0, chars));
  }
  return `{"truncated":${JSON.stringify(truncated)},"beginning":${beginning}}`;
}

function clip<T extends string | number | undefined>(value: T): T | string {
  if (typeof value !== 'string' || value.length <= TEXT_CHARS_MAX) return value;
  return `${value.slice(0, TEXT_CHARS_MAX)}…`;
}
