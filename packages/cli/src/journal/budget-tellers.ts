// Sentences for the events of budgets: what was given, frozen, held, and where one came to its end
// (B2, B3, B5). Whose budget it is stands beside the sentence in its line.

import { showAmount, showFigure } from '../budget/amount.ts';
import type { Fields } from './fields.ts';
import type { Teller, Told } from './told.ts';

export const BUDGET_TELLERS: Readonly<Record<string, Teller>> = {
  'budget.configured': (d) => {
    // Dollars of 0 are no limit; tokens of 0 are none.
    const isFree = d.text('purse') === 'usd' && d.number('amount') === 0;
    const what = isFree ? 'dollars without a limit' : amount(d, 'amount');
    return { msg: `has ${what} by configuration` };
  },
  'budget.moved': tellMove,
  'budget.frozen': (d) =>
    d.is('isFrozen')
      ? { level: 'warn', msg: `its budget is frozen${noteOf(d)}` }
      : { msg: `its budget pays again${noteOf(d)}` },
  'budget.reserved': tellReserved,
  'budget.warned': (d) => ({
    level: 'warn',
    msg:
      `spent ${figure(d, 'spent')} of ${amount(d, 'allocated')}, ` +
      `${figure(d, 'remaining')} left`,
  }),
  'budget.exhausted': tellExhausted,
  'budget.wait_began': () => ({ level: 'warn', msg: 'a model call waits for more budget' }),
  'budget.wait_ended': () => ({ level: 'debug', msg: 'its model call waits for budget no more' }),
};

const amount = (d: Fields, key: string): string => showAmount(d.number(key), d.text('purse'));
const figure = (d: Fields, key: string): string => showFigure(d.number(key), d.text('purse'));
const noteOf = (d: Fields): string => (d.text('note') === '' ? '' : `: ${d.text('note')}`);

function tellMove(d: Fields): Told {
  const what = amount(d, 'amount');
  const [from, to] = [d.number('from'), d.number('to')];
  const giver = from === 0 ? '' : ` out of the budget of ${from}`;
  switch (d.text('why')) {
    case 'spawn':
      return { msg: `was given ${what}${giver}` };
    case 'request':
      return { msg: `asked for ${what} and got it${giver}${noteOf(d)}` };
    case 'lower':
      return { msg: `its budget lost ${what}${to === 0 ? '' : ` to that of ${to}`}${noteOf(d)}` };
    default:
      return { msg: `its budget was raised by ${what}${giver}${noteOf(d)}` };
  }
}

function tellReserved(d: Fields): Told {
  const tokens = d.number('promptTokens') + d.number('completionTokensMax');
  const usd = d.number('usdMicros') === 0 ? '' : ` and ${showAmount(d.number('usdMicros'), 'usd')}`;
  const payer = d.number('payer');
  const from = payer === 0 || payer === d.number('pid') ? '' : ` of the budget of ${payer}`;
  const asked = d.has('askedTier') ? `, asked for ${d.text('askedTier')}` : '';
  const held = `${showAmount(tokens, d.text('tier'))}${usd}${from}`;
  return { level: 'debug', msg: `holds ${held} for a call${asked}` };
}

const AT_LIMIT: Readonly<Record<string, string>> = {
  refuse: 'is refused',
  block: 'waits',
  degrade: 'goes to a cheaper tier',
};

function tellExhausted(d: Fields): Told {
  const next = AT_LIMIT[d.text('atLimit')];
  const by = d.number('by');
  const who = by === 0 || by === d.number('pid') ? '' : ` by ${by}`;
  const what =
    d.number('wanted') === 0
      ? `the last of its ${d.text('purse') === 'usd' ? 'dollars' : `${d.text('purse')} tokens`} ` +
        `is spent${who}`
      : `${amount(d, 'wanted')} wanted${who}, ${figure(d, 'remaining')} left`;
  const rest = next === undefined ? '' : `; what it cannot pay ${next}`;
  return { level: 'warn', msg: `budget exhausted: ${what}${rest}` };
}
