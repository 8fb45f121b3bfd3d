// The calls about budgets: what each process may spend, and more or less of it. Part of the client.
//   B1. A budget has a purse for tokens of each tier and one for US dollars. Amounts are tokens, or
//       whole millionths of a dollar.
//   Who may change whose is the kernel's to say.

import type { link } from '@hivekernel/protocol/messages';
import { ClientLink } from './client-link.ts';
import type { CallPatience } from './client-link.ts';
import { checkWord, PURSES } from './words.ts';
import type { Purse } from './words.ts';

/** allocated = spent + reserved + given + remaining. */
export interface PurseView {
  /** Tokens of a tier, or `usd`: millionths of a US dollar. */
  readonly purse: Purse;
  readonly allocated: number;
  readonly spent: number;
  /** Held for model calls under way. */
  readonly reserved: number;
  /** Allocated to others. */
  readonly given: number;
  /** Below 0 where more was spent than there was. */
  readonly remaining: number;
  /** By how much. */
  readonly overdrawn: number;
}

/** What a process has of its own; a process without draws on its nearest ancestor's. */
export interface BudgetView {
  readonly pid: number;
  readonly name: string;
  readonly address: string;
  /** Nothing is paid from it, nothing given. */
  readonly isFrozen: boolean;
  readonly purses: readonly PurseView[];
}

/** By how much, below 0 for less; or to how much in all. */
export type BudgetChange = { readonly by: number } | { readonly to: number };

export interface RaiseOrder {
  readonly pid: number;
  /** Left out: the tokens of the process's own tier. */
  readonly purse?: Purse;
  readonly change: BudgetChange;
  /** For people; kept in the journal. */
  readonly note?: string;
}

export interface FreezeOrder {
  readonly pid: number;
  /** False: it is so no more. */
  readonly isFrozen: boolean;
  /** For people; kept in the journal. */
  readonly note?: string;
}

export class BudgetCalls extends ClientLink {
  /** Of those that have one of their own, from `root` down, by address. 0: from the king. */
  async listBudgets(root = 0, how?: CallPatience): Promise<readonly BudgetView[]> {
    return (await this.call('listBudgets', { rootPid: root }, how)).budgets.map(toBudgetView);
  }

  /**
   * Raises, lowers or sets one: out of the nearest budget above, or back to it. Throws
   * `budget_exhausted` where there is not so much, `invalid_argument` for a word that is no purse.
   */
  async raiseBudget(order: RaiseOrder, how?: CallPatience): Promise<BudgetView> {
    const { pid: targetPid, change, note = '' } = order;
    const purse = checkWord(PURSES, order.purse ?? '', 'purse');
    const value = { targetPid, purse, change: toChange(change), note };
    return toBudgetView(await this.call('raiseBudget', value, how));
  }

  /** Holds at once, for all that draw on it. Throws `wrong_state` for one that has none. */
  async freezeBudget(order: FreezeOrder, how?: CallPatience): Promise<BudgetView> {
    const { pid: targetPid, isFrozen: frozen, note = '' } = order;
    return toBudgetView(await this.call('freezeBudget', { targetPid, frozen, note }, how));
  }
}

const toChange = (change: BudgetChange): NonNullable<link.RaiseBudgetCall['change']> =>
  'by' in change ? { $case: 'by', value: change.by } : { $case: 'to', value: change.to };

function toBudgetView({ frozen: isFrozen, purses, ...info }: link.BudgetInfo): BudgetView {
  // What only a newer kernel knows as a purse is shown as it is.
  const views = purses.map(({ purse, ...sums }) => ({ purse: purse as Purse, ...sums }));
  return { ...info, isFrozen, purses: views };
}
