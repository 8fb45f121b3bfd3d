// Supervisor: decides what happens when the run of a process ended, and starts it again.
//   S2. By its policy: restart, the parent's decision, or the end.
//   S3. A strategy other than one_for_one takes siblings down and up again with it (groups.ts).
//   S4. Backoff rises with restarts in a row and is forgotten after health; more than `restartsMax`
//       in a row quarantine the process, never the kernel.
//   S5. What was killed meanwhile stays dead: the record is read again before a restart. A restart
//       keeps pid, name, parent, mailbox, artifacts and the last checkpoint.
//   DESIGN §4. The death of the kernel is nobody's fault: what comes back after it comes back at
//       once and is not counted; what has another policy waits for its parent's decision.

import { KernelError } from '../errors.ts';
import type { BodyOf, CallRef } from '../events/event.ts';
import type { Log } from '../events/log.ts';
import type { Timer, Timers } from '../events/timers.ts';
import type { ExitCause } from '../events/words.ts';
import type { Pid } from '../ids.ts';
import type { Chance } from '../ports.ts';
import { describeProcess, isVirtual, type ProcessRecord } from '../process/record.ts';
import { checkReturn } from '../process/spawn-rules.ts';
import { requireMove } from '../process/states.ts';
import { upMs, type ProcessTable } from '../process/table.ts';
import type { TaskTable } from '../scheduler/task-table.ts';
import type { KernelSettings } from '../settings.ts';
import type { Groups } from './groups.ts';
import type { KillTable } from './kill-table.ts';
import type { Judge, Life, RunEnd, Sentence } from './life.ts';
import type { StopFlag } from './stop-flag.ts';
import { AFTERMATH, backoffMs, comesBack, kindOfEnd } from './restart-policy.ts';

type Verdict =
  | { readonly fate: 'end' | 'decide' }
  /** The kernel stops: it comes back at the next boot. */
  | { readonly fate: 'suspend' }
  /** Its group is on its way down, and brings it back. */
  | { readonly fate: 'rejoin' }
  | { readonly fate: 'return'; readonly why: string; readonly owed: CallRef | null }
  | { readonly fate: 'restart'; readonly attempt: number }
  | { readonly fate: 'quarantine'; readonly restarts: number };

const RETURNS: Readonly<Record<Verdict['fate'], boolean>> = {
  end: false,
  decide: false,
  quarantine: false,
  suspend: true,
  rejoin: true,
  return: true,
  restart: true,
};

/** When all of it are down, the killer says so. */
const WITH_ITS_GROUP = { attempt: 0, atMonoMs: 0, delayMs: 0 } as const;

/** Not its own fault: not counted, and no group goes down for it. */
const BLAMELESS: ReadonlySet<ExitCause> = new Set<ExitCause>(['kernel_died', 'kernel_stopped']);

export class Supervisor implements Judge {
  readonly #log: Log;
  readonly #table: ProcessTable;
  readonly #kills: KillTable;
  readonly #tasks: TaskTable;
  readonly #timers: Timers;
  readonly #life: Life;
  readonly #groups: Groups;
  readonly #settings: KernelSettings;
  readonly #chance: Chance;
  readonly #stop: StopFlag;
  readonly #onCrashLoop: (record: ProcessRecord, why: string) => void;
  readonly #onUndecided: (record: ProcessRecord, why: string) => void;
  /** Volatile: derived from `restartAtMonoMs`. */
  readonly #due = new Map<Pid, Timer>();

  constructor(options: {
    log: Log;
    table: ProcessTable;
    kills: KillTable;
    tasks: TaskTable;
    timers: Timers;
    life: Life;
    groups: Groups;
    settings: KernelSettings;
    chance: Chance;
    stop: StopFlag;
    onCrashLoop: (record: ProcessRecord, why: string) => void;
    onUndecided: (record: ProcessRecord, why: string) => void;
  }) {
    this.#log = options.log;
    this.#table = options.table;
    this.#kills = options.kills;
    this.#tasks = options.tasks;
    this.#timers = options.timers;
    this.#life = options.life;
    this.#groups = options.groups;
    this.#settings = options.settings;
    this.#chance = options.chance;
    this.#stop = options.stop;
    this.#onCrashLoop = options.onCrashLoop;
    this.#onUndecided = options.onUndecided;
  }

  isDoomed(record: ProcessRecord): boolean {
    return this.#kills.dooms(record.pid);
  }

  judge(record: ProcessRecord, end: RunEnd): Sentence {
    const verdict = this.#judge(record, end);
    return {
      willReturn: RETURNS[verdict.fate],
      carryOut: () => this.#carryOut(record, end, verdict),
    };
  }

