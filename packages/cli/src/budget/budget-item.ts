// How budgets are listed: a line for each purse of a process. People see figures to the token and
// dollars with their sign; machines get whole numbers, with the unit beside them.

import type { BudgetView, PurseView } from '@hivekernel/client';
import type { Column, Listing } from '../output/listing.ts';
import { safeLine } from '../output/plain-text.ts';
import { showAmount, showFigure } from './amount.ts';

type Sums = Omit<PurseView, 'purse'>;

/** allocated = spent + reserved + given + remaining. */
export type PurseItem = {
  readonly purse: string;
  /** `tokens`, or `usd_micros`: millionths of a US dollar. */
  readonly unit: string;
} & { readonly [Key in keyof Sums]: number };

export type BudgetItem = {
  readonly pid: number;
  readonly name: string;
  readonly address: string;
} & PurseItem & { readonly frozen: boolean };

export const purseItem = ({ purse, ...sums }: PurseView): PurseItem => ({
  purse,
  unit: purse === 'usd' ? 'usd_micros' : 'tokens',
  ...sums,
});

const sum = (key: keyof Sums, head: string): Column<BudgetItem> => ({
  key,
  head,
  isRight: true,
  show: (item) => showFigure(item[key], item.purse),
});

const COLUMNS: readonly Column<BudgetItem>[] = [
  { key: 'pid', head: 'PID', isRight: true, show: ({ pid }) => String(pid) },
  { key: 'name', head: 'NAME', cut: 'middle', show: ({ name }) => safeLine(name) },
  { key: 'purse', head: 'PURSE', show: ({ purse }) => safeLine(purse) },
  sum('allocated', 'ALLOCATED'),
  sum('spent', 'SPENT'),
  sum('reserved', 'RESERVED'),
  sum('given', 'GIVEN'),
  sum('remaining', 'REMAINING'),
  { key: 'frozen', head: 'FROZEN', show: ({ frozen }) => (frozen ? 'yes' : 'no') },
  {
    key: 'address',
    head: 'ADDRESS',
    isWide: true,
    cut: 'middle',
    show: ({ address }) => safeLine(address),
  },
];

export const budgetListing = (
  budgets: readonly BudgetView[],
  empty: string,
): Listing<BudgetItem> => ({
  kind: 'BudgetList',
  items: budgets.flatMap(({ pid, name, address, isFrozen, purses }) =>
    purses.map((purse) => ({ pid, name, address, ...purseItem(purse), frozen: isFrozen })),
  ),
  columns: COLUMNS,
  nameOf: ({ pid }) => String(pid),
  keyOf: ({ pid, purse }) => `${pid} ${purse}`,
  empty,
});

/** `50,000 tactical tokens (12,000 spent, 38,000 left)`. */
export function purseLine({ purse, allocated, ...sums }: PurseView): string {
  const { spent, reserved, given, remaining } = sums;
  const parts = [
    `${showFigure(spent, purse)} spent`,
    ...(reserved === 0 ? [] : [`${showFigure(reserved, purse)} reserved`]),
    ...(given === 0 ? [] : [`${showFigure(given, purse)} given`]),
    `${showFigure(remaining, purse)} left`,
  ];
  return `${showAmount(allocated, purse)} (${parts.join(', ')})`;
}
