// Tasks given to processes: what waits, what runs. The fold of the `task.*` events.
//   P6. At most `concurrentTasksMax` of a process run; the next wait in line.
//   DESIGN §3. The reply to the one who asked is owed until the task ends; it is part of the
//   record.

import type { CallRef, EventOf, TaskSpec } from '../events/event.ts';
import type { Handlers } from '../events/fold.ts';
import type { Timer } from '../events/timers.ts';
import type { Pid, Seq, TaskId } from '../ids.ts';
import type { ProcessTable } from '../process/table.ts';

export interface TaskRecord {
  readonly task: TaskId;
  readonly pid: Pid;
  /** Who asked; the king for the operator. */
  readonly by: Pid;
  readonly parentTask: TaskId | null;
  readonly spec: TaskSpec;
  readonly isInitial: boolean;
  readonly owed: CallRef | null;
  readonly createdMonoMs: number;
  isRunning: boolean;
  /** How often it was started. */
  tries: number;
  deadlineMonoMs: number;
  /** Calls of this task that wait for something; derived from the waits and tasks themselves. */
  waits: number;
  /** Volatile: derived from `deadlineMonoMs`. */
  timer: Timer | undefined;
}

export class TaskTable {
  readonly #table: ProcessTable;
  readonly byId = new Map<TaskId, TaskRecord>();

  constructor(table: ProcessTable) {
    this.#table = table;
  }

  handlers(): Handlers {
    return {
      'task.created': (event) => this.#created(event),
      'task.started': (event) => this.#started(event),
      'task.retried': (event) => this.#retried(event),
      // S1: the time that it was paused is not its tasks' time.
      'process.moved': ({ body, monoMs }) => {
        if (body.from === 'paused') this.#resumed(body.pid, monoMs);
      },
      'task.ended': (event) => this.#ended(event),
    };
  }

  /** In the order in which they were given. */
  *of(pid: Pid): Generator<TaskRecord> {
    const record = this.#table.find(pid);
    for (const id of record?.tasks ?? []) {
      const task = this.byId.get(id);
      if (task !== undefined) yield task;
    }
  }

  /** At a restore. */
  restore(task: TaskRecord): void {
    this.#enter(task);
    const record = this.#table.find(task.pid);
    if (task.isRunning && record !== undefined) record.tasksRunning += 1;
  }

  /** A call of the task `id` waits from now on; null and a task that ended mean nobody. */
  beginWait(id: TaskId | null): void {
    const task = id === null ? undefined : this.byId.get(id);
    if (task === undefined) return;
    task.waits += 1;
    if (task.waits === 1 && task.isRunning) this.#addWaiting(task, 1);
  }

  endWait(id: TaskId | null): void {
    const task = id === null ? undefined : this.byId.get(id);
    if (task === undefined) return;
    task.waits -= 1;
    if (task.waits === 0 && task.isRunning) this.#addWaiting(task, -1);
  }

  #addWaiting(task: TaskRecord, by: 1 | -1): void {
    const record = this.#table.find(task.pid);
    if (record !== undefined) record.waits += by;
  }

  #enter(task: TaskRecord): void {
    this.byId.set(task.task, task);
    const record = this.#table.find(task.pid);
    record?.tasks.add(task.task);
    if (!task.isRunning) record?.tasksInLine.add(task.task);
    this.#table.find(task.by)?.requestedTasks.add(task.task);
    if (task.owed !== null) this.beginWait(task.parentTask);
  }

  #created(event: EventOf<'task.created'>): void {
    const { task, pid, parentTask, spec, isInitial, owed } = event.body;
    this.#enter({
      task,
      pid,
      by: event.by,
      parentTask,
      spec,
      isInitial,
      owed,
      createdMonoMs: event.monoMs,
      isRunning: false,
      tries: 0,
      deadlineMonoMs: 0,
      waits: 0,
      timer: undefined,
    });
    this.#touch(pid, event);
  }

  #started(event: EventOf<'task.started'>): void {
    const task = this.byId.get(event.body.task);
    const record = this.#table.find(event.body.pid);
    if (task === undefined || record === undefined) return;
    task.isRunning = true;
    task.tries += 1;
    task.deadlineMonoMs = event.monoMs + task.spec.timeoutMs;
    record.tasksInLine.delete(task.task);
    record.tasksRunning += 1;
    if (task.waits > 0) record.waits += 1;
    this.#touch(event.body.pid, event);
  }

  /** In line again, in the order of arrival. */
  #retried(event: EventOf<'task.retried'>): void {
    const task = this.byId.get(event.body.task);
    const record = this.#table.find(event.body.pid);
    if (task === undefined || record === undefined || !task.isRunning) return;
    task.isRunning = false;
    record.tasksRunning -= 1;
    if (task.waits > 0) record.waits -= 1;
    const inLine = [...record.tasksInLine, task.task].sort((a, b) => a - b);
    record.tasksInLine.clear();
    for (const id of inLine) record.tasksInLine.add(id);
    this.#touch(task.pid, event);
  }

  #resumed(pid: Pid, monoMs: number): void {
    const pausedMs = monoMs - (this.#table.find(pid)?.pausedMonoMs ?? monoMs);
    for (const task of this.of(pid)) if (task.isRunning) task.deadlineMonoMs += pausedMs;
  }

  #ended(event: EventOf<'task.ended'>): void {
    const task = this.byId.get(event.body.task);
    if (task === undefined) return;
    this.byId.delete(task.task);
    this.#table.find(task.by)?.requestedTasks.delete(task.task);
    if (task.owed !== null) this.endWait(task.parentTask);
    const record = this.#table.find(task.pid);
    if (record === undefined) return;
    record.tasks.delete(task.task);
    record.tasksInLine.delete(task.task);
    if (task.isRunning) record.tasksRunning -= 1;
    if (task.isRunning && task.waits > 0) record.waits -= 1;
    record.lastOutput = event.body.result.output;
    this.#touch(task.pid, event);
  }

  #touch(pid: Pid, event: { seq: Seq; by: Pid }): void {
    const record = this.#table.find(pid);
    if (record === undefined) return;
    record.changedSeq = event.seq;
    record.changedBy = event.by;
  }
}
