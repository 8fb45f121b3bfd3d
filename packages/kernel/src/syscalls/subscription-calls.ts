// Calls of those who take messages by themselves: subscribe, take, end it. What waits where, and
// who may have it, is the matter of the places that they take from. Who takes from a queue needs
// the right to send.

import type { MessageId } from '../ids.ts';
import type { Feed } from '../ipc/subscriptions.ts';
import { NOTHING, type AnswerOf, type ArgsOf, type Nothing } from './abi.ts';
import { OWED, type CallContext, type Owed } from './context.ts';

export function subscribe(ctx: CallContext, order: ArgsOf<'subscribe'>): AnswerOf<'subscribe'> {
  const { caller, parts, ref } = ctx;
  parts.subscriptions.requireRoom(caller);
  const feed = feedOf(ctx, order);
  const { id } = parts.subscriptions.open(caller, ref.channel, feed);
  return { subscription: id };
}

export function take(ctx: CallContext, args: ArgsOf<'take'>): AnswerOf<'take'> | Owed {
  const { subscriptions, log } = ctx.parts;
  const subscription = subscriptions.require(args.subscription, ctx.ref);
  subscriptions.requireNoTake(subscription);
  subscriptions.accept(subscription, args.accepted);
  const untilMonoMs = args.timeoutMs === 0 ? undefined : log.monoMs + args.timeoutMs;
  const messages = subscriptions.take(subscription, { ref: ctx.ref, max: args.max, untilMonoMs });
  return messages === undefined ? OWED : { messages };
}

export function unsubscribe(ctx: CallContext, args: ArgsOf<'unsubscribe'>): Nothing {
  const { subscriptions } = ctx.parts;
  const subscription = subscriptions.require(args.subscription, ctx.ref);
  subscriptions.end(subscription, 'cancelled', new Set<MessageId>(args.returned));
  return NOTHING;
}

function feedOf(ctx: CallContext, order: ArgsOf<'subscribe'>): Feed {
  const { caller, parts } = ctx;
  const { type, leastUrgent, isAcknowledged, from } = order;
  const wants = { type, leastUrgent };
  switch (from.source) {
    case 'inbox':
      return parts.inboxes.open(caller, { wants, isAcknowledged });
    case 'queue':
      parts.guard.requireRight(caller, 'send_message');
      return parts.queues.open(caller, from.name, { wants, isAcknowledged });
    case 'topic':
      return parts.topics.open(caller, from, { wants, isAcknowledged });
  }
}
