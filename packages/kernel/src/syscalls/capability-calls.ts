// Calls on what processes hold (A3): grant, revoke, look. Who may give what is asked by the
// grantor; who may look, as of any process, by the guard.

import { CAPABILITIES } from '../events/words.ts';
import { ROLE_CAPABILITIES, whyNot } from '../permissions/capabilities.ts';
import { NOTHING, type AnswerOf, type ArgsOf, type Nothing } from './abi.ts';
import type { CallContext } from './context.ts';

export function grant(ctx: CallContext, { pid, capability }: ArgsOf<'grant'>): Nothing {
  ctx.parts.grantor.grant(ctx.caller, ctx.process(pid), capability);
  return NOTHING;
}

export function revoke(ctx: CallContext, { pid, capability }: ArgsOf<'revoke'>): Nothing {
  ctx.parts.grantor.revoke(ctx.caller, ctx.process(pid), capability);
  return NOTHING;
}

export function listCapabilities(
  ctx: CallContext,
  args: ArgsOf<'list_capabilities'>,
): AnswerOf<'list_capabilities'> {
  const target = ctx.process(args.pid);
  ctx.parts.guard.requireAccess(ctx.caller, 'read_process', target);
  // What was revoked above it is told with it.
  for (let at: typeof target | undefined = target; at !== undefined; at = at.parent) {
    ctx.read(at.changedSeq, at.changedBy);
  }
  return CAPABILITIES.map((capability) => {
    const why = whyNot(target, capability) ?? '';
    const isRoleDefault = ROLE_CAPABILITIES[target.spec.role].has(capability);
    return { capability, isHeld: why === '', isRoleDefault, why };
  });
}
