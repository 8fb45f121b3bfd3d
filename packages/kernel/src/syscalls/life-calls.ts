// Calls on the life of a process: how it ends, waits, is signalled, sleeps, comes back.
// Here rights are asked and answers shaped; the rules are those of supervision.
//   S7. Sleep and wake: itself, its ancestors, the operator. S8. A result: itself, its parent as
//   its executor, the operator.

import { KernelError } from '../errors.ts';
import { NO_PID } from '../ids.ts';
import { LIMITS } from '../limits.ts';
import { describeProcess, type ProcessRecord } from '../process/record.ts';
import { isLive } from '../process/states.ts';
import { isAncestor } from '../process/tree.ts';
import { NOTHING, type AnswerOf, type ArgsOf, type Nothing } from './abi.ts';
import { OWED, type CallContext, type Owed } from './context.ts';

export function exit(ctx: CallContext, args: ArgsOf<'exit'>): Nothing {
  const target = ctx.process(args.pid ?? NO_PID);
  if (target.parent === undefined) {
    throw new KernelError('permission_denied', 'denied: the king does not exit (P2).');
  }
  if (target !== ctx.caller && target.parent !== ctx.caller && !ctx.isOperator) {
    throw new KernelError(
      'permission_denied',
      `denied: ${describeProcess(target)} is completed by itself or by its parent only (S8).`,
      { details: { pid: target.pid } },
    );
  }
  if (!isLive(target.state)) {
    throw new KernelError('wrong_state', `${describeProcess(target)} is ${target.state} (S8).`, {
      details: { pid: target.pid, state: target.state },
    });
  }
  if (target.exiting === undefined && !isPastWord(ctx, target)) {
    const { exitCode, output } = args;
    if (target !== ctx.caller) {
      // Its executor says that it is done: that is the end, whatever its policy is (S8).
      const detail = `completed by ${describeProcess(ctx.caller)}`;
      const halt = { cause: 'done', detail, next: 'end' } as const;
      const { pid, halting } = target;
      const owed = halting?.owed;
      ctx.parts.log.emit('process.halting', { pid, ...halt, ...(owed && { owed }) });
    }
    ctx.parts.life.exit(target, { exitCode, output });
  }
  return NOTHING;
}

/** It is stopped by a kill, which has its own result; a restart, sleep or limit has none (S8). */
const isPastWord = ({ parts }: CallContext, { pid, state, halting }: ProcessRecord): boolean =>
  state === 'stopping' && (halting === undefined || parts.state.kills.isTarget(pid));

export function waitChild(
  ctx: CallContext,
  args: ArgsOf<'wait_child'>,
): AnswerOf<'wait_child'> | Owed {
  const target = ctx.process(args.pid);
  const how = {
    timeoutMs: args.timeoutMs,
    isPeek: args.isPeek === true,
    task: ctx.task,
    ref: ctx.ref,
  };
  return ctx.parts.waiter.wait(ctx.caller, target, how) ?? OWED;
}

export function pendingResults(
  ctx: CallContext,
  args: ArgsOf<'pending_results'>,
): AnswerOf<'pending_results'> {
  const parent = ctx.process(args.pid);
  ctx.parts.guard.requireAccess(ctx.caller, 'read_process', parent);
  for (const child of parent.children.values()) ctx.read(child.changedSeq, child.changedBy);
  return ctx.parts.waiter.pendingOf(parent);
}

export function signal(ctx: CallContext, args: ArgsOf<'signal'>): AnswerOf<'signal'> | Owed {
  const { signal: name, isRecursive, reason, graceMs } = args;
  const order = { signal: name, isRecursive, reason, graceMs, ref: ctx.ref };
  return ctx.parts.signaller.signal(ctx.caller, ctx.process(args.pid), order) ?? OWED;
}

export function restart(ctx: CallContext, args: ArgsOf<'restart'>): Nothing | Owed {
  const target = ctx.process(args.pid);
  if (target.parent === undefined) {
    throw new KernelError('permission_denied', 'denied: the king is not restarted (P2).');
  }
  ctx.parts.guard.requireAccess(ctx.caller, 'kill', target);
  const { reason, graceMs } = args;
  ctx.parts.supervisor.restart(target, { reason, graceMs, owed: ctx.ref });
  return OWED;
}

export function sleep(ctx: CallContext, args: ArgsOf<'sleep'>): Nothing | Owed {
  const target = ctx.process(args.pid);
  requireKeeper(ctx, target, 'put to sleep');
  const how = { isSelf: target === ctx.caller, owed: ctx.ref };
  return ctx.parts.sleeper.sleep(target, how) ? OWED : NOTHING;
}

export function wake(ctx: CallContext, args: ArgsOf<'wake'>): Nothing | Owed {
  const target = ctx.process(args.pid);
  requireKeeper(ctx, target, 'wake');
  const why = `woken by ${describeProcess(ctx.caller)}`;
  return ctx.parts.sleeper.wake(target, why, ctx.ref) ? OWED : NOTHING;
}

export function checkpoint(ctx: CallContext, args: ArgsOf<'checkpoint'>): Nothing {
  const { caller, parts } = ctx;
  if (caller.parent === undefined) {
    throw new KernelError('permission_denied', 'denied: the king has no checkpoint (P2).');
  }
  const { bytes } = args.content;
  if (bytes > LIMITS.checkpointBytesMax) {
    throw new KernelError(
      'too_large',
      `The checkpoint has ${bytes} bytes, at most ${LIMITS.checkpointBytesMax} are allowed (S7). ` +
        'Keep what is large as an artifact.',
      { details: { bytes } },
    );
  }
  parts.log.emit('process.checkpointed', { pid: caller.pid, content: args.content });
  return NOTHING;
}

export function collapse(ctx: CallContext, args: ArgsOf<'collapse'>): AnswerOf<'collapse'> | Owed {
  const target = ctx.process(args.pid);
  if (target !== ctx.caller) ctx.parts.guard.requireAccess(ctx.caller, 'kill', target);
  const { reason, graceMs } = args;
  const results = ctx.parts.killer.collapse(target, { reason, graceMs, ref: ctx.ref });
  return results === undefined ? OWED : { results };
}

/** What is dead is forgotten before its time; of what was quarantined, there is no other end. */
export function remove(ctx: CallContext, args: ArgsOf<'remove'>): Nothing {
  ctx.requireOperator('the removal of a record');
  const target = ctx.process(args.pid);
  if (isLive(target.state)) {
    throw new KernelError(
      'wrong_state',
      `${describeProcess(target)} is ${target.state}: only what is dead is removed; kill it first.`,
      { details: { pid: target.pid, state: target.state } },
    );
  }
  ctx.parts.life.forget(target);
  return NOTHING;
}

function requireKeeper(ctx: CallContext, target: ProcessRecord, what: string): void {
  if (target === ctx.caller || isAncestor(ctx.caller, target)) return;
  throw new KernelError(
    'permission_denied',
    `denied: only itself, its ancestors and the operator ${what} ${describeProcess(target)} (S7).`,
    { details: { pid: target.pid } },
  );
}
