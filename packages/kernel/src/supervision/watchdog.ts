// Watchdog: ends who answers no heartbeat, makes no progress in its task, or has lived out its
// time.
//   S6. While a task runs, progress is a token, a syscall, a tool event; a heartbeat's answer is
//       none. Without any for `idleMs` the process is hung, unless it declared a long tool or waits
//       for the first token of a model, which has a limit of its own in the gateway. Who is blocked
//       waits for something that has a deadline itself, and is not hung;
//       who is paused owes nothing.
//   Either way: event, escalation, then what its policy says. The wall limit is for good.
// Volatile throughout (DESIGN §3): last progress is never folded; what is decided is an event.

import type { Log } from '../events/log.ts';
import type { Timer, Timers } from '../events/timers.ts';
import type { Severity } from '../events/words.ts';
import type { Pid } from '../ids.ts';
import { LIMITS } from '../limits.ts';
import { isVirtual, type ProcessRecord } from '../process/record.ts';
import { isLive } from '../process/states.ts';
import type { KernelSettings } from '../settings.ts';
import type { Life } from './life.ts';

interface Watch {
  readonly record: ProcessRecord;
  progressMonoMs: number;
  timer: Timer | undefined;
}

/** Tells the parent, and whoever is above it. */
export type Alarm = (
  record: ProcessRecord,
  what: { issue: string; severity: Severity; context: Readonly<Record<string, string>> },
) => void;

export class Watchdog {
  readonly #log: Log;
  readonly #timers: Timers;
  readonly #life: Life;
  readonly #settings: KernelSettings;
  readonly #alarm: Alarm;
  /** Who runs a task now. */
  readonly #watches = new Map<Pid, Watch>();
  /** Until when silence was declared, for tools and for model calls. */
  readonly #quietTools = new Map<Pid, number>();
  readonly #quietModels = new Map<Pid, number>();
  readonly #walls = new Map<Pid, Timer>();
  /** Since when each is paused. */
  readonly #pauses = new Map<Pid, number>();

  constructor(options: {
    log: Log;
    timers: Timers;
    life: Life;
    settings: KernelSettings;
    alarm: Alarm;
  }) {
    this.#log = options.log;
    this.#timers = options.timers;
    this.#life = options.life;
    this.#settings = options.settings;
    this.#alarm = options.alarm;
  }

  /** A syscall of it, or a token for it. */
  progressed(pid: Pid): void {
    const watch = this.#watches.get(pid);
    if (watch !== undefined) watch.progressMonoMs = this.#log.monoMs;
  }

  /** Its model calls may be silent for so long from now; 0: as ever. */
  modelQuiet(pid: Pid, quietMs: number): void {
    this.progressed(pid);
    if (quietMs > 0) this.#quietModels.set(pid, this.#until(quietMs));
    else this.#quietModels.delete(pid);
  }

  /** It declared a long tool; a later word takes the place of this one, and 0 ends it. */
  toolQuiet(pid: Pid, quietMs: number): void {
    if (quietMs > 0) this.#quietTools.set(pid, this.#until(quietMs));
    else this.#quietTools.delete(pid);
  }

