// The tasks of one process: runs them, each with its own signal, and ends them.
//   T1. Every task gets exactly one answer: what it returned, what it threw, or `cancelled`.
//   T2. A cancelled task has CANCEL_GRACE_MS to clean up; one that returns meanwhile is completed.
//   T3. The same task id again, while it runs, is the same task.
import type { agent as wire, link } from '@hivekernel/protocol';
import { HiveError, messageOf } from '../hive-error.ts';
import { resultToWire } from '../task.ts';

const CANCEL_GRACE_MS = 2_000;
/** Over the kernel's own bound for a process; a kernel that passes it is broken. */
const TASKS_MAX = 16_384;

/** `run` gets the signal that ends the task; what it resolves to is the task's output. */
export type RunTask = (request: wire.TaskRequest, signal: AbortSignal) => Promise<unknown>;

export interface TaskInProgress {
  readonly id: string;
  readonly description: string;
  /** Unix milliseconds. */
  readonly sinceMs: number;
}

interface RunningTask {
  readonly about: TaskInProgress;
  readonly controller: AbortController;
  readonly answer: Promise<link.ExecuteAnswer>;
}

export class RunningTasks {
  readonly #run: RunTask;
  readonly #tasks = new Map<string, RunningTask>();

  constructor(run: RunTask) {
    this.#run = run;
  }

  get count(): number {
    return this.#tasks.size;
  }

  /** The one that has run longest comes first. */
  get all(): readonly TaskInProgress[] {
    return [...this.#tasks.values()].map(({ about }) => about);
  }

  /** The one that has run longest; empty when there is none. */
  get currentId(): string {
    const [id] = this.#tasks.keys();
    return id ?? '';
  }

  execute(request: wire.TaskRequest): Promise<link.ExecuteAnswer> {
    const known = this.#tasks.get(request.taskId);
    if (known !== undefined) return known.answer;
    if (this.#tasks.size >= TASKS_MAX) {
      throw new HiveError('limit_exceeded', `This process runs ${TASKS_MAX} tasks already.`);
    }
    const controller = new AbortController();
    const answer = this.#answer(request, controller.signal);
    const { taskId: id, description } = request;
    this.#tasks.set(id, { about: { id, description, sinceMs: Date.now() }, controller, answer });
    return answer;
  }

  /** Fires the signal of one task, or of all for an empty id. False: there was none. */
  cancel(taskId: string, reason: string): boolean {
    const chosen = taskId === '' ? [...this.#tasks.values()] : [this.#tasks.get(taskId)];
    const error = new HiveError('cancelled', reason === '' ? 'cancelled' : `cancelled: ${reason}`);
    for (const task of chosen) task?.controller.abort(error);
    return chosen.some((task) => task !== undefined);
  }

  /** Resolves when every task that runs now has its answer. */
  async settled(): Promise<void> {
    await Promise.all([...this.#tasks.values()].map(({ answer }) => answer));
  }

  async #answer(request: wire.TaskRequest, signal: AbortSignal): Promise<link.ExecuteAnswer> {
    try {
      // Starts in a later turn, after the task stands in the table.
      const work = Promise.resolve().then(() => this.#run(request, signal));
      const result = resultToWire(await untilCancelled(work, signal));
      return { completed: true, result, error: '' };
    } catch (error) {
      const why = signal.aborted ? messageOf(signal.reason) : messageOf(error);
      return { completed: false, result: undefined, error: why };
    } finally {
      this.#tasks.delete(request.taskId);
    }
  }
}

/** The work's outcome, or a rejection once it outlived its cancelling by the grace (T2). */
function untilCancelled(work: Promise<unknown>, signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined;
    const onAbort = (): void => {
      timer = setTimeout(() => reject(asError(signal.reason)), CANCEL_GRACE_MS);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    const done = (): void => {
      signal.removeEventListener('abort', onAbort);
      clearTimeout(timer);
    };
    work.then(resolve, reject).finally(done);
  });
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new HiveError('cancelled', messageOf(reason));
}
