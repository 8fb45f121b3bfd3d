// Calls on mail that is already there: a word on what waits for one without a runtime, and what is
// to become of dead letters (M6). Rights are asked here; the rules are those of ipc.
//   Acknowledging: who holds it, of an inbox itself, its parent, the operator. Dead letters:
//   itself, its ancestors, the operator; those of a queue: who may send to it.
//   An id that is not in the inbox, or not any more, is `not_found` and changes nothing.

import { KernelError } from '../errors.ts';
import { formatId, type MessageId, type Pid } from '../ids.ts';
import type { DeadLetter } from '../ipc/mailbox.ts';
import { LIMITS } from '../limits.ts';
import { describeProcess, isVirtual, type ProcessRecord } from '../process/record.ts';
import { isLive } from '../process/states.ts';
import { isAncestor } from '../process/tree.ts';
import { NOTHING, type AnswerOf, type ArgsOf, type Nothing } from './abi.ts';
import type { CallContext } from './context.ts';

export function acknowledge(ctx: CallContext, args: ArgsOf<'acknowledge'>): Nothing {
  const { message, status, reply } = args;
  const { subscriptions } = ctx.parts;
  const held = subscriptions.find(ctx.caller.pid, message);
  if (held !== undefined && reply !== undefined) requireReplyTaken(ctx, held.from, reply.bytes);
  if (subscriptions.settle(ctx.caller.pid, { message, status, reply })) return NOTHING;
  const target = ctx.process(args.pid);
  requireReader(ctx, target);
  const waiting = ctx.parts.office.box(target.pid)?.get(message);
  if (waiting === undefined) throw unknownMessage(ctx, target, { message, where: 'inbox' });
  requireNoRuntime(target);
  if (status === 'escalate' && target.parent === undefined) {
    throw new KernelError('invalid_argument', 'There is nobody above the king to escalate to.', {
      details: { field: 'status' },
    });
  }
  if (reply !== undefined) requireReplyFits(ctx, waiting.from, reply.bytes);
  ctx.parts.ends.acknowledge(target.pid, [{ message, status, reply }]);
  return NOTHING;
}

export function requeue(ctx: CallContext, args: ArgsOf<'requeue'>): AnswerOf<'requeue'> {
  const { queue = '', message } = args;
  if (queue !== '') {
    ctx.parts.guard.requireRight(ctx.caller, 'send_message');
    return { message: ctx.parts.queues.requeue(ctx.caller, queue, message) };
  }
  const target = ctx.process(args.pid);
  const letter = letterOf(ctx, target, message);
  return { message: ctx.parts.broker.requeue(target, letter) };
}

export function dropLetter(ctx: CallContext, args: ArgsOf<'drop_letter'>): Nothing {
  const { queue = '' } = args;
  if (queue !== '') {
    ctx.parts.guard.requireRight(ctx.caller, 'send_message');
    ctx.parts.queues.dropLetter(ctx.caller, queue, args.message);
    return NOTHING;
  }
  const target = ctx.process(args.pid);
  const { message } = letterOf(ctx, target, args.message);
  ctx.parts.log.emit('letter.removed', { pid: target.pid, message, why: 'dropped' });
  return NOTHING;
}

function letterOf(ctx: CallContext, target: ProcessRecord, message: MessageId): DeadLetter {
  if (target !== ctx.caller && !isAncestor(ctx.caller, target)) {
    throw new KernelError(
      'permission_denied',
      `denied: only itself, its ancestors and the operator deal with the dead letters of ` +
        `${describeProcess(target)} (M6).`,
      { details: { pid: target.pid } },
    );
  }
  const letter = ctx.parts.office.box(target.pid)?.deadLetter(message);
  if (letter !== undefined) return letter;
  throw unknownMessage(ctx, target, { message, where: 'dead letters' });
}

function requireReader(ctx: CallContext, target: ProcessRecord): void {
  const { caller, isOperator } = ctx;
  if (target !== caller && target.parent !== caller && !isOperator) {
    throw new KernelError(
      'permission_denied',
      `denied: the mail of ${describeProcess(target)} is its own, its parent's and the operator's.`,
      { details: { pid: target.pid } },
    );
  }
}

/** A runtime acknowledges what it was given; nobody does it behind its back. */
function requireNoRuntime(target: ProcessRecord): void {
  if (isVirtual(target)) return;
  throw new KernelError(
    'wrong_state',
    `${describeProcess(target)} has a runtime, which acknowledges its mail itself (M6).`,
    { details: { pid: target.pid } },
  );
}

/** M8: a reply goes to somebody who reads it, or the word is refused with it. */
function requireReplyFits(ctx: CallContext, to: Pid, bytes: number): void {
  const sender = ctx.parts.table.find(to);
  if (sender === undefined || !isLive(sender.state)) {
    throw new KernelError('wrong_state', `The sender, process ${to}, is gone: no reply (M8).`, {
      details: { field: 'reply', pid: to },
    });
  }
  requireReplyTaken(ctx, to, bytes);
}

/** M8. What a subscriber took may be older than its sender: then nobody is there to be answered. */
function requireReplyTaken(ctx: CallContext, to: Pid, bytes: number): void {
  if (bytes > LIMITS.messagePayloadBytesMax) {
    throw new KernelError(
      'too_large',
      `The reply has ${bytes} bytes, at most ${LIMITS.messagePayloadBytesMax} are allowed (M8).`,
      { details: { field: 'reply', bytes } },
    );
  }
  const sender = ctx.parts.table.find(to);
  if (sender === undefined || !isLive(sender.state)) return;
  if (!ctx.parts.office.openBox(to).hasRoomFor(bytes, false)) {
    throw new KernelError('queue_full', `The inbox of ${describeProcess(sender)} is full (M8).`, {
      details: { pid: to },
    });
  }
}

function unknownMessage(
  ctx: CallContext,
  target: ProcessRecord,
  what: { message: MessageId; where: 'inbox' | 'dead letters' },
): KernelError {
  const id = formatId('m', ctx.parts.table.partition, what.message);
  const whose = `${describeProcess(target)} has no message ${id} among its ${what.where}.`;
  const sentence = what.where === 'inbox' ? whose.replace('among its', 'in its') : whose;
  return new KernelError('not_found', sentence, { details: { pid: target.pid } });
}
