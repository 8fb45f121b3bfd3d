// Calls on one process: spawn, kill, look, usage; and the giving up of an earlier call. Its life in
// between is in life-calls.ts, the tree in tree-calls.ts.
// Here rights are asked and answers shaped; the rules of life are those of supervision.

import { KernelError } from '../errors.ts';
import { remainingOf } from '../resources/budget-tree.ts';
import { NOTHING, type AnswerOf, type ArgsOf, type Nothing } from './abi.ts';
import { OWED, type CallContext, type Owed } from './context.ts';
import type { ProcessView } from './views.ts';

export function spawn(ctx: CallContext, order: ArgsOf<'spawn'>): AnswerOf<'spawn'> | Owed {
  const { pid, isOwed } = ctx.parts.spawner.spawn(ctx.caller, order, ctx.ref);
  return isOwed ? OWED : { pid };
}

export function kill(ctx: CallContext, args: ArgsOf<'kill'>): AnswerOf<'kill'> | Owed {
  const target = ctx.process(args.pid);
  const { isRecursive, reason, graceMs } = args;
  const order = { isRecursive, reason, graceMs, ref: ctx.ref };
  const killed = ctx.parts.killer.kill(ctx.caller, target, order);
  return killed === undefined ? OWED : { killed };
}

/** Gives up an earlier call of the same channel: a wait ends, a task asked for is cancelled. */
export function cancel(ctx: CallContext, args: ArgsOf<'cancel'>): Nothing {
  const { waiter, tasks, dispatcher, subscriptions, pipes, reserver } = ctx.parts;
  if (args.call.pid !== ctx.caller.pid || args.call.channel !== ctx.ref.channel) {
    throw new KernelError(
      'permission_denied',
      `denied: call ${args.call.id} is not of this channel and process; nobody gives up another's.`,
    );
  }
  if (waiter.cancel(args.call) || reserver.cancel(args.call)) return NOTHING;
  if (subscriptions.cancelTake(args.call) || pipes.cancel(args.call)) return NOTHING;
  for (const id of ctx.caller.requestedTasks) {
    const task = tasks.byId.get(id);
    const owed = task?.owed;
    if (task === undefined || owed?.id !== args.call.id) continue;
    if (owed.channel !== args.call.channel) continue;
    dispatcher.cancel(task, 'cancelled', 'the caller gave the call up');
    return NOTHING;
  }
  return NOTHING;
}

export function info(ctx: CallContext, args: ArgsOf<'info'>): ProcessView {
  const target = ctx.process(args.pid);
  ctx.parts.guard.requireAccess(ctx.caller, 'read_process', target);
  return ctx.view(target);
}

export function usage(ctx: CallContext): AnswerOf<'usage'> {
  const { caller, parts } = ctx;
  const { state, log } = parts;
  ctx.read(caller.changedSeq, caller.changedBy);
  const { tier, limits } = caller.spec;
  const payer = state.budgets.tree.payerOf(caller, tier);
  if (payer !== undefined) ctx.read(payer.changedSeq, payer.changedBy);
  return {
    tokens: caller.tokens,
    tokensRemaining: payer === undefined ? 0 : Math.max(0, remainingOf(payer)),
    children: caller.liveChildren,
    childrenMax: limits.childrenMax,
    uptimeMs: log.wallMs - caller.spawnedWallMs,
  };
}
