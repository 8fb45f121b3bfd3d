// Calls on budgets: the gateway's reserve, and what moves, freezes and shows them.
// Here rights are asked and answers shaped; the rules are those of resources.
//   A3. A process asks its own parent without a capability, bounded by what the parent may give.
//       Raising, lowering and freezing what is another's needs `budget_allocate` of an ancestor, or
//       the operator, who alone changes the king's.

import { KernelError } from '../errors.ts';
import { describeProcess, type ProcessRecord } from '../process/record.ts';
import { isAncestor } from '../process/tree.ts';
import { purseView, USD_MICROS, type BudgetView } from '../resources/budget-words.ts';
import type { AnswerOf, ArgsOf } from './abi.ts';
import { OWED, type CallContext, type Owed } from './context.ts';

/** B3. On no wire: the model gateway's. */
export function reserve(ctx: CallContext, order: ArgsOf<'reserve'>): AnswerOf<'reserve'> | Owed {
  const { caller, ref, task } = ctx;
  return ctx.parts.reserver.reserve(caller, order, { ref, task }) ?? OWED;
}

export function requestResources(
  ctx: CallContext,
  args: ArgsOf<'request_resources'>,
): AnswerOf<'request_resources'> {
  const { what, amount, note } = args;
  const purse = what === 'tokens' ? ctx.caller.spec.tier : 'usd';
  const wanted = what === 'dollars' ? amount * USD_MICROS : amount;
  ctx.parts.treasurer.request(ctx.caller, { purse, amount: wanted, note });
  return { granted: amount };
}

export function raiseBudget(ctx: CallContext, args: ArgsOf<'raise_budget'>): BudgetView {
  const target = ctx.process(args.pid);
  requireSway(ctx, target);
  const { change, note } = args;
  const purse = args.purse ?? target.spec.tier;
  const { isOperator } = ctx;
  ctx.parts.treasurer.change(target, { purse, change, note, isOperator });
  return budgetView(ctx, target);
}

export function freezeBudget(ctx: CallContext, args: ArgsOf<'freeze_budget'>): BudgetView {
  const target = ctx.process(args.pid);
  requireSway(ctx, target);
  const { isFrozen, note } = args;
  ctx.parts.treasurer.freeze(target, { isFrozen, note });
  return budgetView(ctx, target);
}

/** Of `root` and all below it, as far as the caller may read them, by address. */
export function listBudgets(
  ctx: CallContext,
  args: ArgsOf<'list_budgets'>,
): AnswerOf<'list_budgets'> {
  const { table, state } = ctx.parts;
  const root = args.root === 0 ? table.king : ctx.process(args.root);
  const found: BudgetView[] = [];
  for (const pid of state.budgets.tree.pids()) {
    const record = table.find(pid);
    if (record === undefined || (record !== root && !isAncestor(root, record))) continue;
    if (ctx.parts.guard.hasAccess(ctx.caller, 'read_process', record))
      found.push(budgetView(ctx, record));
  }
  return found.sort((a, b) => (a.address < b.address ? -1 : 1));
}

function budgetView(ctx: CallContext, record: ProcessRecord): BudgetView {
  const { budgets } = ctx.parts.state;
  const { pid, address, spec } = record;
  const entries = budgets.tree.of(pid);
  for (const { changedSeq, changedBy } of entries) ctx.read(changedSeq, changedBy);
  const isFrozen = budgets.frozen.has(pid);
  return { pid, name: spec.name, address, isFrozen, purses: entries.map(purseView) };
}

function requireSway(ctx: CallContext, target: ProcessRecord): void {
  const { caller, isOperator } = ctx;
  if (isOperator) return;
  ctx.parts.guard.requireCapability(caller, 'budget_allocate');
  const isNear = target.parent === caller || target.spec.user === caller.spec.user;
  const isKing = caller.parent === undefined && target !== caller;
  if (isAncestor(caller, target) && (isNear || isKing)) return;
  throw new KernelError(
    'permission_denied',
    `denied: the budget of ${describeProcess(target)} is changed by its ancestors of the same ` +
      'user and by the operator (A1, A3).',
    { details: { pid: target.pid } },
  );
}
