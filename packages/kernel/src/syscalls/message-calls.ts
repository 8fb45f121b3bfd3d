// Calls on messages: send, look into an inbox, escalate.
// Here rights are asked and answers shaped; the rules of delivery are the broker's.

import { KernelError } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import { deliveryOf } from '../ipc/delivery-view.ts';
import { onceOf } from '../ipc/sent-keys.ts';
import { normalizeAddress } from '../process/address.ts';
import type { ProcessRecord } from '../process/record.ts';
import type { AnswerOf, ArgsOf } from './abi.ts';
import { OWED, type CallContext, type Owed } from './context.ts';

export function send(ctx: CallContext, args: ArgsOf<'send'>): AnswerOf<'send'> {
  const { caller, parts } = ctx;
  const { idempotencyKey: key = '' } = args;
  const once = key === '' ? undefined : onceOf(key, printed(args));
  const earlier = once && parts.state.sentKeys.find(caller.pid, once);
  if (earlier !== undefined) return { message: earlier };
  if (args.queue !== '') {
    parts.guard.requireRight(caller, 'send_message');
    return { message: parts.queues.send({ from: caller, name: args.queue, message: args, once }) };
  }
  const to = receiverOf(ctx, args);
  parts.guard.requireAccess(caller, 'send_message', to);
  return { message: parts.broker.send({ from: caller, to, message: args, once }) };
}

/** M5: by the receiver as it is named, who may be gone when the same is sent again. */
const printed = ({ to, queue, toAddress, type, replyTo, content }: ArgsOf<'send'>) => ({
  to: queue === '' ? toAddress || `${to}` : `queue ${queue}`,
  type,
  replyTo,
  content,
});

/** P7: by its address, or by its pid. */
function receiverOf(ctx: CallContext, { to, toAddress = '' }: ArgsOf<'send'>): ProcessRecord {
  if (toAddress === '') return ctx.process(to);
  const address = normalizeAddress(toAddress);
  const found = ctx.parts.table.atAddress(address);
  if (found !== undefined) return found;
  throw new KernelError('not_found', `There is no process at ${address} (P7).`, {
    details: { field: 'to_address' },
  });
}

/** M9: what a subscriber was handed for good is not listed. */
export function listInbox(ctx: CallContext, args: ArgsOf<'list_inbox'>): AnswerOf<'list_inbox'> {
  const { queue = '' } = args;
  if (queue !== '') return ctx.parts.queues.look(ctx, queue, LISTED_MAX);
  const target = ctx.process(args.pid);
  ctx.parts.guard.requireAccess(ctx.caller, 'read_process', target);
  const { office, table } = ctx.parts;
  const box = office.box(target.pid);
  if (box === undefined) return { messages: [], total: 0, deadLetters: [], deadTotal: 0 };
  for (const message of box.messages()) ctx.read(message.seq, message.by);
  const waiting = box.listed();
  return {
    messages: waiting.slice(0, LISTED_MAX).map((message) => deliveryOf(message, table)),
    total: waiting.length,
    deadLetters: box.deadLetters.slice(-LISTED_MAX).map((letter) => ({
      ...deliveryOf(letter, table),
      whyDead: letter.whyDead,
    })),
    deadTotal: box.deadLetters.length,
  };
}

export function escalate(ctx: CallContext, args: ArgsOf<'escalate'>): Owed | AnswerOf<'escalate'> {
  if (args.issue === '') {
    throw new KernelError('invalid_argument', 'An escalation needs an issue.', {
      details: { field: 'issue' },
    });
  }
  ctx.parts.guard.requireCapability(ctx.caller, 'escalate');
  ctx.parts.escalations.raise(ctx.caller, args, { ref: ctx.ref, task: ctx.task });
  return OWED;
}

/** A listing fits a frame: this many messages of inline size at most. */
const LISTED_MAX = Math.floor(LIMITS.frameBytesMax / (4 * LIMITS.inlineContentBytesMax));

/** Of the caller's user; the king sees all. */
export function listQueues(ctx: CallContext, args: ArgsOf<'list_queues'>): AnswerOf<'list_queues'> {
  return ctx.parts.queues.list(ctx, args.prefix);
}
