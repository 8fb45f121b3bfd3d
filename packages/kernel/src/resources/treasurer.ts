// The treasurer: moves budgets between processes, or refuses to. Whose right it is to ask is
// decided before, where the call comes in.
//   B1. What the king has is told at a boot where the configuration changed.
//   B2. A spawn's allocation comes out of the nearest entry above the child; so does what a process
//       requests. A raise takes from there, a lowering gives back. Only the king's own budget grows
//       and shrinks out of nothing.
//   Everything or nothing: what cannot be given in full is refused, and leaves nothing.

import { KernelError } from '../errors.ts';
import type { Log } from '../events/log.ts';
import { TIERS, type BudgetMove, type Purse, type Tier } from '../events/words.ts';
import { NO_PID } from '../ids.ts';
import { describeProcess, type ProcessRecord } from '../process/record.ts';
import type { ProcessTable } from '../process/table.ts';
import type { KernelSettings } from '../settings.ts';
import { remainingOf, type Entry } from './budget-tree.ts';
import { amountText, frozenBudget, notEnough } from './budget-words.ts';
import type { Budgets } from './budgets.ts';

/** What a spawn asks for its child; 0: nothing of its own. */
export interface Allotment {
  readonly tier: Tier;
  readonly tokens: number;
  readonly usdMicros: number;
}

/** By how much, or to how much in all. */
export type BudgetChange = { readonly by: number } | { readonly to: number };

export class Treasurer {
  readonly #log: Log;
  readonly #table: ProcessTable;
  readonly #budgets: Budgets;
  readonly #settings: KernelSettings;
  readonly #spentBefore: (tier: Tier) => number;

  constructor(options: {
    log: Log;
    table: ProcessTable;
    budgets: Budgets;
    settings: KernelSettings;
    /** What the ledger counted before there were budgets. */
    spentBefore: (tier: Tier) => number;
  }) {
    this.#log = options.log;
    this.#table = options.table;
    this.#budgets = options.budgets;
    this.#settings = options.settings;
    this.#spentBefore = options.spentBefore;
  }

  /** At a boot: the king's budget follows the configuration; what else it was given stays. */
  configure(): void {
    const { kingTokens, kingUsdMicros } = this.#settings;
    for (const tier of TIERS) this.#configure(tier, kingTokens[tier], this.#spentBefore(tier));
    this.#configure('usd', kingUsdMicros, 0);
  }

  /** Throws what a spawn is refused with (P5, last of all). */
  checkSpawn(parent: ProcessRecord, wish: Allotment): void {
    this.#checkAllotted(parent, { purse: wish.tier, amount: wish.tokens });
    this.#checkAllotted(parent, { purse: 'usd', amount: wish.usdMicros });
  }

  /** After `checkSpawn`, when the child is there. */
  allot(child: ProcessRecord, wish: Allotment): void {
    this.#take(child, { purse: wish.tier, amount: wish.tokens, why: 'spawn', note: '' });
    this.#take(child, { purse: 'usd', amount: wish.usdMicros, why: 'spawn', note: '' });
  }

  /** More for the caller, from where its parent's comes. */
  request(caller: ProcessRecord, wish: { purse: Purse; amount: number; note: string }): void {
    const { purse, amount, note } = wish;
    if (caller.parent === undefined) {
      throw new KernelError('wrong_state', 'The king has no parent that could give (B2).');
    }
    checkAmount(amount, 'amount');
    if (amount === 0) throw badAmount('amount', 'more than 0');
    this.#requireFrom(caller.parent, { purse, amount, what: 'The request is refused' });
    this.#take(caller, { purse, amount, why: 'request', note });
  }

  /** Raises or lowers. Lowering stops at what is left. `isOperator`: may make the king's grow. */
  change(
    target: ProcessRecord,
    order: { purse: Purse; change: BudgetChange; note: string; isOperator: boolean },
  ): void {
    const { purse, change, note, isOperator } = order;
    requireThere(target);
    const entry = this.#budgets.tree.find(target.pid, purse);
    const by = differenceOf(change, entry?.allocated ?? 0);
    if (by < 0) this.#lower(target, { entry, purse, amount: -by, note });
    else if (by > 0) this.#raise(target, { purse, amount: by, note, isOperator });
  }

