// Waiting for children: who waits for whom, and the one taking of a result.
//   S8. `wait_child` takes a result once; then it is already collected. A peek takes nothing.
//   S5. Who comes back has not ended: a wait for it goes on.
//   PROTOCOL §5. Own children only; the true exit code and output, -1 for a killed one; a timeout
//   of 0 or less means 60 s.

import { KernelError } from '../errors.ts';
import type { CallRef, EventOf } from '../events/event.ts';
import type { EffectQueue } from '../events/effects.ts';
import type { Handlers } from '../events/fold.ts';
import type { Log } from '../events/log.ts';
import type { Timer, Timers } from '../events/timers.ts';
import type { Pid, Seq, TaskId } from '../ids.ts';
import { describeProcess, type ProcessRecord } from '../process/record.ts';
import { isLive } from '../process/states.ts';
import type { ProcessTable } from '../process/table.ts';
import { settle } from '../scheduler/activity.ts';
import type { TaskTable } from '../scheduler/task-table.ts';
import type { Life, LifeListener } from './life.ts';
import { resultOf, type WaitReport } from './results.ts';

export interface WaitRecord {
  readonly wait: Seq;
  readonly pid: Pid;
  readonly target: Pid;
  readonly task: TaskId | null;
  readonly untilMonoMs: number;
  readonly owed: CallRef;
  readonly isPeek: boolean;
  /** Volatile. */
  timer: Timer | undefined;
}

/** The waits under way; folded. */
export class WaitTable {
  readonly #tasks: TaskTable;
  readonly byId = new Map<Seq, WaitRecord>();
  readonly #byTarget = new Map<Pid, Set<WaitRecord>>();
  readonly #byWaiter = new Map<Pid, Set<WaitRecord>>();

  constructor(tasks: TaskTable) {
    this.#tasks = tasks;
  }

