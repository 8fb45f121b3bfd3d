// Life: how processes become ready, end, are mourned, decay and are forgotten. What follows an end
// (a restart, a decision of the parent, nothing) is the supervisor's word.
//   P8. At every exit the parent gets SIGCHLD. By itself: zombie; killed: dead. Gone for good frees
//       address, children and inbox at once; a zombie nobody collects is dead after 60 s; a dead
//       one's record stays readable for 60 s, a quarantined one's until an operator removes it.
//   P9. Children of what is gone go to the nearest living ancestor.

import { KernelError } from '../errors.ts';
import { firstBytes } from '../events/content.ts';
import type { CallResult, EffectQueue } from '../events/effects.ts';
import type { CallRef } from '../events/event.ts';
import type { Log } from '../events/log.ts';
import type { Timers } from '../events/timers.ts';
import type { ExitCause, ShutdownReason } from '../events/words.ts';
import type { Pid } from '../ids.ts';
import type { Broker } from '../ipc/broker.ts';
import type { MessageEnds } from '../ipc/message-ends.ts';
import type { Deliverer } from '../ipc/delivery.ts';
import { LIMITS } from '../limits.ts';
import { describeProcess, runOf, type ProcessRecord } from '../process/record.ts';
import { isLive, nextState } from '../process/states.ts';
import type { ProcessTable } from '../process/table.ts';
import { ancestorsOf } from '../process/tree.ts';
import { move } from '../scheduler/activity.ts';
import type { Dispatcher } from '../scheduler/dispatcher.ts';
import type { KernelSettings } from '../settings.ts';

export interface ExitReport {
  readonly exitCode: number;
  readonly cause: ExitCause;
  /** For people: "signal SIGSEGV", the last lines it printed. */
  readonly detail: string;
}

/** How a run ended, as it stands in the journal. */
export interface RunEnd extends ExitReport {
  /** Somebody asked for its end, and nothing spares it: dead, not a zombie. */
  readonly isKill: boolean;
  /** It said so itself. */
  readonly isAnnounced: boolean;
  readonly output: string;
  /** Who waits for it to be ready. */
  readonly owed: CallRef | null;
}

/** What follows the end of a run. */
export interface Sentence {
  /** There will be another run: what can wait for it waits. */
  readonly willReturn: boolean;
  /** Once the end is recorded. True: the process may be freed of all that it held. */
  carryOut(): boolean;
}

/** The supervisor, as far as an end needs it. */
export interface Judge {
  /** Whether a kill is under way that it does not survive (S5). */
  isDoomed(record: ProcessRecord): boolean;
  /** Before the end is recorded. */
  judge(record: ProcessRecord, end: RunEnd): Sentence;
}

export interface LifeListener {
  /**
   * A run of it ended and is recorded. `isOver`: its result is there to be taken. If not, it is on
   * its way back, asleep, or suspended until the next boot.
   */
  onExited(record: ProcessRecord, isOver: boolean): void;
  /** It never became ready, and its record goes at once; whoever counted on it is refused. */
  onStartFailed?(record: ProcessRecord, refusal: KernelError): void;
  /** S1: it goes on after a pause. */
  onContinued?(record: ProcessRecord): void;
}

export class Life {
  readonly #log: Log;
  readonly #table: ProcessTable;
  readonly #effects: EffectQueue;
  readonly #timers: Timers;
  readonly #broker: Broker;
  readonly #ends: MessageEnds;
  readonly #deliverer: Deliverer;
  readonly #dispatcher: Dispatcher;
  readonly #settings: KernelSettings;
  readonly #judge: () => Judge;
  readonly #listeners: () => readonly LifeListener[];

  constructor(options: {
    log: Log;
    table: ProcessTable;
    effects: EffectQueue;
    timers: Timers;
    broker: Broker;
    ends: MessageEnds;
    deliverer: Deliverer;
    dispatcher: Dispatcher;
    settings: KernelSettings;
    judge: () => Judge;
    listeners: () => readonly LifeListener[];
  }) {
    this.#log = options.log;
    this.#table = options.table;
    this.#effects = options.effects;
    this.#timers = options.timers;
    this.#broker = options.broker;
    this.#ends = options.ends;
    this.#deliverer = options.deliverer;
    this.#dispatcher = options.dispatcher;
    this.#settings = options.settings;
    this.#judge = options.judge;
    this.#listeners = options.listeners;
  }

  /** How many processes something in the world runs for: none, and a kernel can end. */
  get runtimesLeft(): number {
    let left = 0;
    for (const record of this.#table.byPid.values()) {
      if (record.isLaunched) left += 1;
    }
    return left;
  }

