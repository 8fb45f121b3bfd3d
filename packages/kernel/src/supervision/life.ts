// Life: how processes become ready, end, are mourned, decay and are forgotten.
//   P8. At every exit the parent gets SIGCHLD. By itself: zombie; killed: dead. Gone for good frees
//       address, children and inbox at once; a zombie nobody collects is dead after 60 s; a dead
//       one's record stays readable for 60 s.
//   P9. Children of what is gone go to the nearest living ancestor.

import type { KernelError } from '../errors.ts';
import { firstBytes } from '../events/content.ts';
import type { EffectQueue } from '../events/effects.ts';
import type { Log } from '../events/log.ts';
import type { Timers } from '../events/timers.ts';
import type { ExitCause, ShutdownReason } from '../events/words.ts';
import type { Pid } from '../ids.ts';
import type { Broker } from '../ipc/broker.ts';
import type { Deliverer } from '../ipc/delivery.ts';
import { LIMITS } from '../limits.ts';
import { describeProcess, isVirtual, runOf, type ProcessRecord } from '../process/record.ts';
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

export interface LifeListener {
  /** Its exit is recorded; its resources are still there. */
  onExited(record: ProcessRecord): void;
  /** It never became ready, and its record goes at once; whoever counted on it is refused. */
  onStartFailed?(record: ProcessRecord, refusal: KernelError): void;
}

export class Life {
  readonly #log: Log;
  readonly #table: ProcessTable;
  readonly #effects: EffectQueue;
  readonly #timers: Timers;
  readonly #broker: Broker;
  readonly #deliverer: Deliverer;
  readonly #dispatcher: Dispatcher;
  readonly #settings: KernelSettings;
  readonly #listeners: () => readonly LifeListener[];

  constructor(options: {
    log: Log;
    table: ProcessTable;
    effects: EffectQueue;
    timers: Timers;
    broker: Broker;
    deliverer: Deliverer;
    dispatcher: Dispatcher;
    settings: KernelSettings;
    listeners: () => readonly LifeListener[];
  }) {
    this.#log = options.log;
    this.#table = options.table;
    this.#effects = options.effects;
    this.#timers = options.timers;
    this.#broker = options.broker;
    this.#deliverer = options.deliverer;
    this.#dispatcher = options.dispatcher;
    this.#settings = options.settings;
    this.#listeners = options.listeners;
  }

  /** Init was answered, or it is virtual: it may receive and work. */
  ready(record: ProcessRecord): void {
    move(this.#log, record, { event: 'ready' });
    this.#deliverer.note(record.pid);
    this.#dispatcher.startNext(record);
  }

  /** Asks its runtime to end; a virtual process ends at once. */
  stop(record: ProcessRecord, how: { reason: ShutdownReason; graceMs: number }): void {
    const { pid } = record;
    if (record.state !== 'stopping') move(this.#log, record, { event: 'stop' });
    if (isVirtual(record)) {
      this.exited(record, { exitCode: -1, cause: 'killed', detail: '' });
      return;
    }
    this.#effects.push({ do: 'stop', pid, incarnation: runOf(record), ...how });
  }

  /** It ends itself with this result (S8): the runtime is stopped, then it is a zombie. */
  exit(record: ProcessRecord, how: { exitCode: number; output: string }): void {
    const { exitCode, output } = how;
    this.#log.emit('process.exiting', { pid: record.pid, exitCode, output });
    this.stop(record, { reason: 'normal', graceMs: this.#settings.termGraceMs });
  }

  /** Its OS process is gone, or it never had one. */
  exited(record: ProcessRecord, report: ExitReport): void {
    const announced = record.exiting;
    const wasAsked = report.cause === 'killed' || record.state === 'stopping';
    const isKill = announced === undefined && wasAsked;
    const to = nextState(record.state, isKill ? 'killed' : 'exit');
    if (to !== 'zombie' && to !== 'dead') return;
    this.#dispatcher.endAllOf(record, describeEnd(record, report));
    this.#log.emit('process.exited', {
      pid: record.pid,
      incarnation: record.incarnation,
      from: record.state,
      to,
      exitCode: announced?.exitCode ?? (isKill ? -1 : report.exitCode),
      cause: announced !== undefined ? 'done' : isKill ? 'killed' : report.cause,
      detail: report.detail,
      output: announced?.output ?? record.lastOutput,
    });
    this.#deliverer.reset(record.pid);
    this.#mourn(record);
    for (const listener of this.#listeners()) listener.onExited(record);
    if (record.exit?.cause !== 'kernel_died') this.gone(record);
    this.scheduleDecay(record);
  }

  /** It never became ready: nothing of it stays (PROTOCOL §3); its children go to its heir (P9). */
  startFailed(record: ProcessRecord, why: { error: string; refusal: KernelError }): void {
    this.#dispatcher.endAllOf(record, why.refusal.message);
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
    const orphans = [...record.children.values()].filter((child) => isLive(child.state));
    const heir = this.heirOf(record);
    this.#log.emit('process.gone', { pid: record.pid, heir });
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
    if (isLive(record.state) || record.exit === undefined) return;
    this.#timers.cancel(record.decay);
    const isZombie = record.state === 'zombie';
    const keptMs = isZombie ? this.#settings.zombieKeptMs : this.#settings.recordKeptMs;
    const dueMonoMs = (isZombie ? record.exit.monoMs : this.#log.monoMs) + keptMs;
    const scanMs = this.#settings.reapScanMs;
    const atMonoMs = Math.ceil(dueMonoMs / scanMs) * scanMs;
    record.decay = this.#timers.arm(atMonoMs, () => this.#decay(record));
  }

  #decay(record: ProcessRecord): void {
    record.decay = undefined;
    if (record.state === 'zombie') this.collect(record, true);
    else if (record.state === 'dead') this.#log.emit('process.removed', { pid: record.pid });
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

/** "worker-1 (pid 12) ended (crashed): exit code 41", for those whose task it had. */
function describeEnd(record: ProcessRecord, { cause: reported, detail }: ExitReport): string {
  const cause = record.exiting === undefined ? reported : 'done';
  const what = `${describeProcess(record)} ended (${cause.replaceAll('_', ' ')})`;
  return detail === '' ? what : `${what}: ${detail}`;
}
