// How budgets are told: amounts in words, and the views that calls give of them. Nothing is decided
// here, and nothing folded.

import { KernelError } from '../errors.ts';
import type { Purse } from '../events/words.ts';
import type { Pid } from '../ids.ts';
import { describeProcess, type ProcessRecord } from '../process/record.ts';
import { remainingOf, type Entry } from './budget-tree.ts';

/** One entry, as a call tells of it. allocated = spent + reserved + given + remaining (B4). */
export interface PurseView {
  readonly purse: Purse;
  readonly allocated: number;
  readonly spent: number;
  readonly reserved: number;
  readonly given: number;
  /** Below zero where more was spent than there was. */
  readonly remaining: number;
  /** B3: by how much. */
  readonly overdrawn: number;
}

export interface BudgetView {
  readonly pid: Pid;
  readonly name: string;
  readonly address: string;
  readonly isFrozen: boolean;
  readonly purses: readonly PurseView[];
}

export function purseView(entry: Entry): PurseView {
  const { purse, allocated, spent, reserved, given } = entry;
  const remaining = remainingOf(entry);
  const overdrawn = Math.max(0, -remaining);
  return { purse, allocated, spent, reserved, given, remaining, overdrawn };
}

export const USD_MICROS = 1_000_000;
const DOLLAR_DIGITS = 6;

/** "1,500 tactical tokens", "0.25 dollars". */
export const amountText = (amount: number, purse: Purse): string =>
  `${figureText(amount, purse)} ${purse === 'usd' ? 'dollars' : `${purse} tokens`}`;

function figureText(amount: number, purse: Purse): string {
  if (purse !== 'usd') return grouped(amount);
  return trimmed((amount / USD_MICROS).toFixed(DOLLAR_DIGITS));
}

const grouped = (n: number): string => String(n).replace(/\B(?=(\d{3})+$)/g, ',');
const trimmed = (text: string): string => text.replace(/\.?0+$/, '');

/** How to get more of it. */
function hintOf(entry: Entry, owner: ProcessRecord | undefined): string {
  if (owner?.parent !== undefined) return `Raise the budget of process ${entry.pid}.`;
  const key = entry.purse === 'usd' ? 'king.usd' : `king.tokens.${entry.purse}`;
  return `Raise ${key} in hive.yaml, or the king's budget.`;
}

/** B2, B3: an entry cannot give or pay `wanted`. */
export function notEnough(
  what: string,
  how: { entry: Entry; owner: ProcessRecord | undefined; wanted: number; rule: string },
): KernelError {
  const { entry, owner, wanted, rule } = how;
  const { pid, purse, allocated } = entry;
  const remaining = Math.max(0, remainingOf(entry));
  const who = owner === undefined ? `process ${pid}` : describeProcess(owner);
  return new KernelError(
    'budget_exhausted',
    `${what}: ${amountText(wanted, purse)} are wanted, and ${who} has ` +
      `${figureText(remaining, purse)} left of ${figureText(allocated, purse)} (${rule}). ` +
      hintOf(entry, owner),
    { details: { payer: pid, purse, wanted, remaining, allocated } },
  );
}

export function frozenBudget(
  what: string,
  how: { pid: Pid; owner: ProcessRecord | undefined; purse: Purse },
): KernelError {
  const { pid, owner, purse } = how;
  const who = owner === undefined ? `process ${pid}` : describeProcess(owner);
  return new KernelError('budget_exhausted', `${what}: the budget of ${who} is frozen (B2).`, {
    details: { payer: pid, purse, frozen: true },
  });
}