  /** Has the runtime make its next run. */
  launch(record: ProcessRecord): void {
    this.#effects.push({
      do: 'start',
      pid: record.pid,
      parent: record.parent?.pid ?? this.#table.king.pid,
      incarnation: runOf(record),
      spec: record.spec,
      address: record.address,
      checkpoint: record.checkpoint,
    });
  }

  /** Init was answered, or it is virtual: it may receive and work; one that was paused is again. */
  ready(record: ProcessRecord): void {
    const { isHeld } = record;
    move(this.#log, record, { event: 'ready' });
    this.#deliverer.note(record.pid);
    if (isHeld) this.pause(record);
    else this.#dispatcher.startNext(record);
  }

  /** S1, STOP: its runtime stands still; its mailbox fills, its tasks' deadlines wait. */
  pause(record: ProcessRecord): void {
    const { pid, incarnation } = record;
    move(this.#log, record, { event: 'pause' });
    this.#dispatcher.hold(record);
    if (record.isLaunched) this.#effects.push({ do: 'pause', pid, incarnation });
  }

  /** S1, CONT. */
  continue(record: ProcessRecord): void {
    const { pid, incarnation } = record;
    move(this.#log, record, { event: 'continue' });
    if (record.isLaunched) this.#effects.push({ do: 'resume', pid, incarnation });
    this.#dispatcher.release(record);
    this.#deliverer.note(pid);
    for (const listener of this.#listeners()) listener.onContinued?.(record);
  }

  /** Asks its runtime to end; what has none ends at once. */
  stop(record: ProcessRecord, how: { reason: ShutdownReason; graceMs: number }): void {
    const { pid } = record;
    if (record.state !== 'stopping') move(this.#log, record, { event: 'stop' });
    if (record.isLaunched)
      this.#effects.push({ do: 'stop', pid, incarnation: runOf(record), ...how });
    else this.exited(record, { exitCode: -1, cause: 'killed', detail: '' });
  }

  /** It ends itself with this result (S8): the runtime is stopped, then it is a zombie. */
  exit(record: ProcessRecord, how: { exitCode: number; output: string }): void {
    const { exitCode, output } = how;
    this.#log.emit('process.exiting', { pid: record.pid, exitCode, output });
    this.stop(record, { reason: 'normal', graceMs: this.#settings.termGraceMs });
  }

  /** Its run is over: its OS process is gone, or it never had one. */
  exited(record: ProcessRecord, report: ExitReport): void {
    const judge = this.#judge();
    const isDoomed = judge.isDoomed(record);
    if (record.halting?.next === 'sleep' && record.exiting === undefined && !isDoomed) {
      this.#fallAsleep(record);
      return;
    }
    const end = endOf(record, report, isDoomed);
    const to = nextState(record.state, end.isKill ? 'killed' : 'exit');
    if (to !== 'zombie' && to !== 'dead') return;
    const why = describeEnd(record, end);
    const sentence = judge.judge(record, end);
    this.#dispatcher.endAllOf(record, { why, willReturn: sentence.willReturn });
    const { exitCode, cause, detail, output } = end;
    const { pid, incarnation, state: from, halting, owed } = record;
    const body = { pid, incarnation, from, to, exitCode, cause, detail, output } as const;
    this.#log.emit('process.exited', body);
    this.#deliverer.reset(pid);
    this.#mourn(record);
    const isFree = sentence.carryOut();
    // Who asked for a spawn, sleep or a restart does not get it, unless it comes back.
    for (const asked of [owed, halting?.owed ?? null]) {
      if (asked !== null && record.owed !== asked) this.disappoint(asked, why);
    }
    const isOver = !isLive(record.state) && !sentence.willReturn;
    for (const listener of this.#listeners()) listener.onExited(record, isOver);
    if (isFree) this.gone(record);
    if (isOver) this.scheduleDecay(record);
  }

  /** It never became ready: nothing of it stays (PROTOCOL §3); its children go to its heir (P9). */
  startFailed(record: ProcessRecord, why: { error: string; refusal: KernelError }): void {
    this.#dispatcher.endAllOf(record, { why: why.refusal.message, willReturn: false });
    for (const listener of this.#listeners()) listener.onStartFailed?.(record, why.refusal);
    this.gone(record);
    this.#log.emit('process.start_failed', { pid: record.pid, error: why.error });
  }

  /** A wait took its result (S8): a zombie is dead now, and its record is soon forgotten. */
  collect(record: ProcessRecord, isExpired: boolean): void {
    const { pid, state: from } = record;
    this.#log.emit('process.collected', { pid, from, expired: isExpired });
    this.gone(record);
    this.scheduleDecay(record);
  }

  /** P8: frees what it held. Its children go to the nearest living ancestor, with SIGHUP (P9). */
  gone(record: ProcessRecord): void {
    if (record.isGone) return;
    // Of one that was to come back, and now does not.
    const why = `${describeProcess(record)} does not come back`;
    if (record.tasks.size > 0) this.#dispatcher.endAllOf(record, { why, willReturn: false });
    const orphans = [...record.children.values()].filter((child) => isLive(child.state));
    const heir = this.heirOf(record);
    const unread = this.#ends.unread(record.pid);
    this.#log.emit('process.gone', { pid: record.pid, heir });
    this.#ends.reportUnread(unread);
    for (const orphan of orphans) this.#broker.signal(orphan, { signal: 'HUP', ppid: heir });
  }

  heirOf(record: ProcessRecord): Pid {
    for (const ancestor of ancestorsOf(record)) {
      if (isLive(ancestor.state)) return ancestor.pid;
    }
    return this.#table.king.pid;
  }

  /** P8: zombie to dead, dead to forgotten; also at a restore. */
  scheduleDecay(record: ProcessRecord): void {
    if (isLive(record.state) || record.exit === undefined || record.isQuarantined) return;
    this.#timers.cancel(record.decay);
    const isZombie = record.state === 'zombie';
    const keptMs = isZombie ? this.#settings.zombieKeptMs : this.#settings.recordKeptMs;
    const dueMonoMs = (isZombie ? record.exit.monoMs : this.#log.monoMs) + keptMs;
    const scanMs = this.#settings.reapScanMs;
    const atMonoMs = Math.ceil(dueMonoMs / scanMs) * scanMs;
    record.decay = this.#timers.arm(atMonoMs, () => this.#decay(record));
  }

  /** It is no zombie any more, and lives. */
  cancelDecay(record: ProcessRecord): void {
    this.#timers.cancel(record.decay);
    record.decay = undefined;
  }

  /** S4: room for one more; they stay until an operator removes them, or there are too many. */
  forgetOldestQuarantined(): void {
    const { quarantined } = this.#table;
    if (quarantined.size < LIMITS.quarantinedMax) return;
    const [oldest] = quarantined;
    if (oldest !== undefined) this.forget(this.#table.require(oldest));
  }

  /** Of a dead one or a zombie, nothing stays. */
  forget(record: ProcessRecord): void {
    this.cancelDecay(record);
    if (record.state === 'zombie') this.collect(record, false);
    else this.gone(record);
    this.cancelDecay(record);
    this.#log.emit('process.removed', { pid: record.pid });
  }

  /** What was owed to `to` does not come. */
  disappoint(to: CallRef, why: string): void {
    this.#answer(to, { ok: false, error: new KernelError('cancelled', `${why}.`) });
  }

  #answer(to: CallRef, result: CallResult): void {
    this.#effects.push({ do: 'reply', to, result });
  }

  #decay(record: ProcessRecord): void {
    record.decay = undefined;
    if (record.state === 'zombie') this.collect(record, true);
    else if (record.state === 'dead') this.#log.emit('process.removed', { pid: record.pid });
  }

  /** S7: no end, so nobody is told of one. */
  #fallAsleep(record: ProcessRecord): void {
    const { pid, incarnation, halting } = record;
    const why = `${describeProcess(record)} fell asleep`;
    this.#dispatcher.endAllOf(record, { why, willReturn: true });
    this.#log.emit('process.slept', { pid, incarnation });
    this.#deliverer.reset(pid);
    if (halting?.owed !== undefined) this.#answer(halting.owed, { ok: true, value: {} });
    for (const listener of this.#listeners()) listener.onExited(record, false);
  }

  /**
   * P8. A virtual parent finds it in its inbox. The king does not: the kernel itself acts for it,
   * and nobody would take thousands of them out of the inbox that is for people.
   */
  #mourn(record: ProcessRecord): void {
    const { exit, parent } = record;
    if (exit === undefined || parent?.parent === undefined) return;
    this.#broker.signal(parent, {
      signal: 'CHLD',
      pid: record.pid,
      name: record.spec.name,
      address: record.address,
      exitCode: exit.exitCode,
      cause: exit.cause,
      output: firstBytes(exit.output, LIMITS.signalOutputBytesMax),
      durationMs: exit.monoMs - record.spawnedMonoMs,
    });
  }
}

/** What it announced itself counts before what it was asked for, and that before what happened. */
function endOf(record: ProcessRecord, report: ExitReport, isDoomed: boolean): RunEnd {
  const { exiting, halting, owed, lastOutput: output } = record;
  const { detail } = report;
  if (exiting !== undefined) {
    return { ...exiting, cause: 'done', detail, isKill: false, isAnnounced: true, owed };
  }
  const end = { output, owed, isAnnounced: false };
  const isHalted = halting !== undefined && !isDoomed;
  if (isHalted) {
    const said = detail === '' ? halting.detail : `${halting.detail}; ${detail}`;
    const { cause } = halting;
    return { ...end, exitCode: -1, cause, detail: said, isKill: false };
  }
  const isKill = report.cause === 'killed' || record.state === 'stopping';
  const { exitCode, cause } = isKill ? { exitCode: -1, cause: 'killed' as const } : report;
  return { ...end, exitCode, cause, detail, isKill };
}

/** "worker-1 (pid 12) ended (crashed): exit code 41", for those whose task it had. */
function describeEnd(record: ProcessRecord, { cause, detail }: RunEnd): string {
  const what = `${describeProcess(record)} ended (${cause.replaceAll('_', ' ')})`;
  return detail === '' ? what : `${what}: ${detail}`;
}
