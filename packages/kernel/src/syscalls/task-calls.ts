// Calls on tasks: give one to a child, interrupt one, tell how far one is.
// Here rights are asked and answers shaped; the rules of tasks are the dispatcher's.

import { KernelError } from '../errors.ts';
import { SEQ_ZERO, type TaskId } from '../ids.ts';
import { describeProcess, type ProcessRecord } from '../process/record.ts';
import { NOTHING, type ArgsOf, type Nothing } from './abi.ts';
import { OWED, type CallContext, type Owed } from './context.ts';

/** PROTOCOL §5: reaches only the caller's own children. */
export function executeOn(ctx: CallContext, args: ArgsOf<'execute_on'>): Owed {
  const target = ctx.process(args.pid);
  if (target.parent !== ctx.caller) {
    throw new KernelError(
      'permission_denied',
      `denied: ${describeProcess(target)} is no child of ${describeProcess(ctx.caller)}; ` +
        'execute_on reaches own children only.',
      { details: { pid: target.pid } },
    );
  }
  return assign(ctx, target, args);
}

/** PROTOCOL §3, ExecuteTask: the operator reaches every process, others as execute_on. */
export function executeTask(ctx: CallContext, args: ArgsOf<'execute_task'>): Owed {
  if (!ctx.isOperator) return executeOn(ctx, args);
  return assign(ctx, ctx.process(args.pid), args);
}

export function interrupt(ctx: CallContext, args: ArgsOf<'interrupt'>): Nothing {
  const target = ctx.process(args.pid);
  if (!ctx.isOperator && target !== ctx.caller)
    ctx.parts.guard.requireAccess(ctx.caller, 'kill', target);
  const { tasks, dispatcher } = ctx.parts;
  const reason = args.reason === '' ? 'interrupted' : args.reason;
  if (args.task === undefined) {
    dispatcher.cancelAll(target, reason);
    return NOTHING;
  }
  const task = tasks.byId.get(args.task);
  if (task === undefined || task.pid !== target.pid) {
    throw new KernelError('not_found', `${describeProcess(target)} has no task ${args.task}.`);
  }
  dispatcher.cancel(task, 'cancelled', reason);
  return NOTHING;
}

export function progress(ctx: CallContext, args: ArgsOf<'progress'>): Nothing {
  const { message, percent, quietMs } = args;
  const pid = ctx.caller.pid;
  if (quietMs !== undefined) ctx.parts.watchdog.toolQuiet(pid, quietMs);
  // Said for the watchdog alone.
  if (message === '' && percent < 0) return NOTHING;
  ctx.parts.effects.pushAfter(SEQ_ZERO, { do: 'observe', pid, task: ctx.task, message, percent });
  return NOTHING;
}

function assign(
  ctx: CallContext,
  target: ProcessRecord,
  args: { spec: ArgsOf<'execute_on'>['spec'] },
): Owed {
  const timeoutMs =
    args.spec.timeoutMs > 0 ? args.spec.timeoutMs : target.spec.limits.taskTimeoutMs;
  const parentTask: TaskId | null = ctx.task;
  const spec = { ...args.spec, timeoutMs };
  ctx.parts.dispatcher.assign(target, { spec, parentTask, isInitial: false, owed: ctx.ref });
  return OWED;
}
