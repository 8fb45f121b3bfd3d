// The killer: ends a process or a subtree, and answers when nothing of it is left.
//   P10. The whole subtree is `stopping` first, so nobody in it spawns any more; then leaves go
//        before their parents; the answer comes after the last OS process is gone.
//   P8. Killed means dead, result -1. Killing a dead one succeeds again.

import { KernelError } from '../errors.ts';
import type { CallRef, EventOf } from '../events/event.ts';
import type { EffectQueue } from '../events/effects.ts';
import type { Handlers } from '../events/fold.ts';
import type { Log } from '../events/log.ts';
import type { ShutdownReason } from '../events/words.ts';
import type { Pid, Seq } from '../ids.ts';
import { requireAccess } from '../permissions/acl.ts';
import type { ProcessRecord } from '../process/record.ts';
import { isLive } from '../process/states.ts';
import type { ProcessTable } from '../process/table.ts';
import { leavesFirst } from '../process/tree.ts';
import { move } from '../scheduler/activity.ts';
import type { Life, LifeListener } from './life.ts';

export interface KillOrder {
  readonly isRecursive: boolean;
  readonly reason: ShutdownReason;
  readonly graceMs: number;
}

export interface KillRecord {
  readonly kill: Seq;
  readonly root: Pid;
  /** Leaves first, the root last; what the answer lists. */
  readonly targets: readonly Pid[];
  readonly reason: ShutdownReason;
  readonly graceMs: number;
  readonly owed: CallRef | null;
  /** Targets that still live. */
  readonly left: Set<Pid>;
  /** Of `left`, how many are children of each process: those go first (P10). */
  readonly leftBelow: Map<Pid, number>;
}

/** What a snapshot keeps of it; the rest is counted anew. */
export type KillImage = Omit<KillRecord, 'left' | 'leftBelow'>;

/** The kills under way; folded. */
export class KillTable {
  readonly #table: ProcessTable;
  readonly byId = new Map<Seq, KillRecord>();
  readonly #byPid = new Map<Pid, Set<KillRecord>>();

  constructor(table: ProcessTable) {
    this.#table = table;
  }

  of(pid: Pid): Iterable<KillRecord> {
    return this.#byPid.get(pid) ?? [];
  }

  handlers(): Handlers {
    return {
      'kill.began': (event) => this.#began(event),
      'kill.ended': (event) => {
        const kill = this.byId.get(event.body.kill);
        if (kill === undefined) return;
        this.byId.delete(kill.kill);
        for (const pid of kill.targets) this.#forget(kill, pid);
      },
      'process.exited': (event) => this.#exited(event.body.pid),
      // P9: its children are its heir's now.
      'process.gone': ({ body: { pid, heir } }) => {
        for (const { leftBelow } of this.of(pid)) {
          const orphans = leftBelow.get(pid) ?? 0;
          leftBelow.delete(pid);
          if (orphans > 0) leftBelow.set(heir, (leftBelow.get(heir) ?? 0) + orphans);
        }
      },
    };
  }

  restore(kill: KillImage): void {
    const record: KillRecord = { ...kill, left: new Set(), leftBelow: new Map() };
    for (const pid of kill.targets) {
      const target = this.#table.find(pid);
      if (target === undefined || !isLive(target.state)) continue;
      record.left.add(pid);
      countBelow(record, target.parent, 1);
    }
    this.byId.set(kill.kill, record);
    for (const pid of kill.targets) {
      const kills = this.#byPid.get(pid);
      if (kills === undefined) this.#byPid.set(pid, new Set([record]));
      else kills.add(record);
    }
  }

  #began(event: EventOf<'kill.began'>): void {
    this.restore({ kill: event.seq, ...event.body });
  }

  #exited(pid: Pid): void {
    const parent = this.#table.find(pid)?.parent;
    for (const kill of this.of(pid)) if (kill.left.delete(pid)) countBelow(kill, parent, -1);
  }

  #forget(kill: KillRecord, pid: Pid): void {
    const kills = this.#byPid.get(pid);
    kills?.delete(kill);
    if (kills?.size === 0) this.#byPid.delete(pid);
  }
}

