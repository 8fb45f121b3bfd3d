// Calls on pipes (M10): between the caller and its parent, or a child of it. A read and a write may
// wait; the rules are those of ipc. No record of the peer is needed but to open: what it left in a
// pipe outlives it.

import type { PipeOf } from '../ipc/pipes.ts';
import { NOTHING, type AnswerOf, type ArgsOf, type Nothing, type PipeName } from './abi.ts';
import { OWED, type CallContext, type Owed } from './context.ts';

export function openPipe(ctx: CallContext, args: ArgsOf<'open_pipe'>): Nothing {
  const { caller, parts, ref } = ctx;
  const peer = parts.table.require(args.peer);
  parts.pipes.open({ caller, peer, name: args.name, channel: ref.channel });
  return NOTHING;
}

export function writePipe(ctx: CallContext, args: ArgsOf<'write_pipe'>): Nothing | Owed {
  const { chunk, isPatient } = args;
  const order = { chunk, isPatient, ref: ctx.ref };
  return ctx.parts.pipes.write(pipeOf(ctx, args), order) ? NOTHING : OWED;
}

export function readPipe(
  ctx: CallContext,
  args: ArgsOf<'read_pipe'>,
): AnswerOf<'read_pipe'> | Owed {
  const { pipes, log } = ctx.parts;
  const untilMonoMs = args.timeoutMs === 0 ? undefined : log.monoMs + args.timeoutMs;
  return pipes.read(pipeOf(ctx, args), { max: args.max, untilMonoMs, ref: ctx.ref }) ?? OWED;
}

export function closePipe(ctx: CallContext, args: ArgsOf<'close_pipe'>): Nothing {
  ctx.parts.pipes.close(pipeOf(ctx, args), args.isBoth);
  return NOTHING;
}

const pipeOf = (ctx: CallContext, { peer, name }: PipeName): PipeOf => ({
  caller: ctx.caller.pid,
  peer,
  name,
});
