// Calls on the tree (P11): who is where, and the move of a branch.
// Here rights are asked and answers shaped; the questions themselves are those of process/tree.ts.

import type { ProcessRecord } from '../process/record.ts';
import {
  ancestorsOf as ancestorsOfRecord,
  nearestCommonAncestor,
  nodesOf,
  walkDown,
} from '../process/tree.ts';
import { NOTHING, type AnswerOf, type ArgsOf, type Nothing } from './abi.ts';
import type { CallContext } from './context.ts';
import type { ProcessView } from './views.ts';

export function listChildren(
  ctx: CallContext,
  args: ArgsOf<'list_children'>,
): AnswerOf<'list_children'> {
  const found: ProcessView[] = [];
  const records = args.isRecursive ? walkDown(ctx.caller) : ctx.caller.children.values();
  for (const record of records) {
    if (record === ctx.caller) continue;
    if (args.state !== undefined && !args.state.includes(record.state)) continue;
    if (ctx.parts.guard.hasAccess(ctx.caller, 'read_process', record)) found.push(ctx.view(record));
  }
  return found;
}

export function listSiblings(ctx: CallContext): AnswerOf<'list_siblings'> {
  const siblings: ProcessView[] = [];
  for (const record of ctx.caller.parent?.children.values() ?? []) {
    if (record === ctx.caller || !ctx.parts.guard.hasAccess(ctx.caller, 'read_process', record))
      continue;
    siblings.push(ctx.view(record));
  }
  return siblings;
}

/** All that the caller may read. */
export function listProcesses(
  ctx: CallContext,
  args: ArgsOf<'list_processes'>,
): AnswerOf<'list_processes'> {
  const root: ProcessRecord = args.root === 0 ? ctx.parts.table.king : ctx.process(args.root);
  const found: ProcessView[] = [];
  for (const record of walkDown(root)) {
    if (!args.includeDead && record.state === 'dead') continue;
    if (ctx.parts.guard.hasAccess(ctx.caller, 'read_process', record)) found.push(ctx.view(record));
  }
  return found;
}

/** From the parent up to the king: who may read a process may read who it hangs on. */
export function ancestors(ctx: CallContext, args: ArgsOf<'ancestors'>): AnswerOf<'ancestors'> {
  const target = readable(ctx, args.pid);
  return [...ancestorsOfRecord(target)].map((record) => ctx.view(record));
}

export function commonAncestor(ctx: CallContext, args: ArgsOf<'common_ancestor'>): ProcessView {
  return ctx.view(nearestCommonAncestor(readable(ctx, args.pid), readable(ctx, args.other)));
}

export function subtreeNodes(
  ctx: CallContext,
  args: ArgsOf<'subtree_nodes'>,
): AnswerOf<'subtree_nodes'> {
  const root = readable(ctx, args.pid);
  for (const record of walkDown(root)) ctx.read(record.changedSeq, record.changedBy);
  return { nodes: nodesOf(root) };
}

export function reparent(ctx: CallContext, args: ArgsOf<'reparent'>): Nothing {
  ctx.parts.mover.reparent(ctx.caller, ctx.process(args.pid), ctx.process(args.parent));
  return NOTHING;
}

function readable(ctx: CallContext, pid: ArgsOf<'info'>['pid']): ProcessRecord {
  const target = ctx.process(pid);
  ctx.parts.guard.requireAccess(ctx.caller, 'read_process', target);
  return target;
}
