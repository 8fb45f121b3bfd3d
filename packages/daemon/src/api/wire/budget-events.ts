// How budgets are told on the wire: all kinds `budget.*`, for events.ts. Amounts are tokens of the
// tier that `purse` names, or millionths of a dollar where it is `usd`.

import type { EventKind } from '@hivekernel/kernel';
import { previewOfText } from './previews.ts';
import type { Teller } from './teller.ts';
import { taskIdText } from './wire-ids.ts';

type BudgetKind = Extract<EventKind, `budget.${string}`>;

export const BUDGET_TELLERS: { readonly [K in BudgetKind]: Teller<K> } = {
  'budget.configured': ({ body: { purse, amount } }) => ({
    fields: { purse, amount: `${amount}` },
  }),
  'budget.moved': ({ body: { purse, amount, from, to, why, note } }) => ({
    message: previewOfText(note),
    fields: { purse, amount: `${amount}`, from: `${from}`, to: `${to}`, why },
  }),
  'budget.frozen': ({ body: { isFrozen, note } }) => ({
    message: previewOfText(note),
    fields: { frozen: `${isFrozen}` },
  }),
  'budget.reserved': ({ body }) => ({
    model: body.model,
    tier: body.tier,
    fields: {
      tokens: `${body.promptTokens + body.completionTokensMax}`,
      usd_micros: `${body.usdMicros}`,
      payer: `${body.payer}`,
      provider: body.provider,
      ...(body.askedTier !== undefined && { asked_tier: body.askedTier }),
    },
  }),
  'budget.warned': ({ body: { purse, allocated, spent, remaining } }) => ({
    level: 'warn',
    fields: { purse, allocated: `${allocated}`, spent: `${spent}`, remaining: `${remaining}` },
  }),
  'budget.exhausted': ({ body: { purse, by, wanted, remaining, atLimit } }) => ({
    level: 'warn',
    fields: {
      purse,
      by: `${by}`,
      wanted: `${wanted}`,
      remaining: `${remaining}`,
      at_limit: atLimit,
    },
  }),
  'budget.wait_began': ({ body: { task, order } }) => ({
    model: order.model,
    tier: order.tier,
    fields: {
      ...(task !== null && { task_id: taskIdText(task) }),
      tokens: `${order.promptTokens + order.completionTokensMax}`,
    },
  }),
  'budget.wait_ended': ({ body }) => ({ fields: { wait: `${body.wait}` } }),
};
