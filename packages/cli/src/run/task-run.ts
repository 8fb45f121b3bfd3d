// One task from the command line: starts what must be started, gives it the task, follows what its
// agents do, and tells the end.
//   1. What was started for the task ends with it, and is collected here: nobody is left behind.
//   2. The task is the kernel's: leaving does not end it, `interrupt` does.
//   3. The model is complete at the end: what the stream did not bring is read from the journal.

import type { HiveClient, KernelEvent, SpawnOrder, TaskReport } from '@hivekernel/client';
import type { AgentSpec } from './agent-spec.ts';
import { RunModel } from './run-model.ts';
import type { RunView } from './run-view.ts';
import type { TaskTarget } from './task-target.ts';

export interface TaskRunRequest {
  readonly client: HiveClient;
  readonly target: TaskTarget;
  readonly description: string;
  readonly params: Readonly<Record<string, string>>;
  /** Left out: the limit of the process. */
  readonly timeoutMs?: number;
  /** How often it is tried again when the process ended under it and was restarted. */
  readonly retries?: number;
  /** What it is given where it is started. */
  readonly budget?: Pick<SpawnOrder, 'limits' | 'usdMicros'>;
  readonly openView: (model: RunModel) => RunView;
}

const COLLECT_MS = 5_000;
const KILL_GRACE_MS = 2_000;

export class TaskRun {
  readonly pid: number;
  readonly name: string;
  /** Whether it was started for this task. */
  readonly isOwn: boolean;
  readonly model = new RunModel();
  readonly view: RunView;
  /** The id of the task, once the kernel will not forget it. */
  readonly created: Promise<string>;
  readonly report: Promise<TaskReport>;
  readonly #client: HiveClient;
  readonly #fromSeq: number;
  readonly #leave = new AbortController();
  readonly #created = Promise.withResolvers<string>();
  readonly #following: Promise<void>;
  #task = '';

  /** Throws what the kernel refuses: a start that failed, a task that cannot be given. */
  static async begin(request: TaskRunRequest): Promise<TaskRun> {
    const { client, target } = request;
    const { seq } = await client.status();
    const pid = target.kind === 'running' ? target.pid : await spawnFor(request, target.spec);
    return new TaskRun(request, { pid, fromSeq: seq });
  }

  private constructor(request: TaskRunRequest, at: { pid: number; fromSeq: number }) {
    const { client, target, description, params, timeoutMs, retries = 0 } = request;
    this.pid = at.pid;
    this.#fromSeq = at.fromSeq;
    this.#client = client;
    this.isOwn = target.kind === 'spec';
    this.name = target.kind === 'spec' ? target.spec.name : target.name;
    this.model.seq = at.fromSeq;
    this.view = request.openView(this.model);
    this.created = this.#created.promise;
    this.created.catch(() => undefined);
    this.#following = this.#follow();
    const limit = timeoutMs === undefined ? {} : { timeoutMs };
    const tries = retries === 0 ? {} : { retries };
    const order = { pid: this.pid, description, params, ...limit, ...tries };
    this.report = client.executeTask(order);
    this.report.then(({ task }) => this.#know(task), this.#created.reject);
  }

  get task(): string {
    return this.#task;
  }

  /** Stops the task. What was started for it ends with it. */
  async interrupt(reason: string): Promise<void> {
    await this.#client.interrupt({ pid: this.pid, task: this.#task, reason });
  }

  /** Stops looking; the task goes on. */
  leave(): void {
    this.#leave.abort();
    this.view.end();
  }

  /** After the report: collects what was started and reads the rest of what happened. */
  async finish(): Promise<void> {
    if (this.isOwn) await this.#collect();
    this.#leave.abort();
    await this.#following;
    const { pid } = this;
    const rest = { afterSeq: this.model.seq, follow: false, pid, subtree: true };
    for await (const event of this.#client.followEvents(rest)) this.#take(event);
    this.view.end();
  }

  /** Ends at once what was started, wanted or not. */
  async abandon(): Promise<void> {
    if (this.isOwn) await this.#kill();
    this.leave();
  }

  async #follow(): Promise<void> {
    const { pid } = this;
    const place = { afterSeq: this.#fromSeq, pid, subtree: true, volatile: true };
    try {
      const { signal } = this.#leave;
      for await (const event of this.#client.followEvents({ ...place, signal })) this.#take(event);
    } catch {
      // The report says why the kernel is gone; a view without events is no reason to fail.
    }
  }

  #take(event: KernelEvent): void {
    this.model.apply(event);
    const { journal } = event;
    if (journal?.kind === 'task.created' && journal.body['pid'] === this.pid) {
      this.#know(event.event.fields['task_id'] ?? '');
    }
    this.view.onEvent(event);
  }

  /** By the stream or by the report, whichever is first. */
  #know(task: string): void {
    this.#task ||= task;
    this.#created.resolve(this.#task);
  }

  async #collect(): Promise<void> {
    try {
      await this.#client.waitChild({ pid: this.pid, timeoutMs: COLLECT_MS });
    } catch {
      await this.#kill();
    }
  }

  async #kill(): Promise<void> {
    try {
      await this.#client.kill(this.pid, { isRecursive: true, graceMs: KILL_GRACE_MS });
    } catch {
      // It is gone already, or the kernel is: then nothing is left to end.
    }
  }
}

/**
 * Ready when it returns; it ends after the task that it is given next. What is to be tried again
 * has to come back after a crash, whatever its role does.
 */
function spawnFor(request: TaskRunRequest, spec: AgentSpec): Promise<number> {
  const { client, retries = 0, budget = {} } = request;
  const { image, name, role, tier } = spec;
  const restart = retries === 0 ? {} : { restart: 'transient' as const };
  return client.spawn({ image, name, role, tier, exitAfterTask: true, ...restart, ...budget });
}
