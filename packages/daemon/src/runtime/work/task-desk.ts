// Gives tasks to one process and reports their ends. The deadline of a task is the kernel's; the
// end of the process ends its tasks without a word from here.

import type { Effect, Pid, TaskId } from '@hivekernel/kernel';
import { bytesOf } from '../../api/wire/content-bytes.ts';
import { taskIdText } from '../../api/wire/wire-ids.ts';
import type { Host } from '../../journal/host.ts';
import type { AgentLink } from '../link/agent-link.ts';
import { failedTask, taskEndOf, taskRequest } from '../link/wire-requests.ts';
import type { TaskEnd } from '../link/wire-requests.ts';

type EffectOf<D extends Effect['do']> = Extract<Effect, { do: D }>;

export interface TaskDeskOptions {
  readonly pid: Pid;
  readonly host: Host;
  readonly link: Pick<AgentLink, 'request'>;
}

export class TaskDesk {
  readonly #options: TaskDeskOptions;
  /** Their context is on its way; the kernel bounds the tasks of a process (P6). */
  readonly #fetching = new Set<TaskId>();
  #isClosed = false;

  constructor(options: TaskDeskOptions) {
    this.#options = options;
  }

  execute(effect: EffectOf<'execute'>): void {
    const context = bytesOf(effect.spec.context, this.#options.host);
    if (context instanceof Promise)
      void this.#sendLater(effect, context); // Never rejects.
    else this.#send(effect, context);
  }

  interrupt(effect: EffectOf<'interrupt'>): void {
    // What was not sent yet is not sent any more.
    if (this.#fetching.delete(effect.task)) return;
    const { task, reason } = effect;
    const request = { taskId: taskIdText(task), reason };
    // The kernel has ended the task; the answer changes nothing.
    this.#options.link.request('interrupt', request).catch(() => undefined);
  }

  close(): void {
    this.#isClosed = true;
  }

  async #sendLater(effect: EffectOf<'execute'>, context: Promise<Uint8Array>): Promise<void> {
    this.#fetching.add(effect.task);
    try {
      const bytes = await context;
      if (this.#fetching.delete(effect.task)) this.#send(effect, bytes);
    } catch (error) {
      const why = `its context cannot be read: ${messageOf(error)}`;
      if (this.#fetching.delete(effect.task)) this.#end(effect.task, failedTask(why));
    }
  }

  #send(effect: EffectOf<'execute'>, context: Uint8Array): void {
    if (this.#isClosed) return;
    this.#options.link.request('execute', taskRequest(effect, context)).then(
      (answer) => this.#end(effect.task, taskEndOf(answer)),
      (error: unknown) => this.#end(effect.task, failedTask(messageOf(error))),
    );
  }

  #end(task: TaskId, end: TaskEnd): void {
    if (this.#isClosed) return;
    this.#options.host.fact({ fact: 'task_ended', pid: this.#options.pid, task, ...end });
  }
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
