// Sleeper: stops the runtime of who need not run, and starts it again when there is something to
// do.
//   S7. Asleep, a process keeps pid, mailbox, tasks in line and checkpoint. A message, a task or a
//       wake starts it again. Sleep of a sleeper changes nothing; of a dead one it is refused, as
//       is the wake of who does not sleep. Itself, its ancestors and the operator may do both.
//   M8. What is accepted for a sleeper wakes it. What comes into a queue or a topic does not, so
//       who subscribes to something is never too idle to run on.

import { KernelError } from '../errors.ts';
import type { CallRef } from '../events/event.ts';
import type { Log } from '../events/log.ts';
import type { Timer, Timers } from '../events/timers.ts';
import type { Pid } from '../ids.ts';
import type { PostOffice } from '../ipc/post-office.ts';
import { describeProcess, isVirtual, type ProcessRecord } from '../process/record.ts';
import { isLive, requireMove } from '../process/states.ts';
import type { ProcessTable } from '../process/table.ts';
import { move } from '../scheduler/activity.ts';
import type { KernelSettings } from '../settings.ts';
import type { Life, LifeListener } from './life.ts';
import type { StopFlag } from './stop-flag.ts';

export class Sleeper implements LifeListener {
  readonly #log: Log;
  readonly #table: ProcessTable;
  readonly #office: PostOffice;
  readonly #timers: Timers;
  readonly #life: Life;
  readonly #settings: KernelSettings;
  readonly #isSubscriber: (pid: Pid) => boolean;
  /** Volatile: who has been idle, until when it may be. */
  readonly #idle = new Map<Pid, Timer>();
  /** Volatile: for whom something waits, and no place for an OS process is free (P6). */
  readonly #placeless = new Set<Pid>();
  #isLookDue = false;
  readonly #stop: StopFlag;

  constructor(options: {
    log: Log;
    table: ProcessTable;
    office: PostOffice;
    timers: Timers;
    life: Life;
    settings: KernelSettings;
    isSubscriber: (pid: Pid) => boolean;
    stop: StopFlag;
  }) {
    this.#log = options.log;
    this.#table = options.table;
    this.#office = options.office;
    this.#timers = options.timers;
    this.#life = options.life;
    this.#settings = options.settings;
    this.#isSubscriber = options.isSubscriber;
    this.#stop = options.stop;
  }

  /**
   * Where it is idle; true: the answer is owed to `owed` until it sleeps. One that asks for itself
   * while it runs tasks sleeps after them; others are refused (`wrong_state`).
   */
  sleep(target: ProcessRecord, how: { isSelf: boolean; owed: CallRef }): boolean {
    const { pid, state } = target;
    if (target.parent === undefined) {
      throw new KernelError('permission_denied', 'denied: the king never sleeps (P2).');
    }
    if (state === 'sleeping' || isFallingAsleep(target)) return false;
    if (how.isSelf && (state === 'running' || state === 'blocked')) {
      if (!target.sleepAsked) this.#log.emit('process.sleep_asked', { pid });
      return false;
    }
    if (state !== 'idle') throw cannotSleep(target);
    // It is not there any more to be told.
    return this.#fallAsleep(target, how.isSelf ? undefined : how.owed);
  }