  /** From the table, and at a restore: its state is this now. */
  onState(record: ProcessRecord): void {
    const { pid, state } = record;
    if (!isLive(state)) {
      this.#forget(pid);
      return;
    }
    this.#hold(record);
    if (state === 'running' && !isVirtual(record) && record.parent !== undefined) {
      this.#begin(record);
    } else this.#end(pid);
    const isFree = state === 'idle' && record.tasksRunning === 0;
    if (isFree || !record.isLaunched) this.#forgetQuiet(pid);
    // Who is being stopped may be so because its time is up.
    const isTimed = record.spec.watch.wallMs > 0 && state !== 'stopping';
    if (isTimed && !this.#walls.has(pid)) this.#armWall(record);
  }

  /** After a refold: silences that were declared to the kernel before it, and still hold. */
  inherit(from: Watchdog): void {
    for (const [pid, untilMonoMs] of from.#quietTools) this.#quietTools.set(pid, untilMonoMs);
    for (const [pid, untilMonoMs] of from.#quietModels) this.#quietModels.set(pid, untilMonoMs);
  }

  /** S6: it owes the answer to a heartbeat for too long. */
  unresponsive(record: ProcessRecord): void {
    const seconds = this.#settings.unresponsiveAfterMs / MS_PER_SECOND;
    const detail = `no answer to a heartbeat within ${seconds} s`;
    this.#condemn(record, { cause: 'unresponsive', detail });
  }

  /** S1: the time that it was paused is not the time of its tools. */
  #hold({ pid, state }: ProcessRecord): void {
    const sinceMonoMs = this.#pauses.get(pid);
    if (state === 'paused') {
      this.#pauses.set(pid, this.#log.monoMs);
      return;
    }
    if (sinceMonoMs === undefined) return;
    this.#pauses.delete(pid);
    for (const quiet of [this.#quietTools, this.#quietModels]) {
      const untilMonoMs = quiet.get(pid);
      if (untilMonoMs === undefined) continue;
      quiet.set(pid, untilMonoMs + this.#log.monoMs - sinceMonoMs);
    }
  }

  #begin(record: ProcessRecord): void {
    if (this.#watches.has(record.pid) || record.spec.watch.idleMs === 0) return;
    const watch: Watch = { record, progressMonoMs: this.#log.monoMs, timer: undefined };
    this.#watches.set(record.pid, watch);
    this.#arm(watch, watch.progressMonoMs + record.spec.watch.idleMs);
  }

  #arm(watch: Watch, atMonoMs: number): void {
    watch.timer = this.#timers.arm(atMonoMs, () => this.#look(watch));
  }

  /** One timer a process, set anew only when it fires: progress costs no timer. */
  #look(watch: Watch): void {
    const { record, progressMonoMs } = watch;
    const { pid } = record;
    const dueMonoMs = Math.max(
      progressMonoMs + record.spec.watch.idleMs,
      this.#quietTools.get(pid) ?? 0,
      this.#quietModels.get(pid) ?? 0,
    );
    if (this.#log.monoMs < dueMonoMs) {
      this.#arm(watch, dueMonoMs);
      return;
    }
    const silentMs = this.#log.monoMs - progressMonoMs;
    const limitMs = record.spec.watch.idleMs;
    this.#log.emit('process.hung', { pid, silentMs, limitMs });
    const seconds = Math.round(silentMs / MS_PER_SECOND);
    this.#condemn(record, { cause: 'hung', detail: `no progress in its task for ${seconds} s` });
  }

  #condemn(record: ProcessRecord, why: { cause: 'hung' | 'unresponsive'; detail: string }): void {
    const { state } = record;
    if (state === 'stopping' || state === 'paused' || !record.isLaunched) return;
    const { pid, spec, address } = record;
    const context = { pid: String(pid), name: spec.name, address, detail: why.detail };
    this.#alarm(record, { issue: why.cause, severity: 'error', context });
    this.#log.emit('process.halting', { pid, ...why, next: 'policy' });
    // It would not answer a Shutdown either.
    this.#life.stop(record, { reason: 'normal', graceMs: 0 });
  }

  #armWall(record: ProcessRecord): void {
    const { wallMs } = record.spec.watch;
    const timer = this.#timers.arm(record.spawnedMonoMs + wallMs, () => this.#expire(record));
    this.#walls.set(record.pid, timer);
  }

  #expire(record: ProcessRecord): void {
    this.#walls.delete(record.pid);
    if (!isLive(record.state) || record.exiting !== undefined) return;
    const { pid } = record;
    const limitMs = record.spec.watch.wallMs;
    this.#log.emit('process.over_limit', { pid, limitMs });
    const detail = `its wall limit of ${limitMs / MS_PER_SECOND} s has passed`;
    const owed = record.halting?.owed;
    const halt = { cause: 'over_limit', detail, next: 'end' } as const;
    this.#log.emit('process.halting', { pid, ...halt, ...(owed && { owed }) });
    this.#life.stop(record, { reason: 'normal', graceMs: this.#settings.termGraceMs });
  }

  #until(quietMs: number): number {
    return this.#log.monoMs + Math.min(quietMs, LIMITS.quietMsMax);
  }

  #end(pid: Pid): void {
    const watch = this.#watches.get(pid);
    if (watch === undefined) return;
    this.#timers.cancel(watch.timer);
    this.#watches.delete(pid);
  }

  /** It ended. */
  #forget(pid: Pid): void {
    this.#end(pid);
    this.#forgetQuiet(pid);
    this.#pauses.delete(pid);
    this.#timers.cancel(this.#walls.get(pid));
    this.#walls.delete(pid);
  }

  #forgetQuiet(pid: Pid): void {
    this.#quietTools.delete(pid);
    this.#quietModels.delete(pid);
  }
}

const MS_PER_SECOND = 1_000;
