// The kills under way: who is to be ended, who of them is still there, whose turn it is. Folded.
//   P10. Of `left`, those with nobody of the kill below them go first.
//   S3, DESIGN §4. A kill may spare some: they come back when all are down, or at the next boot.

import type { CallRef, EventOf } from '../events/event.ts';
import type { Handlers } from '../events/fold.ts';
import type { ShutdownReason } from '../events/words.ts';
import type { Pid, Seq } from '../ids.ts';
import type { ProcessRecord } from '../process/record.ts';
import type { ProcessTable } from '../process/table.ts';

export interface KillRecord {
  readonly kill: Seq;
  readonly root: Pid;
  /** Leaves first, the root last; what the answer lists. */
  readonly targets: readonly Pid[];
  readonly reason: ShutdownReason;
  readonly graceMs: number;
  readonly owed: CallRef | null;
  /** Who of the targets comes back (S3); with its group, also who brought it down. */
  readonly spared?: readonly Pid[];
  readonly spareFor?: 'restart' | 'next_boot';
  readonly delayMs?: number;
  /** S8: whose results are the answer. */
  readonly collapse?: readonly Pid[];
  /** When it began; the grace counts from here, for all of it. */
  readonly beganMonoMs: number;
  /** Targets that still live. */
  readonly left: Set<Pid>;
  /** Of `left`, how many are children of each process: those go first (P10). */
  readonly leftBelow: Map<Pid, number>;
}

/** What a snapshot keeps of it; the rest is counted anew. `left` absent: all that are stopping. */
export type KillImage = Omit<KillRecord, 'left' | 'leftBelow' | 'beganMonoMs'> & {
  readonly left?: readonly Pid[];
  readonly beganMonoMs?: number;
};

/** The kills under way; folded. */
export class KillTable {
  readonly #table: ProcessTable;
  readonly byId = new Map<Seq, KillRecord>();
  readonly #byPid = new Map<Pid, Set<KillRecord>>();
  /** By the parents of those that are left, targets or not. */
  readonly #byParent = new Map<Pid, Set<KillRecord>>();
  readonly #spared = new WeakMap<KillRecord, ReadonlySet<Pid>>();
  readonly #collapsing = new Set<Pid>();

  constructor(table: ProcessTable) {
    this.#table = table;
  }

  of(pid: Pid): Iterable<KillRecord> {
    return this.#byPid.get(pid) ?? [];
  }

  isTarget(pid: Pid): boolean {
    return this.#byPid.has(pid);
  }

  /** S5: one is under way that it does not survive. */
  dooms(pid: Pid): boolean {
    for (const kill of this.of(pid)) if (this.#spared.get(kill)?.has(pid) !== true) return true;
    return false;
  }

  /** S8: all below it is being ended, so nothing new may come there. */
  isCollapsing(pid: Pid): boolean {
    return this.#collapsing.has(pid);
  }

  handlers(): Handlers {
    return {
      'kill.began': (event) => this.#began(event),
      'kill.ended': (event) => {
        const kill = this.byId.get(event.body.kill);
        if (kill === undefined) return;
        this.byId.delete(kill.kill);
        if (kill.collapse !== undefined) this.#collapsing.delete(kill.root);
        for (const pid of kill.targets) drop(this.#byPid, pid, kill);
        for (const pid of kill.leftBelow.keys()) drop(this.#byParent, pid, kill);
      },
      'process.exited': (event) => this.#exited(event.body.pid),
      'process.slept': (event) => this.#exited(event.body.pid),
      // P9: its children are its heir's now.
      'process.gone': ({ body: { pid, heir } }) => {
        for (const kill of [...(this.#byParent.get(pid) ?? [])]) {
          const orphans = kill.leftBelow.get(pid) ?? 0;
          kill.leftBelow.delete(pid);
          drop(this.#byParent, pid, kill);
          if (orphans > 0) this.#countBelow(kill, heir, orphans);
        }
      },
    };
  }

  restore(kill: KillImage): void {
    const { beganMonoMs = 0, left, ...rest } = kill;
    const record: KillRecord = { ...rest, beganMonoMs, left: new Set(), leftBelow: new Map() };
    for (const pid of left ?? kill.targets) {
      const target = this.#table.find(pid);
      // A spared one that went down already lives again, waiting for the others.
      if (target?.state !== 'stopping') continue;
      record.left.add(pid);
      this.#countBelow(record, target.parent?.pid, 1);
    }
    if (kill.collapse !== undefined) this.#collapsing.add(kill.root);
    if (kill.spared !== undefined) this.#spared.set(record, new Set(kill.spared));
    this.byId.set(kill.kill, record);
    for (const pid of kill.targets) enter(this.#byPid, pid, record);
  }

  #began(event: EventOf<'kill.began'>): void {
    this.restore({ kill: event.seq, beganMonoMs: event.monoMs, ...event.body });
  }

  #exited(pid: Pid): void {
    const parent = this.#table.find(pid)?.parent?.pid;
    for (const kill of this.of(pid)) {
      if (kill.left.delete(pid)) this.#countBelow(kill, parent, -1);
    }
  }

  #countBelow(kill: KillRecord, parent: Pid | undefined, by: number): void {
    if (parent === undefined) return;
    kill.leftBelow.set(parent, (kill.leftBelow.get(parent) ?? 0) + by);
    enter(this.#byParent, parent, kill);
  }
}

function enter(map: Map<Pid, Set<KillRecord>>, pid: Pid, kill: KillRecord): void {
  const kills = map.get(pid);
  if (kills === undefined) map.set(pid, new Set([kill]));
  else kills.add(kill);
}

function drop(map: Map<Pid, Set<KillRecord>>, pid: Pid, kill: KillRecord): void {
  const kills = map.get(pid);
  kills?.delete(kill);
  if (kills?.size === 0) map.delete(pid);
}

/** Has it children in the kill that still live? Those go first (P10). */
export const hasLeft = (kill: KillRecord, record: ProcessRecord): boolean =>
  (kill.leftBelow.get(record.pid) ?? 0) > 0;
