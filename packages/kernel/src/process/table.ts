// The process table: every record by pid and by address, and the fold of the `process.*` events.
//   P1. `nextN` only rises. P7. An address belongs to one process until that is gone for good.
//   P9. What is gone leaves its children to `heir`.
// Nothing here decides; it only records what was decided.

import { assert, KernelError } from '../errors.ts';
import type { EventOf } from '../events/event.ts';
import type { Handlers } from '../events/fold.ts';
import type { State } from '../events/words.ts';
import { KING_PID, pidOf, type Pid, type Seq } from '../ids.ts';
import { newRecord, type Birth } from './birth.ts';
import { isVirtual, NOT_READY, type ProcessRecord } from './record.ts';
import { isLive } from './states.ts';

const SUFFIX_HINTS_MAX = 10_000;

export class ProcessTable {
  readonly partition: number;
  readonly byPid = new Map<Pid, ProcessRecord>();
  readonly #byAddress = new Map<string, ProcessRecord>();
  /** Where the search for a free suffix goes on: a thousand namesakes cost a thousand steps. */
  readonly #suffixHints = new Map<string, number>();
  /** The oldest first. */
  readonly quarantined = new Set<Pid>();
  #nextN = 1;
  #runtimes = 0;
  /** Told of each change of a state: what is armed for one goes with it. */
  readonly #onState: (record: ProcessRecord) => void;

  constructor(options: { partition: number; onState?: (record: ProcessRecord) => void }) {
    this.partition = options.partition;
    this.#onState = options.onState ?? ((): void => undefined);
  }

  get king(): ProcessRecord {
    const king = this.byPid.get(KING_PID);
    assert(king !== undefined, 'the king is there from the first event on (P2)');
    return king;
  }

