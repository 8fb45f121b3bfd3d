// The rows of the settings table about budgets: what the king has, and what becomes of a model call
// that its budget cannot pay (B1, B5).

import { AT_LIMITS, DEFAULT_SETTINGS } from '@hivekernel/kernel';
import type { AtLimit } from '@hivekernel/kernel';
import { row } from './setting-row.ts';
import { choice, dollars, int } from './value-kinds.ts';

const K = DEFAULT_SETTINGS;

export const BUDGET_ROWS = {
  'king.tokens.strategic': row({
    kind: int(),
    default: K.kingTokens.strategic,
    rule: 'B1',
    doc: "The king's tokens at the strategic tier, from which everybody else's come.",
  }),
  'king.tokens.tactical': row({
    kind: int(),
    default: K.kingTokens.tactical,
    rule: 'B1',
    doc: "The king's tokens at the tactical tier.",
  }),
  'king.tokens.operational': row({
    kind: int(),
    default: K.kingTokens.operational,
    rule: 'B1',
    doc: "The king's tokens at the operational tier.",
  }),
  'king.usd': row({
    kind: dollars(),
    default: K.kingUsdMicros,
    rule: 'B1',
    doc: "The king's US dollars, from which everybody else's come; 0 is no limit.",
  }),
  'budget.at_limit': row<AtLimit>({
    kind: choice(AT_LIMITS),
    default: K.budgetAtLimit,
    rule: 'B5',
    doc:
      'A model call that its budget cannot pay is refused, waits until there is room (block), or ' +
      'goes to the next cheaper tier that has some (degrade).',
  }),
} as const;