  /** B5: nothing that draws on it is reserved, and nothing given from it, while it is frozen. */
  freeze(target: ProcessRecord, order: { isFrozen: boolean; note: string }): void {
    const { pid } = target;
    const { isFrozen, note } = order;
    if (this.#budgets.tree.of(pid).length === 0) {
      throw new KernelError(
        'wrong_state',
        `${describeProcess(target)} has no budget of its own that could be frozen (B1).`,
        { details: { pid } },
      );
    }
    if (this.#budgets.frozen.has(pid) === isFrozen) return;
    this.#log.emit('budget.frozen', { pid, isFrozen, note });
  }

  #configure(purse: Purse, amount: number, spent: number): void {
    if ((this.#budgets.configured.get(purse) ?? 0) === amount) return;
    const { pid } = this.#table.king;
    this.#log.emit('budget.configured', { pid, purse, amount, spent });
  }

  #checkAllotted(parent: ProcessRecord, wish: { purse: Purse; amount: number }): void {
    const { purse, amount } = wish;
    checkAmount(amount, purse === 'usd' ? 'usd_micros' : 'max_tokens_total');
    if (amount > 0) this.#requireFrom(parent, { ...wish, what: 'The spawn is refused' });
  }

  /** Throws where what pays for `at` cannot give so much. */
  #requireFrom(at: ProcessRecord, wish: { purse: Purse; amount: number; what: string }): void {
    const { purse, amount: wanted, what } = wish;
    const entry = this.#budgets.tree.payerOf(at, purse);
    if (entry === undefined) {
      throw new KernelError(
        'invalid_argument',
        `${what}: nobody from ${describeProcess(at)} upwards has a budget of ` +
          `${purse === 'usd' ? 'dollars' : `${purse} tokens`} (B2).`,
        { details: { purse, wanted, field: purse === 'usd' ? 'usd_micros' : 'max_tokens_total' } },
      );
    }
    const owner = this.#table.find(entry.pid);
    if (this.#budgets.frozen.has(entry.pid)) throw frozenBudget(what, { ...entry, owner });
    if (remainingOf(entry) < wanted) throw notEnough(what, { entry, owner, wanted, rule: 'B2' });
  }

  #raise(
    target: ProcessRecord,
    order: { purse: Purse; amount: number; note: string; isOperator: boolean },
  ): void {
    const { purse, amount, note, isOperator } = order;
    const { parent, pid } = target;
    const hasGiver = this.#budgets.tree.payerOf(parent, purse) !== undefined;
    const isOutOfNothing = isOperator && (parent === undefined || (purse === 'usd' && !hasGiver));
    if (isOutOfNothing) {
      const has = this.#budgets.tree.find(pid, purse)?.allocated ?? 0;
      checkAmount(has + amount, 'amount');
      this.#log.emit('budget.moved', {
        pid,
        purse,
        amount,
        from: NO_PID,
        to: pid,
        why: 'raise',
        note,
      });
      return;
    }
    const from = parent ?? target;
    this.#requireFrom(from, { purse, amount, what: 'The raise is refused' });
    this.#take(target, { purse, amount, why: 'raise', note });
  }

  #lower(
    target: ProcessRecord,
    order: { entry: Entry | undefined; purse: Purse; amount: number; note: string },
  ): void {
    const { entry, purse, amount, note } = order;
    const { pid } = target;
    if (entry === undefined) {
      const what = purse === 'usd' ? 'dollars' : `${purse} tokens`;
      throw new KernelError(
        'wrong_state',
        `${describeProcess(target)} has no budget of ${what} of its own (B1).`,
        { details: { pid, purse } },
      );
    }
    const left = Math.max(0, remainingOf(entry));
    if (left < amount) {
      throw new KernelError(
        'budget_exhausted',
        `${amountText(amount, purse)} cannot be taken from ${describeProcess(target)}, which has ` +
          `${amountText(left, purse)} left (B2).`,
        { details: { pid, purse, wanted: amount, remaining: left } },
      );
    }
    const to = entry.giver?.pid ?? NO_PID;
    this.#log.emit('budget.moved', { pid, purse, amount, from: pid, to, why: 'lower', note });
  }

  #take(
    taker: ProcessRecord,
    move: { purse: Purse; amount: number; why: BudgetMove; note: string },
  ): void {
    if (move.amount === 0) return;
    const { pid } = taker;
    const from = this.#budgets.tree.payerOf(taker.parent, move.purse)?.pid ?? NO_PID;
    this.#log.emit('budget.moved', { pid, ...move, from, to: pid });
  }
}

function requireThere(target: ProcessRecord): void {
  if (!target.isGone) return;
  throw new KernelError(
    'wrong_state',
    `${describeProcess(target)} is gone for good, and its budget with it (B4).`,
    { details: { pid: target.pid } },
  );
}

function differenceOf(change: BudgetChange, has: number): number {
  if ('to' in change) {
    checkAmount(change.to, 'to');
    return change.to - has;
  }
  checkAmount(Math.abs(change.by), 'by');
  return change.by;
}

function checkAmount(amount: number, field: string): void {
  if (Number.isSafeInteger(amount) && amount >= 0) return;
  throw badAmount(field, `a whole number from 0 to ${Number.MAX_SAFE_INTEGER}, not ${amount}`);
}

const badAmount = (field: string, wanted: string): KernelError =>
  new KernelError('invalid_argument', `${field} must be ${wanted} (B2).`, { details: { field } });
