// The dispatcher: gives tasks to processes and takes their ends.
//   P6. A task over `concurrentTasksMax` waits in line, in the order of arrival.
//   PROTOCOL §3, ExecuteTask: success means the agent completed; a failed one keeps its result.
//   A task ends once: whoever is first (the agent, the deadline, a cancel, the process's end).
//   S5. Who comes back finds its tasks in line; one that was under way is tried again as often as
//       it says, and else fails with the run.
//   S1. While a process is paused nothing of it starts, and no deadline passes.

import { KernelError } from '../errors.ts';
import type { CallRef, TaskResult, TaskSpec } from '../events/event.ts';
import type { EffectQueue } from '../events/effects.ts';
import type { Log } from '../events/log.ts';
import type { Timers } from '../events/timers.ts';
import type { TaskOutcome } from '../events/words.ts';
import { asTaskId, type TaskId } from '../ids.ts';
import { LIMITS } from '../limits.ts';
import { describeProcess, isVirtual, type ProcessRecord } from '../process/record.ts';
import { isAtWork, isLive } from '../process/states.ts';
import type { ProcessTable } from '../process/table.ts';
import { settle } from './activity.ts';
import type { TaskRecord, TaskTable } from './task-table.ts';

export interface TaskOrder {
  readonly spec: TaskSpec;
  readonly parentTask: TaskId | null;
  readonly isInitial: boolean;
  readonly owed: CallRef | null;
}

export interface TaskEnd {
  readonly outcome: TaskOutcome;
  readonly result: TaskResult;
  readonly error: string;
}

/** What `execute_on` answers. */
export interface TaskReport extends TaskEnd {
  readonly task: TaskId;
}

export const EMPTY_RESULT: TaskResult = { exitCode: 0, output: '', artifacts: {}, metadata: {} };
export const FAILED_RESULT: TaskResult = { ...EMPTY_RESULT, exitCode: 1 };

export class Dispatcher {
  readonly #log: Log;
  readonly #table: ProcessTable;
  readonly #tasks: TaskTable;
  readonly #effects: EffectQueue;
  readonly #timers: Timers;
  /** Told that there is a task for one that sleeps. */
  readonly #onAssigned: (record: ProcessRecord) => void;
  /** Told when a task of the process ended, or its pause did, and none is left. */
  readonly #onFinished: (record: ProcessRecord, report?: TaskReport) => void;

  constructor(options: {
    log: Log;
    table: ProcessTable;
    tasks: TaskTable;
    effects: EffectQueue;
    timers: Timers;
    onAssigned: (record: ProcessRecord) => void;
    onFinished: (record: ProcessRecord, report?: TaskReport) => void;
  }) {
    this.#log = options.log;
    this.#table = options.table;
    this.#tasks = options.tasks;
    this.#effects = options.effects;
    this.#timers = options.timers;
    this.#onAssigned = options.onAssigned;
    this.#onFinished = options.onFinished;
  }