  get nextPid(): Pid {
    return pidOf(this.partition, this.#nextN);
  }

  get nextN(): number {
    return this.#nextN;
  }

  /** Processes that have an OS process or will have one. */
  get runtimes(): number {
    return this.#runtimes;
  }

  find(pid: Pid): ProcessRecord | undefined {
    return this.byPid.get(pid);
  }

  /** Throws `not_found` for a pid that never was or whose record is gone (P8). */
  require(pid: Pid): ProcessRecord {
    const record = this.byPid.get(pid);
    if (record === undefined) throw unknownProcess(pid);
    return record;
  }

  atAddress(address: string): ProcessRecord | undefined {
    return this.#byAddress.get(address);
  }

  /** P7: the first free one of `wanted`, `wanted~2`, `wanted~3`, … */
  freeAddress(wanted: string): string {
    if (!this.#byAddress.has(wanted)) return wanted;
    let n = this.#suffixHints.get(wanted) ?? 2;
    while (this.#byAddress.has(`${wanted}~${n}`)) n += 1;
    if (this.#suffixHints.size >= SUFFIX_HINTS_MAX) this.#suffixHints.clear();
    this.#suffixHints.set(wanted, n + 1);
    return `${wanted}~${n}`;
  }

  /** Enters a record; also at a restore, where the rest of its fields is then filled in. */
  enter(birth: Birth): ProcessRecord {
    const record = newRecord(birth);
    this.byPid.set(record.pid, record);
    this.#byAddress.set(record.address, record);
    birth.parent?.children.set(record.pid, record);
    return record;
  }

  /** At a restore: the counter, and addresses of those that are gone already. */
  restoreCounters(nextN: number): void {
    this.#nextN = nextN;
    for (const record of this.byPid.values()) {
      if (record.isGone) this.#freeAddress(record);
      if (wantsRuntime(record)) this.#runtimes += 1;
      if (record.isQuarantined) this.quarantined.add(record.pid);
    }
  }

  handlers(): Handlers {
    return { ...this.#lifeHandlers(), ...this.#supervisionHandlers() };
  }

  #lifeHandlers(): Handlers {
    return {
      'process.spawned': (event) => this.#spawned(event),
      'process.started': (event) => {
        const record = this.require(event.body.pid);
        record.incarnation = event.body.incarnation;
        record.osPid = event.body.osPid;
        record.osStarted = event.body.osStarted;
        touch(record, event);
      },
      'process.moved': (event) => this.#moved(event),
      'process.start_failed': (event) => this.#remove(this.require(event.body.pid)),
      'process.responsive': (event) => {
        const record = this.require(event.body.pid);
        record.isResponsive = event.body.isResponsive;
        touch(record, event);
      },
      'process.exiting': (event) => {
        const record = this.require(event.body.pid);
        record.exiting = { exitCode: event.body.exitCode, output: event.body.output };
        touch(record, event);
      },
      'process.exited': (event) => this.#exited(event),
      'process.collected': (event) => {
        const record = this.require(event.body.pid);
        this.#setState(record, 'dead');
        record.isCollected = true;
        touch(record, event);
      },
      'process.gone': (event) => this.#gone(event),
      'process.removed': (event) => this.#remove(this.require(event.body.pid)),
      'process.reparented': (event) => this.#reparented(event),
    };
  }

  #supervisionHandlers(): Handlers {
    return {
      'process.halting': (event) => {
        const { pid, ...halt } = event.body;
        const record = this.require(pid);
        record.halting = halt;
        touch(record, event);
      },
      'process.restarting': (event) => this.#restarting(event),
      'process.relaunched': (event) => {
        const record = this.require(event.body.pid);
        record.isRestarting = false;
        record.isLaunched = true;
        touch(record, event);
      },
      'process.crash_loop': (event) => {
        const record = this.require(event.body.pid);
        this.#setState(record, 'dead');
        record.isQuarantined = true;
        this.quarantined.add(record.pid);
        touch(record, event);
      },
      'process.sleep_asked': (event) => {
        const record = this.require(event.body.pid);
        record.sleepAsked = true;
        touch(record, event);
      },
      'process.slept': (event) => {
        const record = this.require(event.body.pid);
        this.#setState(record, 'sleeping');
        record.sleepAsked = false;
        endRun(record, event.monoMs);
        touch(record, event);
      },
      'process.woken': (event) => {
        const record = this.require(event.body.pid);
        this.#setState(record, 'starting');
        record.isLaunched = !isVirtual(record);
        record.owed = event.body.owed ?? null;
        touch(record, event);
      },
      'process.checkpointed': (event) => {
        const record = this.require(event.body.pid);
        record.checkpoint = event.body.content;
        touch(record, event);
      },
    };
  }

  #spawned(event: EventOf<'process.spawned'>): void {
    const { pid, parent, spec, address } = event.body;
    const record = this.enter({
      pid,
      parent: this.byPid.get(parent),
      spec,
      address,
      wallMs: event.wallMs,
      monoMs: event.monoMs,
    });
    record.owed = event.body.owed;
    record.isLaunched = !isVirtual(record);
    if (record.parent !== undefined) record.parent.liveChildren += 1;
    if (wantsRuntime(record)) this.#runtimes += 1;
    this.#nextN = Math.max(this.#nextN, pid - pidOf(this.partition, 0) + 1);
    touch(record, event);
  }

  #moved(event: EventOf<'process.moved'>): void {
    const { pid, from, to, phase } = event.body;
    const record = this.require(pid);
    this.#setState(record, to);
    record.phase = phase;
    if (from === 'starting' && to === 'idle') {
      record.owed = null;
      record.wasReady = true;
      record.readyMonoMs = event.monoMs;
    }
    if (to === 'paused') record.isHeld = false;
    else if (from === 'paused') record.isHeld = to === 'stopping';
    if (to === 'paused') record.pausedMonoMs = event.monoMs;
    touch(record, event);
  }

  #exited(event: EventOf<'process.exited'>): void {
    const { pid, from, to, exitCode, cause, detail, output } = event.body;
    const record = this.require(pid);
    this.#setState(record, to);
    if (from === 'paused') record.isHeld = true;
    record.isCollected = false;
    record.sleepAsked = false;
    record.owed = null;
    endRun(record, event.monoMs);
    record.exit = { exitCode, cause, detail, output, wallMs: event.wallMs, monoMs: event.monoMs };
    touch(record, event);
  }

