// Calls on topics (M10): publish, look, clear. Who may publish is asked by dispatch; the rules are
// those of ipc.

import { NOTHING, type AnswerOf, type ArgsOf, type Nothing } from './abi.ts';
import type { CallContext } from './context.ts';

export const publish = (ctx: CallContext, args: ArgsOf<'publish'>): AnswerOf<'publish'> =>
  ctx.parts.topics.publish(ctx.caller, args);

export const listTopics = (
  ctx: CallContext,
  { pattern }: ArgsOf<'list_topics'>,
): AnswerOf<'list_topics'> => ctx.parts.topics.list(ctx, pattern);

export function clearTopic(ctx: CallContext, { topic }: ArgsOf<'clear_topic'>): Nothing {
  ctx.parts.topics.clear(ctx.caller, topic);
  return NOTHING;
}

export function forgetCursor(ctx: CallContext, { name }: ArgsOf<'forget_cursor'>): Nothing {
  ctx.parts.topics.forgetCursor(ctx.caller, name);
  return NOTHING;
}
