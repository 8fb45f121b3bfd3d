// What calls on budgets ask for, as the kernel's orders. Not how much there is: the kernel knows.
//   PROTOCOL §3. RequestResources names what it wants in a word: "tokens", "dollars" (whole ones),
//   or our own "usd_micros".

import { KernelError, LIMITS, PURSES, asPid } from '@hivekernel/kernel';
import type { ArgsOf, BudgetChange } from '@hivekernel/kernel';
import type { core, link } from '@hivekernel/protocol';
import * as bounds from './bounds.ts';
import { wordFromWire } from './words.ts';

const RESOURCES = { tokens: 'tokens', dollars: 'dollars', usd_micros: 'usd' } as const;
const NOTE = { field: 'note', max: LIMITS.reasonCharsMax };

export function readRequest(q: core.ResourceRequest): ArgsOf<'request_resources'> {
  const known = Object.keys(RESOURCES) as (keyof typeof RESOURCES)[];
  const what = known.find((word) => word === q.resourceType);
  if (what === undefined) {
    throw new KernelError(
      'invalid_argument',
      `resource_type ${JSON.stringify(q.resourceType)} is none of ${known.join(', ')}.`,
      { details: { field: 'resource_type' } },
    );
  }
  const note = bounds.chars(q.justification, { ...NOTE, field: 'justification' });
  return { what: RESOURCES[what], amount: bounds.count(q.amount, 'amount'), note };
}

export const readRaise = (q: link.RaiseBudgetCall): ArgsOf<'raise_budget'> => ({
  pid: asPid(bounds.someone(q.targetPid, 'target_pid')),
  purse: wordFromWire(q.purse, { field: 'purse', known: PURSES }),
  change: changeOf(q.change),
  note: bounds.chars(q.note, NOTE),
});

export const readFreeze = (q: link.FreezeBudgetCall): ArgsOf<'freeze_budget'> => ({
  pid: asPid(bounds.someone(q.targetPid, 'target_pid')),
  isFrozen: q.frozen,
  note: bounds.chars(q.note, NOTE),
});

function changeOf(change: link.RaiseBudgetCall['change']): BudgetChange {
  if (change?.$case === 'by') return { by: change.value };
  if (change?.$case === 'to') return { to: bounds.count(change.value, 'to') };
  throw new KernelError('invalid_argument', 'Say by how much, or to how much: "by" or "to".', {
    details: { field: 'change' },
  });
}