  /**
   * S5, by somebody's word: a live one is stopped first; an undecided zombie starts, and one that
   * backs off waits no more, unless for its group (S3). Answered when it is ready.
   */
  restart(record: ProcessRecord, how: { reason: string; graceMs: number; owed: CallRef }): void {
    if (this.#stop.isSet) {
      const what = `The kernel stops: ${describeProcess(record)} is not started any more.`;
      throw new KernelError('unavailable', what);
    }
    const { owed } = how;
    const why = how.reason === '' ? 'a restart was asked for' : how.reason;
    const isUndecided = record.state === 'zombie' && !record.isGone;
    if (isUndecided) this.#requirePlace(record);
    else requireRestartable(record);
    if (record.isRestarting && record.restartAtMonoMs === 0) {
      this.#comeBack(record, { ...WITH_ITS_GROUP, why, owed });
      return;
    }
    if (isUndecided || record.isRestarting) {
      this.#returnNow(record, { why, owed });
      return;
    }
    requireMove(record.state, 'stop', describeProcess(record));
    const { pid } = record;
    const halt = { cause: 'restarted', detail: why, next: 'restart', owed } as const;
    this.#log.emit('process.halting', { pid, ...halt });
    this.#life.stop(record, { reason: 'user_request', graceMs: how.graceMs });
  }

  #requirePlace(record: ProcessRecord): void {
    const parent = record.parent ?? this.#table.king;
    const { osProcessesMax: runtimesMax } = this.#settings;
    checkReturn({ parent, runtimes: this.#table.runtimes, runtimesMax });
  }

  /** All of a group are down: they start together, each unless it was killed meanwhile. */
  regroup(pids: readonly Pid[], delayMs: number): void {
    for (const pid of pids) {
      const record = this.#table.find(pid);
      if (record === undefined || record.state !== 'starting' || !record.isRestarting) continue;
      const atMonoMs = this.#log.monoMs + delayMs;
      const { owed } = record;
      this.#comeBack(record, { attempt: 0, atMonoMs, delayMs, why: 'its group is down', owed });
    }
  }

  /** DESIGN §4: after the last kernel's end, of what did not end by itself. */
  returnAfterBoot(record: ProcessRecord, why: string): void {
    this.#returnNow(record, { why, owed: record.owed });
  }

  /** S4: those that count, forgotten after health, in this run or an earlier one since. */
  restartsInRow(record: ProcessRecord): number {
    const healthyMs = Math.max(record.healthMs, upMs(record, this.#log.monoMs));
    return healthyMs >= this.#settings.restartHealthyMs ? 0 : record.restartsInRow;
  }

  /** At a restore: those that back off are waited for again. */
  rearm(): void {
    for (const record of this.#table.byPid.values()) {
      if (record.isRestarting && record.restartAtMonoMs > 0) {
        this.#arm(record, record.restartAtMonoMs);
      }
    }
  }

  #judge(record: ProcessRecord, end: RunEnd): Verdict {
    const { halting, spec } = record;
    if (end.isKill || this.isDoomed(record)) return { fate: 'end' }; // S5
    // What never was ready, and what has no runtime, has nothing to come back to.
    if (!record.wasReady || isVirtual(record)) return { fate: 'end' };
    if (halting?.next === 'end') return { fate: 'end' };
    for (const kill of this.#kills.of(record.pid)) {
      if (kill.spareFor === 'next_boot') return { fate: 'suspend' };
      if (kill.spareFor === 'restart') return { fate: 'rejoin' };
    }
    if (halting?.next === 'restart' && !end.isAnnounced) {
      return { fate: 'return', why: halting.detail, owed: halting.owed ?? end.owed };
    }
    if (BLAMELESS.has(end.cause)) {
      const why = 'the kernel ended under it';
      const { owed } = end;
      return comesBack(spec.restart) ? { fate: 'return', why, owed } : { fate: 'decide' };
    }
    // What was there for one task ends with it: there is nothing to come back for.
    if (spec.exitAfterTask && this.#isOutOfWork(record)) return { fate: 'end' };
    const aftermath = AFTERMATH[spec.restart][kindOfEnd(end)];
    if (aftermath !== 'restart') return { fate: aftermath };
    const restarts = this.restartsInRow(record);
    return restarts >= this.#settings.restartsMax
      ? { fate: 'quarantine', restarts }
      : { fate: 'restart', attempt: restarts + 1 };
  }

  /** It had tasks, and none of them will be tried again. */
  #isOutOfWork({ pid, tasks }: ProcessRecord): boolean {
    if (tasks.size === 0) return false;
    for (const { isRunning, tries, spec } of this.#tasks.of(pid)) {
      if (!isRunning || tries <= spec.retriesMax) return false;
    }
    return true;
  }

  #carryOut(record: ProcessRecord, end: RunEnd, verdict: Verdict): boolean {
    switch (verdict.fate) {
      case 'end':
        return true;
      case 'decide':
        this.#tellKing(record, end);
        return false;
      case 'suspend':
        return false;
      case 'rejoin':
        this.#comeBack(record, { ...WITH_ITS_GROUP, why: end.detail, owed: end.owed });
        return false;
      case 'return':
        this.#returnNow(record, verdict);
        return false;
      case 'quarantine':
        this.#quarantine(record, end, verdict.restarts);
        return true;
      case 'restart':
        this.#restart(record, end, verdict.attempt);
        return false;
    }
  }

  #restart(record: ProcessRecord, end: RunEnd, attempt: number): void {
    const { restartBackoff, restartsMax } = this.#settings;
    const delayMs = backoffMs(attempt - 1, { ...restartBackoff, chance: this.#chance });
    const what = end.detail === '' ? end.cause : `${end.cause}: ${end.detail}`;
    const why = `${what} (restart ${attempt} of ${restartsMax})`;
    const isGroup = this.#groups.wouldTakeDown(record);
    const atMonoMs = isGroup ? 0 : this.#log.monoMs + delayMs;
    this.#comeBack(record, { attempt, atMonoMs, delayMs, why, owed: end.owed });
    if (isGroup) this.#groups.takeDown(record, delayMs);
  }

  /** S2, M11: a parent is told by its signal; the king by an entry in people's inbox. */
  #tellKing(record: ProcessRecord, { cause, detail, isAnnounced }: RunEnd): void {
    // What it said itself is its result, and no alarm.
    if (record.parent?.parent !== undefined || BLAMELESS.has(cause) || isAnnounced) return;
    this.#onUndecided(record, detail === '' ? cause : `${cause}: ${detail}`);
  }

  #quarantine(record: ProcessRecord, end: RunEnd, restarts: number): void {
    const { cause, detail } = end;
    requireMove(record.state, 'quarantine', describeProcess(record));
    this.#life.forgetOldestQuarantined();
    this.#log.emit('process.crash_loop', { pid: record.pid, restarts, cause, detail });
    this.#onCrashLoop(record, `${restarts} restarts did not help; the last end: ${cause}`);
  }