  on(target: Pid): WaitRecord[] {
    return [...(this.#byTarget.get(target) ?? [])];
  }

  by(waiter: Pid): WaitRecord[] {
    return [...(this.#byWaiter.get(waiter) ?? [])];
  }

  handlers(): Handlers {
    return {
      'wait.began': (event) => this.#began(event),
      'wait.ended': (event) => this.#ended(event.body.wait),
    };
  }

  restore(wait: WaitRecord): void {
    this.byId.set(wait.wait, wait);
    add(this.#byTarget, wait.target, wait);
    add(this.#byWaiter, wait.pid, wait);
    this.#tasks.beginWait(wait.task);
  }

  #began(event: EventOf<'wait.began'>): void {
    const isPeek = event.body.isPeek === true;
    this.restore({ wait: event.seq, ...event.body, isPeek, timer: undefined });
  }

  #ended(id: Seq): void {
    const wait = this.byId.get(id);
    if (wait === undefined) return;
    this.byId.delete(id);
    drop(this.#byTarget, wait.target, wait);
    drop(this.#byWaiter, wait.pid, wait);
    this.#tasks.endWait(wait.task);
  }
}

export class Waiter implements LifeListener {
  readonly #log: Log;
  readonly #table: ProcessTable;
  readonly #waits: WaitTable;
  readonly #effects: EffectQueue;
  readonly #timers: Timers;
  readonly #life: Life;
  readonly #defaultMs: number;

  constructor(options: {
    log: Log;
    table: ProcessTable;
    waits: WaitTable;
    effects: EffectQueue;
    timers: Timers;
    life: Life;
    defaultMs: number;
  }) {
    this.#log = options.log;
    this.#table = options.table;
    this.#waits = options.waits;
    this.#effects = options.effects;
    this.#timers = options.timers;
    this.#life = options.life;
    this.#defaultMs = options.defaultMs;
  }

  /** The result where it is there already; otherwise the reply is owed to `ref`. */
  wait(
    caller: ProcessRecord,
    target: ProcessRecord,
    how: { timeoutMs: number; isPeek: boolean; task: TaskId | null; ref: CallRef },
  ): WaitReport | undefined {
    this.#check(caller, target);
    if (!isLive(target.state)) return this.#take(target, how.isPeek);
    const timeoutMs = how.timeoutMs > 0 ? how.timeoutMs : this.#defaultMs;
    const id = this.#log.emit('wait.began', {
      pid: caller.pid,
      target: target.pid,
      task: how.task,
      untilMonoMs: this.#log.monoMs + timeoutMs,
      owed: how.ref,
      ...(how.isPeek ? { isPeek: true } : {}),
    });
    this.#arm(this.#waits.byId.get(id) as WaitRecord);
    settle(this.#log, caller, `child ${target.pid}`);
    return undefined;
  }

  /** Of the caller's children: what nobody took yet. */
  pendingOf(parent: ProcessRecord): WaitReport[] {
    const found: WaitReport[] = [];
    for (const child of parent.children.values()) {
      if (!isLive(child.state) && !child.isCollected) found.push(resultOf(child));
    }
    return found;
  }

  onExited(record: ProcessRecord, isOver: boolean): void {
    this.endAllOf(record);
    if (!isOver) {
      if (!isLive(record.state)) this.#refuseSuspended(record);
      return;
    }
    for (const wait of this.#waits.on(record.pid)) {
      if (record.isCollected) this.#refuse(wait, alreadyCollected(record));
      else this.#answer(wait, this.#take(record, wait.isPeek));
    }
  }

  onStartFailed(record: ProcessRecord, refusal: KernelError): void {
    this.endAllOf(record);
    for (const wait of this.#waits.on(record.pid)) this.#refuse(wait, refusal);
  }

  /** The kernel stops, and who waits with it; the result is still to come (S5). */
  #refuseSuspended(record: ProcessRecord): void {
    const why = `The kernel stops; ${describeProcess(record)} comes back at its next boot.`;
    const error = new KernelError('unavailable', why);
    for (const wait of this.#waits.on(record.pid)) this.#refuse(wait, error);
  }

  /** It is no more. Its door may still be there, and holds the calls open. */
  endAllOf(waiter: ProcessRecord): void {
    for (const wait of this.#waits.by(waiter.pid)) {
      const why = `${describeProcess(waiter)}, which waited, is no more.`;
      this.#refuse(wait, new KernelError('cancelled', why));
    }
  }

  /** The caller gave the wait up. */
  cancel(ref: CallRef): boolean {
    for (const wait of this.#waits.by(ref.pid)) {
      if (wait.owed.id !== ref.id || wait.owed.channel !== ref.channel) continue;
      this.#refuse(wait, new KernelError('cancelled', 'The wait was cancelled.'));
      return true;
    }
    return false;
  }

  /** At a restore. */
  rearm(): void {
    for (const wait of this.#waits.byId.values()) this.#arm(wait);
  }

  #check(caller: ProcessRecord, target: ProcessRecord): void {
    if (target.parent !== caller) {
      throw new KernelError(
        'permission_denied',
        `denied: ${describeProcess(target)} is no child of ${describeProcess(caller)}; ` +
          'wait_child reaches own children only.',
      );
    }
    if (target.isCollected) throw alreadyCollected(target);
  }

  #take(target: ProcessRecord, isPeek: boolean): WaitReport {
    const result = resultOf(target);
    if (!isPeek) this.#life.collect(target, false);
    return result;
  }

  #arm(wait: WaitRecord): void {
    wait.timer = this.#timers.arm(wait.untilMonoMs, () =>
      this.#refuse(
        wait,
        new KernelError('timed_out', `Process ${wait.target} did not end in the time given.`),
      ),
    );
  }

  #answer(wait: WaitRecord, value: WaitReport): void {
    this.#end(wait);
    this.#effects.push({ do: 'reply', to: wait.owed, result: { ok: true, value } });
  }

  #refuse(wait: WaitRecord, error: KernelError): void {
    this.#end(wait);
    this.#effects.push({ do: 'reply', to: wait.owed, result: { ok: false, error } });
  }

  #end(wait: WaitRecord): void {
    this.#timers.cancel(wait.timer);
    this.#log.emit('wait.ended', { wait: wait.wait, pid: wait.pid });
    const waiter = this.#table.find(wait.pid);
    if (waiter !== undefined) settle(this.#log, waiter, '');
  }
}

const alreadyCollected = (target: ProcessRecord): KernelError =>
  new KernelError(
    'wrong_state',
    `The result of ${describeProcess(target)} was already collected (S8).`,
    { details: { pid: target.pid } },
  );

function add(map: Map<Pid, Set<WaitRecord>>, pid: Pid, wait: WaitRecord): void {
  const set = map.get(pid);
  if (set === undefined) map.set(pid, new Set([wait]));
  else set.add(wait);
}

function drop(map: Map<Pid, Set<WaitRecord>>, pid: Pid, wait: WaitRecord): void {
  const set = map.get(pid);
  set?.delete(wait);
  if (set?.size === 0) map.delete(pid);
}
