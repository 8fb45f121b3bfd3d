// The budget tree: who was given how much, and what became of it. Numbers only: who may move them
// is the treasurer's matter, when they move the fold's (budgets.ts).
//   B1. An entry is (process, purse). A process without one draws on its nearest ancestor's: its
//       payer. The giver of an entry is always the nearest entry above its process.
//   B4. allocated = spent + reserved + given + remaining, for each entry and at every moment; and
//       `given` is what its takers are allocated. Remaining may fall below zero, by what was spent
//       beyond an estimate.
//   P11. An allocation is part of every allocation above it. What moves takes its own out of the
//       branch that it leaves and into the one that it comes to; no remaining changes by that.

import type { Purse, Tier } from '../events/words.ts';
import type { Pid, Seq } from '../ids.ts';
import type { ProcessRecord } from '../process/record.ts';

export interface Entry {
  readonly pid: Pid;
  readonly purse: Purse;
  /** Undefined: the king's, or one of dollars where the king has no limit of them. */
  giver: Entry | undefined;
  readonly takers: Set<Entry>;
  /** Reservations that it will pay. */
  readonly holds: Set<Reservation>;
  allocated: number;
  spent: number;
  reserved: number;
  given: number;
  /** B5: it was told that so much is spent; that it is all; neither twice. */
  isWarned: boolean;
  isToldEmpty: boolean;
  /** Volatile, for the read gate: last change and its author. */
  changedSeq: Seq;
  changedBy: Pid;
}

export interface Reservation {
  readonly reservation: Seq;
  readonly pid: Pid;
  readonly tier: Tier;
  readonly promptTokens: number;
  readonly completionTokensMax: number;
  readonly usdMicros: number;
  readonly model: string;
  readonly provider: string;
  readonly simulated: boolean;
  /** Whoever pays by now: it may have been another when it was made. */
  payer: Entry | undefined;
  usdPayer: Entry | undefined;
}

export const tokensOf = (call: { promptTokens: number; completionTokensMax: number }): number =>
  call.promptTokens + call.completionTokensMax;

export const remainingOf = ({ allocated, spent, reserved, given }: Entry): number =>
  allocated - spent - reserved - given;

/** B5: the share of its own part, what it gave away not counted, that is spent. */
export const isNearEnd = ({ allocated, spent, given }: Entry): boolean =>
  spent > 0 && spent >= WARN_SHARE * (allocated - given);

const WARN_SHARE = 0.8;

export class BudgetTree {
  readonly #byPid = new Map<Pid, Map<Purse, Entry>>();

  find(pid: Pid, purse: Purse): Entry | undefined {
    return this.#byPid.get(pid)?.get(purse);
  }

  of(pid: Pid): readonly Entry[] {
    return [...(this.#byPid.get(pid)?.values() ?? [])];
  }

  *all(): Generator<Entry> {
    for (const purses of this.#byPid.values()) yield* purses.values();
  }

  pids(): Iterable<Pid> {
    return this.#byPid.keys();
  }

  /** B1: whose entry a process draws on; undefined: nobody's. */
  payerOf(record: ProcessRecord | undefined, purse: Purse): Entry | undefined {
    for (let at = record; at !== undefined; at = at.parent) {
      const entry = this.#byPid.get(at.pid)?.get(purse);
      if (entry !== undefined) return entry;
    }
    return undefined;
  }

  /** An empty entry under `giver`. What is below its process is not hung under it yet. */
  enter(pid: Pid, purse: Purse, giver: Entry | undefined): Entry {
    const entry: Entry = {
      pid,
      purse,
      giver,
      takers: new Set(),
      holds: new Set(),
      allocated: 0,
      spent: 0,
      reserved: 0,
      given: 0,
      isWarned: false,
      isToldEmpty: false,
      changedSeq: 0 as Seq,
      changedBy: pid,
    };
    const purses = this.#byPid.get(pid) ?? new Map<Purse, Entry>();
    this.#byPid.set(pid, purses.set(purse, entry));
    giver?.takers.add(entry);
    return entry;
  }

  /** More to an entry, or less, and its giver's gift with it. */
  allocate(entry: Entry, amount: number): void {
    entry.allocated += amount;
    if (entry.giver !== undefined) entry.giver.given += amount;
  }

  /** P11. */
  rehang(entry: Entry, to: Entry | undefined): void {
    shift(entry.giver, -entry.allocated);
    entry.giver?.takers.delete(entry);
    entry.giver = to;
    to?.takers.add(entry);
    shift(to, entry.allocated);
  }

  /**
   * B4: what is left goes back, what was spent stays spent, and what is reserved will be paid by
   * the giver. Without one, all of it is forgotten.
   */
  dissolve(entry: Entry): void {
    const { giver } = entry;
    for (const taker of [...entry.takers]) {
      if (giver === undefined) this.#cutLoose(taker);
      else this.rehang(taker, giver);
    }
    if (giver !== undefined) {
      giver.given -= entry.allocated;
      giver.spent = sum(giver.spent, entry.spent);
      giver.reserved += entry.reserved;
      giver.takers.delete(entry);
    }
    for (const hold of entry.holds) {
      if (hold.payer === entry) hold.payer = giver;
      else hold.usdPayer = giver;
      giver?.holds.add(hold);
    }
    const purses = this.#byPid.get(entry.pid);
    purses?.delete(entry.purse);
    if (purses?.size === 0) this.#byPid.delete(entry.pid);
  }

  /** At a restore: what the giver is allocated holds it already. */
  hangUnder(entry: Entry, giver: Entry): void {
    entry.giver = giver;
    giver.takers.add(entry);
    giver.given += entry.allocated;
  }

  #cutLoose(entry: Entry): void {
    if (entry.giver !== undefined) entry.giver.given -= entry.allocated;
    entry.giver?.takers.delete(entry);
    entry.giver = undefined;
  }
}

/** What hangs under `from` grew by `amount`: so did all that it is part of. */
function shift(from: Entry | undefined, amount: number): void {
  for (let at = from; at !== undefined; at = at.giver) {
    at.given += amount;
    at.allocated += amount;
  }
}

/** Sums stop at the largest whole number, as the ledger's do. */
export const sum = (a: number, b: number): number => Math.min(a + b, Number.MAX_SAFE_INTEGER);
