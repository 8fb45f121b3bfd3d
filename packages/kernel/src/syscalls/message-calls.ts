// Calls on messages: send, look into an inbox, escalate.
// Here rights are asked and answers shaped; the rules of delivery are the broker's.

import { KernelError } from '../errors.ts';
import type { Delivery } from '../events/effects.ts';
import { LIMITS } from '../limits.ts';
import type { Message } from '../ipc/mailbox.ts';
import { requireAccess } from '../permissions/acl.ts';
import type { AnswerOf, ArgsOf } from './abi.ts';
import { OWED, type CallContext, type Owed } from './context.ts';

export function send(ctx: CallContext, args: ArgsOf<'send'>): AnswerOf<'send'> {
  if (args.queue !== '') {
    throw new KernelError(
      'unimplemented',
      'Named queues are not served by this version; send to a process (to_pid).',
      { details: { field: 'to_queue' } },
    );
  }
  const to = ctx.process(args.to);
  requireAccess(ctx.caller, 'send_message', to);
  return { message: ctx.parts.broker.send(ctx.caller, to, args) };
}

export function listInbox(ctx: CallContext, args: ArgsOf<'list_inbox'>): AnswerOf<'list_inbox'> {
  const target = ctx.process(args.pid);
  requireAccess(ctx.caller, 'read_process', target);
  const box = ctx.parts.office.box(target.pid);
  if (box === undefined) return { messages: [], total: 0, deadLetters: [] };
  for (const message of box.messages()) ctx.read(message.seq, message.by);
  const waiting = box.inOrder();
  return {
    messages: waiting.slice(0, LISTED_MAX).map(deliveryOf),
    total: waiting.length,
    deadLetters: box.deadLetters.slice(-LISTED_MAX).map(deliveryOf),
  };
}

export function escalate(ctx: CallContext, args: ArgsOf<'escalate'>): Owed | AnswerOf<'escalate'> {
  if (args.issue === '') {
    throw new KernelError('invalid_argument', 'An escalation needs an issue.', {
      details: { field: 'issue' },
    });
  }
  ctx.parts.escalations.raise(ctx.caller, args, { ref: ctx.ref, task: ctx.task });
  return OWED;
}

/** A listing fits a frame: this many messages of inline size at most. */
const LISTED_MAX = Math.floor(LIMITS.frameBytesMax / (4 * LIMITS.inlineContentBytesMax));

const deliveryOf = (message: Message): Delivery => ({
  message: message.message,
  from: message.from,
  fromName: message.fromName,
  relation: message.relation,
  priority: message.priority,
  type: message.type,
  content: message.content,
  wallMs: message.wallMs,
  requiresAck: message.requiresAck,
  replyTo: message.replyTo,
});