export class Killer implements LifeListener {
  readonly #log: Log;
  readonly #kills: KillTable;
  readonly #effects: EffectQueue;
  readonly #life: Life;
  /** Whose turn it is to be stopped; empty between inputs. */
  readonly #due: [KillRecord, ProcessRecord][] = [];
  #isStopping = false;

  constructor(options: { log: Log; kills: KillTable; effects: EffectQueue; life: Life }) {
    this.#log = options.log;
    this.#kills = options.kills;
    this.#effects = options.effects;
    this.#life = options.life;
  }

  /** The pids at once when nothing had to be stopped; otherwise the reply is owed to `ref`. */
  kill(
    caller: ProcessRecord,
    target: ProcessRecord,
    order: KillOrder & { ref: CallRef | null },
  ): readonly Pid[] | undefined {
    if (target.parent === undefined) {
      throw new KernelError('permission_denied', 'denied: the king cannot be killed (P2).');
    }
    if (caller === target) {
      throw new KernelError('invalid_argument', 'A process ends itself by exit, not by kill.');
    }
    requireAccess(caller, 'kill', target);
    const all = order.isRecursive ? leavesFirst(target) : [target];
    const living = all.filter((record) => isLive(record.state));
    this.#buryZombies(all);
    if (living.length === 0) return [target.pid];
    this.#begin(target, living, order);
    return undefined;
  }

  onExited(record: ProcessRecord): void {
    for (const kill of [...this.#kills.of(record.pid)]) this.#advance(kill, record);
  }

  #begin(
    target: ProcessRecord,
    living: readonly ProcessRecord[],
    order: KillOrder & { ref: CallRef | null },
  ): void {
    for (let i = living.length - 1; i >= 0; i -= 1) {
      const record = living[i] as ProcessRecord;
      if (record.state !== 'stopping') move(this.#log, record, { event: 'stop' });
    }
    const targets = living.map((record) => record.pid);
    const { reason, graceMs, ref } = order;
    const kill = this.#log.emit('kill.began', {
      root: target.pid,
      targets,
      reason,
      graceMs,
      owed: ref,
    });
    const record = this.#kills.byId.get(kill) as KillRecord;
    for (const one of living) if (!hasLeft(record, one)) this.#due.push([record, one]);
    this.#stopDue();
  }

  /** A process of the kill is gone: its parent may be next, and the last one ends the kill. */
  #advance(kill: KillRecord, exited: ProcessRecord): void {
    if (kill.left.size === 0) {
      this.#end(kill);
      return;
    }
    const parent = exited.parent;
    if (parent === undefined || !kill.left.has(parent.pid)) return;
    if (!hasLeft(kill, parent)) this.#due.push([kill, parent]);
    this.#stopDue();
  }

  /**
   * A virtual process ends as it is stopped, which makes its parent due: one loop, however deep.
   */
  #stopDue(): void {
    if (this.#isStopping) return;
    this.#isStopping = true;
    // It grows as it is walked.
    for (const [{ reason, graceMs }, record] of this.#due) {
      if (isLive(record.state)) this.#life.stop(record, { reason, graceMs });
    }
    this.#due.length = 0;
    this.#isStopping = false;
  }

  #end(kill: KillRecord): void {
    if (!this.#kills.byId.has(kill.kill)) return;
    this.#log.emit('kill.ended', { kill: kill.kill, root: kill.root });
    if (kill.owed === null) return;
    const value = { killed: kill.targets };
    this.#effects.push({ do: 'reply', to: kill.owed, result: { ok: true, value } });
  }

  #buryZombies(records: readonly ProcessRecord[]): void {
    for (const record of records) {
      if (record.state === 'zombie') this.#life.collect(record, false);
    }
  }
}

function countBelow(kill: KillRecord, parent: ProcessRecord | undefined, by: 1 | -1): void {
  if (parent === undefined) return;
  kill.leftBelow.set(parent.pid, (kill.leftBelow.get(parent.pid) ?? 0) + by);
}

/** Has it children in the kill that still live? Those go first (P10). */
const hasLeft = (kill: KillRecord, record: ProcessRecord): boolean =>
  (kill.leftBelow.get(record.pid) ?? 0) > 0;
