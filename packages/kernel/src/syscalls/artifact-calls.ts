// Calls on artifacts: store, get, list.
// What is answered is a copy: the record goes on changing (the rules are the librarian's).

import type { Found } from '../artifacts/librarian.ts';
import type { AnswerOf, ArgsOf } from './abi.ts';
import type { CallContext } from './context.ts';

export function store(ctx: CallContext, args: ArgsOf<'store'>): AnswerOf<'store'> {
  const { key, content, contentType, visibility } = args;
  const order = { key, content, contentType, visibility, task: ctx.task };
  return snapshot(ctx.parts.librarian.store(ctx.caller, order));
}

export function getArtifact(
  ctx: CallContext,
  args: ArgsOf<'get_artifact'>,
): AnswerOf<'get_artifact'> {
  const found = ctx.parts.librarian.find(ctx.caller, args.by, args.version);
  if (found === undefined) return undefined;
  ctx.read(found.version.seq, found.version.by);
  return snapshot(found);
}

export function listArtifacts(
  ctx: CallContext,
  args: ArgsOf<'list_artifacts'>,
): AnswerOf<'list_artifacts'> {
  const found = ctx.parts.librarian.list(ctx.caller, args);
  for (const { version } of found) ctx.read(version.seq, version.by);
  return found.map(snapshot);
}

/** The record goes on changing; what was found does not. */
const snapshot = (found: Found): Found => ({ record: { ...found.record }, version: found.version });
