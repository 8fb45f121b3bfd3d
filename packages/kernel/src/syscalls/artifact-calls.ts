// Calls on artifacts: store, get, list, versions, freeze, delete.
// What is answered is a copy: the record goes on changing (the rules are the librarian's).
//   DESIGN §3. Whoever finds, or misses, something of another's making waits until that is durable.

import type { Found } from '../artifacts/librarian.ts';
import { NOTHING, type AnswerOf, type ArgsOf } from './abi.ts';
import type { CallContext } from './context.ts';

export function store(ctx: CallContext, args: ArgsOf<'store'>): AnswerOf<'store'> {
  const { task } = ctx;
  const trace = args.trace || traceOfTask(ctx);
  return copyOf(ctx.parts.librarian.store(ctx.caller, { ...args, task, trace }));
}

/** What is made for a task belongs to the task's trace, if it has one. */
function traceOfTask({ parts, task }: CallContext): string {
  const params = task === null ? undefined : parts.tasks.byId.get(task)?.spec.params;
  const trace = params?.['trace_id'] ?? '';
  return trace.length <= TRACE_CHARS_MAX ? trace : '';
}

const TRACE_CHARS_MAX = 128;

export function getArtifact(
  ctx: CallContext,
  args: ArgsOf<'get_artifact'>,
): AnswerOf<'get_artifact'> {
  const found = ctx.parts.librarian.find(ctx.caller, args.by, args.version);
  missed(ctx);
  return found === undefined ? undefined : read(ctx, found);
}

export function listArtifacts(
  ctx: CallContext,
  args: ArgsOf<'list_artifacts'>,
): AnswerOf<'list_artifacts'> {
  missed(ctx);
  return ctx.parts.librarian.list(ctx.caller, args).map((found) => read(ctx, found));
}

export function artifactVersions(
  ctx: CallContext,
  args: ArgsOf<'artifact_versions'>,
): AnswerOf<'artifact_versions'> {
  missed(ctx);
  return ctx.parts.librarian.versions(ctx.caller, args.by).map((found) => read(ctx, found));
}

export function freezeArtifact(
  ctx: CallContext,
  args: ArgsOf<'freeze_artifact'>,
): AnswerOf<'freeze_artifact'> {
  return copyOf(ctx.parts.librarian.freeze(ctx.caller, args));
}

export function deleteArtifact(
  ctx: CallContext,
  args: ArgsOf<'delete_artifact'>,
): AnswerOf<'delete_artifact'> {
  ctx.parts.librarian.delete(ctx.caller, args);
  return NOTHING;
}

function read(ctx: CallContext, found: Found): Found {
  const { record, version } = found;
  ctx.read(version.seq, version.by);
  if (record.frozen !== null) ctx.read(record.frozen.seq, record.frozen.by);
  return copyOf(found);
}

/** What was deleted may be what is not found. */
function missed(ctx: CallContext): void {
  const deletion = ctx.parts.catalog.lastDeletion;
  if (deletion !== undefined) ctx.read(deletion.seq, deletion.by);
}

/** The record goes on changing; what was found does not. */
const copyOf = ({ record, version }: Found): Found => ({ record: { ...record }, version });