  /**
   * Puts a task in line. Throws `wrong_state` for who cannot run one, `queue_full` over the bound.
   */
  assign(target: ProcessRecord, order: TaskOrder): TaskId {
    requireRuntime(target);
    if (target.tasks.size >= LIMITS.tasksQueuedMax) {
      throw new KernelError(
        'queue_full',
        `${describeProcess(target)} has ${target.tasks.size} tasks in line, ` +
          'which is the limit (P6).',
      );
    }
    const task = asTaskId(this.#log.nextSeq);
    this.#log.emit('task.created', { task, pid: target.pid, ...order });
    const asker = this.#table.find(this.#log.by);
    if (asker !== undefined) settle(this.#log, asker, `child ${target.pid}`);
    if (target.state === 'sleeping') this.#onAssigned(target);
    this.startNext(target);
    return task;
  }

  /** Starts what is in line, as far as the process may run more at once. */
  startNext(record: ProcessRecord): void {
    if (!isAtWork(record.state)) return;
    for (const id of record.tasksInLine) {
      if (record.tasksRunning >= record.spec.limits.concurrentTasksMax) return;
      this.#start(record, this.#tasks.byId.get(id) as TaskRecord);
    }
  }

  /** The agent's word on a task. A late or second one is passed over. */
  finish(taskId: TaskId, end: TaskEnd): boolean {
    const task = this.#tasks.byId.get(taskId);
    if (task === undefined) return false;
    this.#end(task, end);
    return true;
  }

  /** Ends a task from outside, and tells the agent that runs it, and all who work for it, to stop
   * (S1). */
  cancel(task: TaskRecord, outcome: 'cancelled' | 'timed_out', reason: string): void {
    const record = this.#table.find(task.pid);
    const wasRunning = task.isRunning;
    this.#end(task, { outcome, result: FAILED_RESULT, error: reason });
    if (!wasRunning || record === undefined) return;
    const { pid, incarnation } = record;
    this.#effects.push({ do: 'interrupt', pid, incarnation, task: task.task, reason });
    for (const id of [...record.requestedTasks]) {
      const part = this.#tasks.byId.get(id);
      if (part?.parentTask === task.task) this.cancel(part, 'cancelled', reason);
    }
  }

  /** All of a process; those in line first, so that none of them starts for it. */
  cancelAll(record: ProcessRecord, reason: string): void {
    const tasks = [...this.#tasks.of(record.pid)];
    tasks.sort((a, b) => Number(a.isRunning) - Number(b.isRunning));
    for (const task of tasks) this.cancel(task, 'cancelled', reason);
  }

  /**
   * The run of the process is over: its tasks fail, but those that can wait for its next run, and
   * what others do for it is cancelled.
   */
  endAllOf(record: ProcessRecord, how: { why: string; willReturn: boolean }): void {
    const { why, willReturn } = how;
    for (const task of [...this.#tasks.of(record.pid)]) {
      if (willReturn && !task.isRunning) continue;
      if (willReturn && task.tries <= task.spec.retriesMax) this.#retry(task, why);
      else this.#close(task, { outcome: 'failed', result: FAILED_RESULT, error: why });
    }
    for (const id of [...record.requestedTasks]) {
      const task = this.#tasks.byId.get(id);
      if (task === undefined || task.isInitial) continue;
      this.cancel(task, 'cancelled', `${describeProcess(record)}, which asked for it, ended`);
    }
  }

  /** It is paused: its deadlines wait. */
  hold(record: ProcessRecord): void {
    for (const task of this.#tasks.of(record.pid)) this.#timers.cancel(task.timer);
  }

  /** It goes on, and its state with its tasks. */
  release(record: ProcessRecord): void {
    for (const task of this.#tasks.of(record.pid)) if (task.isRunning) this.#arm(task);
    settle(this.#log, record, '');
    this.startNext(record);
    if (record.tasks.size === 0) this.#onFinished(record);
  }

  /** At a restore: deadlines are armed again. */
  rearm(): void {
    for (const task of this.#tasks.byId.values()) {
      const isPaused = this.#table.find(task.pid)?.state === 'paused';
      if (task.isRunning && !isPaused) this.#arm(task);
    }
  }

  #retry(task: TaskRecord, why: string): void {
    this.#timers.cancel(task.timer);
    const { task: id, pid, tries } = task;
    this.#log.emit('task.retried', { task: id, pid, tries, why });
  }

  #start(record: ProcessRecord, task: TaskRecord): void {
    const { pid, incarnation } = record;
    this.#log.emit('task.started', { task: task.task, pid });
    this.#arm(task);
    settle(this.#log, record, '');
    const { spec, parentTask } = task;
    this.#effects.push({ do: 'execute', pid, incarnation, task: task.task, parentTask, spec });
  }

  #arm(task: TaskRecord): void {
    task.timer = this.#timers.arm(task.deadlineMonoMs, () => {
      const seconds = task.spec.timeoutMs / 1000;
      this.cancel(task, 'timed_out', `the task did not end within ${seconds} s`);
    });
  }

  #end(task: TaskRecord, end: TaskEnd): void {
    const report = this.#close(task, end);
    const record = this.#table.find(task.pid);
    if (record === undefined) return;
    settle(this.#log, record, '');
    this.startNext(record);
    if (record.tasks.size === 0) this.#onFinished(record, report);
  }

  /** Records the end and pays the reply; what the process does next is not asked. */
  #close(task: TaskRecord, end: TaskEnd): TaskReport {
    this.#timers.cancel(task.timer);
    this.#log.emit('task.ended', { task: task.task, pid: task.pid, ...end });
    const report: TaskReport = { task: task.task, ...end };
    if (task.owed !== null) {
      this.#effects.push({ do: 'reply', to: task.owed, result: { ok: true, value: report } });
    }
    const asker = this.#table.find(task.by);
    if (asker !== undefined) settle(this.#log, asker, '');
    return report;
  }
}

export function requireRuntime(target: ProcessRecord): void {
  if (isVirtual(target)) {
    throw new KernelError(
      'wrong_state',
      `${describeProcess(target)} is virtual: it has no runtime that could do it.`,
      { details: { pid: target.pid } },
    );
  }
  if (isLive(target.state) && (target.state !== 'stopping' || isBackSoon(target))) return;
  throw new KernelError('wrong_state', `${describeProcess(target)} is ${target.state}.`, {
    details: { pid: target.pid, state: target.state },
  });
}

/** It is stopped only to sleep or to start anew: what is given to it waits in line for that. */
function isBackSoon({ halting, exiting }: ProcessRecord): boolean {
  if (exiting !== undefined || halting === undefined) return false;
  const isKernelUp = halting.cause !== 'kernel_stopped';
  return isKernelUp && (halting.next === 'sleep' || halting.next === 'restart');
}
