// The kills under way: who is to be ended, who of them is still there, whose turn it is. Folded.
//   P10. Of `left`, those with nobody of the kill below them go first.
//   S3, DESIGN §4. A kill may spare some: they come back when all are down, or at the next boot.

import type { CallRef, EventOf } from '../events/event.ts';
import type { Handlers } from '../events/fold.ts';
import type { ShutdownReason } from '../events/words.ts';
import type { Pid, Seq } from '../ids.ts';
import type { ProcessRecord } from '../process/record.ts';
import { isLive } from '../process/states.ts';
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

function countBelow(kill: KillRecord, parent: ProcessRecord | undefined, by: 1 | -1): void {
  if (parent === undefined) return;
  kill.leftBelow.set(parent.pid, (kill.leftBelow.get(parent.pid) ?? 0) + by);
}

/** Has it children in the kill that still live? Those go first (P10). */
export const hasLeft = (kill: KillRecord, record: ProcessRecord): boolean =>
  (kill.leftBelow.get(record.pid) ?? 0) > 0;