  #restarting(event: EventOf<'process.restarting'>): void {
    const { pid, attempt, atMonoMs } = event.body;
    const record = this.require(pid);
    this.#setState(record, 'starting');
    // The kernel may have died while it was being started: that run is over, too.
    endRun(record, event.monoMs);
    record.isRestarting = true;
    record.restartAtMonoMs = atMonoMs;
    record.owed = event.body.owed ?? null;
    if (attempt > 0) {
      record.restartsInRow = attempt;
      record.healthMs = 0;
    }
    touch(record, event);
  }

  #gone(event: EventOf<'process.gone'>): void {
    const record = this.require(event.body.pid);
    const heir = this.require(event.body.heir);
    record.isGone = true;
    this.#freeAddress(record);
    for (const child of record.children.values()) adopt(child, heir);
    record.children.clear();
    record.liveChildren = 0;
    touch(record, event);
  }

  /** P11. The address stays as it was fixed at spawn (P7). */
  #reparented(event: EventOf<'process.reparented'>): void {
    const record = this.require(event.body.pid);
    const from = record.parent;
    from?.children.delete(record.pid);
    if (from !== undefined && isLive(record.state)) from.liveChildren -= 1;
    adopt(record, this.require(event.body.to));
    touch(record, event);
  }

  /** In the fold only: the move was checked against the table before its event was written. */
  #setState(record: ProcessRecord, to: State): void {
    const wasLive = isLive(record.state);
    const hadRuntime = wantsRuntime(record);
    record.state = to;
    this.#runtimes += Number(wantsRuntime(record)) - Number(hadRuntime);
    if (record.parent !== undefined) {
      record.parent.liveChildren += Number(isLive(to)) - Number(wasLive);
    }
    this.#onState(record);
  }

  #remove(record: ProcessRecord): void {
    if (wantsRuntime(record)) this.#runtimes -= 1;
    if (isLive(record.state) && record.parent !== undefined) record.parent.liveChildren -= 1;
    record.parent?.children.delete(record.pid);
    this.#freeAddress(record);
    this.byPid.delete(record.pid);
    this.quarantined.delete(record.pid);
    record.state = 'dead';
    this.#onState(record);
  }

  #freeAddress(record: ProcessRecord): void {
    if (this.#byAddress.get(record.address) === record) this.#byAddress.delete(record.address);
  }
}

export const unknownProcess = (pid: Pid): KernelError =>
  new KernelError('not_found', `There is no process ${pid}.`, { details: { pid } });

/** DESIGN §3, read gate: who changed the record last. */
export function touch(record: ProcessRecord, event: { seq: Seq; by: Pid }): void {
  record.changedSeq = event.seq;
  record.changedBy = event.by;
}

/** It takes up one of the places for OS processes (P6), also while it backs off. */
const wantsRuntime = (record: ProcessRecord): boolean =>
  !isVirtual(record) && isLive(record.state) && record.state !== 'sleeping';

/** What was of the run that ended. */
function endRun(record: ProcessRecord, monoMs: number): void {
  record.healthMs = Math.max(record.healthMs, upMs(record, monoMs));
  record.readyMonoMs = NOT_READY;
  record.phase = '';
  record.osPid = 0;
  record.osStarted = '';
  record.isResponsive = true;
  record.isLaunched = false;
  record.isRestarting = false;
  record.exiting = undefined;
  record.halting = undefined;
}

/** How long its run has been ready by then. */
export const upMs = (record: ProcessRecord, monoMs: number): number =>
  record.readyMonoMs === NOT_READY ? 0 : monoMs - record.readyMonoMs;

function adopt(child: ProcessRecord, heir: ProcessRecord): void {
  child.parent = heir;
  heir.children.set(child.pid, child);
  if (isLive(child.state)) heir.liveChildren += 1;
  setDepths(child, heir.depth + 1);
}

function setDepths(root: ProcessRecord, depth: number): void {
  root.depth = depth;
  const stack = [root];
  for (let record = stack.pop(); record !== undefined; record = stack.pop()) {
    for (const child of record.children.values()) {
      child.depth = record.depth + 1;
      stack.push(child);
    }
  }
}