  /** True: the answer is owed to `owed` until it is ready. */
  wake(target: ProcessRecord, why: string, owed?: CallRef): boolean {
    requireMove(target.state, 'wake', describeProcess(target));
    if (this.#stop.isSet) {
      const what = `The kernel stops: ${describeProcess(target)} sleeps on until its next boot.`;
      throw new KernelError('unavailable', what);
    }
    if (!this.#hasPlace(target)) throw this.#noPlace(target);
    const isOwed = owed !== undefined && !isVirtual(target);
    const { pid } = target;
    this.#log.emit('process.woken', { pid, why, ...(isOwed && { owed }) });
    if (isVirtual(target)) this.#life.ready(target);
    else this.#life.launch(target);
    return isOwed;
  }

  /**
   * Something waits for it: a sleeper wakes, unless the kernel is about to end; where no place is
   * free, as soon as one is.
   */
  stir(pid: Pid, why: string): void {
    const record = this.#table.find(pid);
    if (record?.state !== 'sleeping' || this.#stop.isSet) return;
    if (this.#hasPlace(record)) this.wake(record, why);
    else this.#placeless.add(pid);
  }

  /** Mail that came while it fell asleep. */
  onExited(record: ProcessRecord): void {
    this.stirForMail(record);
  }

  /** Also at boot. A virtual one keeps its mail, and wakes for what is new alone. */
  stirForMail(record: ProcessRecord): void {
    if (record.state !== 'sleeping' || isVirtual(record)) return;
    if (this.#office.depth(record.pid) > 0) this.stir(record.pid, 'mail');
    else if (record.tasksInLine.size > 0) this.stir(record.pid, 'a task');
  }

  /** Its last task is done. */
  onFinished(record: ProcessRecord): void {
    if (record.sleepAsked && record.state === 'idle') this.#fallAsleep(record);
  }

  /** From the table: its state is another now. S7: idle for `sleepAfterMs` is reason enough. */
  onState(record: ProcessRecord): void {
    if (this.#placeless.size > 0) this.#lookForPlaces();
    const { sleepAfterMs } = this.#settings;
    if (sleepAfterMs === 0) return;
    this.#timers.cancel(this.#idle.get(record.pid));
    this.#idle.delete(record.pid);
    if (record.state === 'idle' && !isVirtual(record)) this.#arm(record);
  }

  /** After a refold: who waited for a place waits on. */
  inherit(from: Sleeper): void {
    for (const pid of from.#placeless) this.#placeless.add(pid);
    if (this.#placeless.size > 0) this.#lookForPlaces();
  }

  /** In a turn of its own: the fold, which tells of the state, decides nothing. */
  #lookForPlaces(): void {
    if (this.#isLookDue || this.#table.runtimes >= this.#settings.osProcessesMax) return;
    this.#isLookDue = true;
    this.#timers.arm(this.#log.monoMs, () => {
      this.#isLookDue = false;
      for (const pid of this.#placeless) {
        if (this.#table.runtimes >= this.#settings.osProcessesMax) return;
        this.#placeless.delete(pid);
        const record = this.#table.find(pid);
        if (record !== undefined) this.stirForMail(record);
      }
    });
  }

  #hasPlace(record: ProcessRecord): boolean {
    return isVirtual(record) || this.#table.runtimes < this.#settings.osProcessesMax;
  }

  #noPlace(record: ProcessRecord): KernelError {
    const { runtimes } = this.#table;
    return new KernelError(
      'limit_exceeded',
      `${describeProcess(record)} sleeps on: this node runs ${runtimes} OS processes, its limit ` +
        '(P6). Let some end or sleep first.',
      { details: { pid: record.pid, processes_max: this.#settings.osProcessesMax } },
    );
  }

  #arm(record: ProcessRecord): void {
    const atMonoMs = this.#log.monoMs + this.#settings.sleepAfterMs;
    this.#idle.set(
      record.pid,
      this.#timers.arm(atMonoMs, () => this.#tire(record)),
    );
  }

  /** Who still handles a message, or waits for one as a subscriber, is not tired. */
  #tire(record: ProcessRecord): void {
    const { pid } = record;
    this.#idle.delete(pid);
    if (record.state !== 'idle' || this.#stop.isSet) return;
    if (this.#office.depth(pid) > 0 || this.#isSubscriber(pid)) this.#arm(record);
    else this.#fallAsleep(record);
  }

  #fallAsleep(record: ProcessRecord, owed?: CallRef): boolean {
    if (isVirtual(record)) {
      move(this.#log, record, { event: 'sleep' });
      return false;
    }
    const { pid } = record;
    const halt = { cause: 'done', detail: 'sleep', next: 'sleep' } as const;
    this.#log.emit('process.halting', { pid, ...halt, ...(owed && { owed }) });
    this.#life.stop(record, { reason: 'normal', graceMs: this.#settings.termGraceMs });
    return owed !== undefined;
  }
}

const isFallingAsleep = ({ state, halting }: ProcessRecord): boolean =>
  state === 'stopping' && halting?.next === 'sleep';

function cannotSleep(target: ProcessRecord): KernelError {
  const tasks = target.tasks.size;
  const busy = tasks === 0 ? '' : ` with ${tasks} task${tasks === 1 ? '' : 's'}`;
  const why = isLive(target.state)
    ? `is ${target.state}${busy}; only an idle process can be put to sleep`
    : `is ${target.state}`;
  return new KernelError('wrong_state', `${describeProcess(target)} ${why} (S7).`, {
    details: { pid: target.pid, state: target.state },
  });
}
