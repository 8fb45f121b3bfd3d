// Budgets in a snapshot, and back. What follows from the rest is left out: who gave to whom follows
// from the tree of processes, what is reserved from the reservations.

import type { Purse } from '../events/words.ts';
import { NO_PID, type Pid } from '../ids.ts';
import type { Entry, Reservation } from './budget-tree.ts';
import type { Budgets } from './budgets.ts';
import type { WindowCount } from './sliding-window.ts';

type EntryImage = Pick<Entry, 'pid' | 'purse' | 'allocated' | 'spent' | 'isWarned' | 'isToldEmpty'>;

type ReservationImage = Omit<Reservation, 'payer' | 'usdPayer'> & {
  readonly payer: Pid;
  readonly usdPayer: Pid;
};

export interface BudgetsImage {
  readonly configured: readonly (readonly [Purse, number])[];
  readonly entries: readonly EntryImage[];
  readonly frozen: readonly Pid[];
  readonly reservations: readonly ReservationImage[];
  readonly hours: readonly (readonly [Pid, WindowCount])[];
}

export const NO_BUDGETS: BudgetsImage = {
  configured: [],
  entries: [],
  frozen: [],
  reservations: [],
  hours: [],
};

export function imageOfBudgets(budgets: Budgets): BudgetsImage {
  const { configured, tree, frozen, reservations, hours } = budgets;
  return {
    configured: [...configured],
    entries: [...tree.all()].map(({ pid, purse, allocated, spent, isWarned, isToldEmpty }) => ({
      pid,
      purse,
      allocated,
      spent,
      isWarned,
      isToldEmpty,
    })),
    frozen: [...frozen],
    reservations: [...reservations.values()].map(({ payer, usdPayer, ...rest }) => ({
      ...rest,
      payer: payer?.pid ?? NO_PID,
      usdPayer: usdPayer?.pid ?? NO_PID,
    })),
    hours: [...hours.counts()],
  };
}

/** When the processes are there. */
export function restoreBudgets(budgets: Budgets, image: BudgetsImage): void {
  for (const [purse, amount] of image.configured) budgets.configured.set(purse, amount);
  for (const kept of image.entries) {
    const entry = budgets.restoreEntry(kept);
    entry.isWarned = kept.isWarned;
    entry.isToldEmpty = kept.isToldEmpty;
  }
  budgets.restoreGifts();
  for (const pid of image.frozen) budgets.frozen.add(pid);
  for (const { payer, usdPayer, ...rest } of image.reservations) {
    budgets.hold({
      ...rest,
      payer: budgets.tree.find(payer, rest.tier),
      usdPayer: budgets.tree.find(usdPayer, 'usd'),
    });
  }
  for (const [pid, count] of image.hours) budgets.hours.restore(pid, count);
}