  #returnNow(record: ProcessRecord, how: { why: string; owed: CallRef | null }): void {
    const atMonoMs = Math.max(1, this.#log.monoMs);
    this.#comeBack(record, { attempt: 0, atMonoMs, delayMs: 0, ...how });
  }

  /** `owed`: who is answered when it is ready; whoever was to be before is refused. */
  #comeBack(
    record: ProcessRecord,
    { owed, ...how }: Omit<BodyOf<'process.restarting'>, 'pid' | 'owed'> & { owed: CallRef | null },
  ): void {
    const { pid, owed: before } = record;
    if (record.state !== 'starting') requireMove(record.state, 'restart', describeProcess(record));
    this.#life.cancelDecay(record);
    // A backoff that was under way is over: its group says when (S3).
    this.#timers.cancel(this.#due.get(pid));
    this.#due.delete(pid);
    this.#log.emit('process.restarting', { pid, ...how, ...(owed !== null && { owed }) });
    if (before !== null && before !== owed) {
      this.#life.disappoint(before, `${describeProcess(record)} is being started anew`);
    }
    if (how.atMonoMs === 0) return;
    if (how.delayMs > 0) this.#arm(record, how.atMonoMs);
    else this.#relaunch(record);
  }

  #arm(record: ProcessRecord, atMonoMs: number): void {
    this.#timers.cancel(this.#due.get(record.pid));
    const timer = this.#timers.arm(atMonoMs, () => this.#relaunch(record));
    this.#due.set(record.pid, timer);
  }

  #relaunch(record: ProcessRecord): void {
    this.#timers.cancel(this.#due.get(record.pid));
    this.#due.delete(record.pid);
    const isWanted = record.state === 'starting' && record.isRestarting; // S5
    if (!isWanted || this.#stop.isSet) return;
    this.#log.emit('process.relaunched', { pid: record.pid });
    this.#life.launch(record);
  }
}

function requireRestartable(record: ProcessRecord): void {
  const why = isVirtual(record)
    ? 'is virtual: it has no runtime to be started again'
    : record.isGone
      ? "is gone for good: what it held is others' by now"
      : record.state === 'sleeping'
        ? 'sleeps: wake it instead'
        : record.wasReady
          ? undefined
          : 'is only just starting';
  if (why === undefined) return;
  throw new KernelError('wrong_state', `${describeProcess(record)} ${why} (S5).`, {
    details: { pid: record.pid, state: record.state },
  });
}
