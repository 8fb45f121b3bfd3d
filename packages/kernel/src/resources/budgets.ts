// Budgets: the fold of the `budget.*` events over the budget tree, the reservations under way, and
// the tokens of the past hour. Nothing here decides; the treasurer and the reserver do.
//   B1. Knows no settings: what the king has comes with an event.
//   B3. A settle books what was used, in full. B4. The end of a process gives its rest back.
//   P9, P11. Where a process hangs says whose gift its entry is; both move together.
//   B8. What an agent reports beyond what was metered is charged like a call.

import type { EventOf } from '../events/event.ts';
import type { Handlers } from '../events/fold.ts';
import { PURSES, TIERS, type Purse, type Tier } from '../events/words.ts';
import { KING_PID, type Pid, type Seq } from '../ids.ts';
import type { ProcessRecord } from '../process/record.ts';
import type { ProcessTable } from '../process/table.ts';
import {
  BudgetTree,
  isNearEnd,
  sum,
  tokensOf,
  type Entry,
  type Reservation,
} from './budget-tree.ts';
import { TokenHours } from './token-hours.ts';

type Author = { readonly seq: Seq; readonly by: Pid };

export class Budgets {
  readonly #table: ProcessTable;
  readonly tree = new BudgetTree();
  readonly hours = new TokenHours();
  readonly reservations = new Map<Seq, Reservation>();
  readonly frozen = new Set<Pid>();
  /** What the king has by configuration, as of the last boot that said so. */
  readonly configured = new Map<Purse, number>();
  /** Volatile: rises when there may be room that was not there before (B5). */
  roomRevision = 0;

  constructor(table: ProcessTable) {
    this.#table = table;
  }

  handlers(): Handlers {
    return {
      'budget.configured': (event) => this.#configured(event),
      'budget.moved': (event) => this.#moved(event),
      'budget.frozen': ({ body: { pid, isFrozen } }) => {
        if (isFrozen) this.frozen.add(pid);
        else this.frozen.delete(pid);
        this.roomRevision += 1;
      },
      'budget.reserved': (event) => this.#reserved(event),
      'budget.warned': ({ body }) => {
        const entry = this.tree.find(body.pid, body.purse);
        if (entry !== undefined) entry.isWarned = true;
      },
      'budget.exhausted': ({ body }) => {
        const entry = this.tree.find(body.pid, body.purse);
        if (entry !== undefined) entry.isToldEmpty = true;
      },
      'llm.called': (event) => this.#called(event),
      'metric.reported': (event) => {
        const { pid, name, tokensCharged } = event.body;
        const record = this.#table.find(pid);
        if (record === undefined || name !== 'tokens_consumed') return;
        this.#charge(this.payerOf(pid, record.spec.tier), tokensCharged, event);
        this.#countHour(record, tokensCharged, event.monoMs);
      },
      'process.gone': (event) => this.#gone(event),
      'process.reparented': ({ body }) => {
        for (const purse of PURSES) this.#settleIn(this.payerOf(body.from, purse));
      },
      'process.removed': ({ body }) => this.#end(body.pid),
    };
  }

  /** B1. Whoever is no more draws on the king's. */
  payerOf(pid: Pid, purse: Purse): Entry | undefined {
    const record = this.#table.find(pid) ?? this.#table.find(KING_PID);
    return this.tree.payerOf(record, purse);
  }

  /** At a restore: `given` and `reserved` come with what they are made of. */
  restoreEntry(kept: Pick<Entry, 'pid' | 'purse' | 'allocated' | 'spent'>): Entry {
    const { pid, purse, allocated, spent } = kept;
    const entry = this.tree.enter(pid, purse, undefined);
    entry.allocated = allocated;
    entry.spent = spent;
    return entry;
  }

  /** At a restore, when all entries are there. */
  restoreGifts(): void {
    for (const entry of this.tree.all()) {
      const giver = this.#aboveOf(entry);
      if (giver !== undefined) this.tree.hangUnder(entry, giver);
    }
  }

  hold(reservation: Reservation): void {
    this.reservations.set(reservation.reservation, reservation);
    const { payer, usdPayer, usdMicros, pid } = reservation;
    const tokens = tokensOf(reservation);
    payer?.holds.add(reservation);
    usdPayer?.holds.add(reservation);
    if (payer !== undefined) payer.reserved += tokens;
    if (usdPayer !== undefined) usdPayer.reserved += usdMicros;
    this.hours.began(pid, tokens);
  }

  #configured(event: EventOf<'budget.configured'>): void {
    const { pid, purse, amount, spent } = event.body;
    const before = this.configured.get(purse) ?? 0;
    this.configured.set(purse, amount);
    this.roomRevision += 1;
    const old = this.tree.find(pid, purse);
    if (purse === 'usd' && amount === 0) {
      if (old !== undefined) this.tree.dissolve(old);
      return;
    }
    const entry = old ?? this.#enter(pid, purse);
    if (old === undefined) {
      entry.spent = spent;
      // What others have already is a part of what the configuration says, not on top of it.
      entry.allocated -= entry.given;
    }
    this.#grow(entry, amount - before, event);
  }

  #moved(event: EventOf<'budget.moved'>): void {
    const { purse, amount, from, to, why } = event.body;
    this.roomRevision += 1;
    if (why === 'lower') {
      const entry = this.tree.find(from, purse);
      if (entry === undefined) return;
      this.#grow(entry, -amount, event);
      if (entry.giver !== undefined) this.#touch(entry.giver, event);
      return;
    }
    const entry = this.tree.find(to, purse) ?? this.#enter(to, purse);
    this.#grow(entry, amount, event);
    if (entry.giver !== undefined) this.#touch(entry.giver, event);
  }

  #grow(entry: Entry, amount: number, by: Author): void {
    this.tree.allocate(entry, amount);
    if (amount > 0) entry.isToldEmpty = false;
    this.#touch(entry, by);
  }

  /** A new entry: what below it was given by another from above is part of it now (P11). */
  #enter(pid: Pid, purse: Purse): Entry {
    const giver = this.tree.payerOf(this.#table.find(pid)?.parent, purse);
    const entry = this.tree.enter(pid, purse, giver);
    if (giver !== undefined) this.#settleIn(giver);
    else for (const one of this.tree.all()) this.#adoptRoot(one, entry);
    return entry;
  }

  #adoptRoot(one: Entry, under: Entry): void {
    const isRoot = one !== under && one.purse === under.purse && one.giver === undefined;
    if (isRoot && this.#aboveOf(one) === under) this.tree.rehang(one, under);
  }

  #reserved(event: EventOf<'budget.reserved'>): void {
    const { payer, usdPayer, askedTier: _, ...call } = event.body;
    const reservation: Reservation = {
      ...call,
      reservation: event.seq,
      payer: this.tree.find(payer, call.tier),
      usdPayer: this.tree.find(usdPayer, 'usd'),
    };
    this.hold(reservation);
    for (const entry of [reservation.payer, reservation.usdPayer]) {
      if (entry !== undefined) this.#touch(entry, event);
    }
  }

  #called(event: EventOf<'llm.called'>): void {
    const { pid, tier, promptTokens, completionTokens, reservation, usdMicros = 0 } = event.body;
    const tokens = sum(promptTokens, completionTokens);
    const held = reservation === undefined ? undefined : this.reservations.get(reservation);
    if (held === undefined) {
      this.#charge(this.payerOf(pid, tier), tokens, event);
      this.#charge(this.payerOf(pid, 'usd'), usdMicros, event);
    } else {
      this.#release(held);
      this.#charge(held.payer, tokens, event);
      this.#charge(held.usdPayer, usdMicros, event);
    }
    const record = this.#table.find(pid);
    if (record !== undefined) this.#countHour(record, tokens, event.monoMs);
    this.roomRevision += 1;
  }

  #release(held: Reservation): void {
    const { reservation, payer, usdPayer, usdMicros, pid } = held;
    const tokens = tokensOf(held);
    this.reservations.delete(reservation);
    payer?.holds.delete(held);
    usdPayer?.holds.delete(held);
    if (payer !== undefined) payer.reserved -= tokens;
    if (usdPayer !== undefined) usdPayer.reserved -= usdMicros;
    this.hours.ended(pid, tokens);
  }

  #charge(payer: Entry | undefined, amount: number, by: Author): void {
    if (payer === undefined) return;
    payer.spent = sum(payer.spent, amount);
    this.#touch(payer, by);
  }

  #countHour(record: ProcessRecord, tokens: number, monoMs: number): void {
    if (!record.isGone) this.hours.add(record.pid, tokens, monoMs);
  }

  /**
   * P9, after the table: its children hang under its heir now. Between it and its heir may be some
   * that are dead and not gone, and have entries still.
   */
  #gone({ body: { pid, heir } }: EventOf<'process.gone'>): void {
    let at = this.#table.find(pid);
    for (; at !== undefined && at.pid !== heir; at = at.parent) {
      for (const entry of this.tree.of(at.pid)) this.#settleIn(entry);
    }
    this.#end(pid);
  }

  #end(pid: Pid): void {
    for (const entry of this.tree.of(pid)) {
      const { giver } = entry;
      this.tree.dissolve(entry);
      if (giver === undefined) continue;
      giver.isToldEmpty = false;
      this.#refresh(giver);
    }
    this.frozen.delete(pid);
    this.hours.forget(pid);
    this.roomRevision += 1;
  }

  /** Takers that hang elsewhere in the tree of processes by now go there. */
  #settleIn(giver: Entry | undefined): void {
    for (const taker of [...(giver?.takers ?? [])]) {
      const above = this.#aboveOf(taker);
      if (above !== giver) this.tree.rehang(taker, above);
    }
  }

  #aboveOf({ pid, purse }: Entry): Entry | undefined {
    return this.tree.payerOf(this.#table.find(pid)?.parent, purse);
  }

  #touch(entry: Entry, { seq, by }: Author): void {
    entry.changedSeq = seq;
    entry.changedBy = by;
    this.#refresh(entry);
  }

  #refresh(entry: Entry): void {
    if (entry.isWarned && !isNearEnd(entry)) entry.isWarned = false;
  }
}

/** B5: the tiers that a call may be made at instead, the dearest first. */
export const cheaperThan = (tier: Tier): readonly Tier[] => TIERS.slice(TIERS.indexOf(tier) + 1);
