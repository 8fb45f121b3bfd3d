// Written ids (`t12`, `m12`, `a12`) and the kernel's numbers behind them (M5). One machine has one
// partition, the first, whose ids are written without its number.

import {
  KernelError,
  asArtifactId,
  asMessageId,
  asTaskId,
  formatId,
  parseId,
} from '@hivekernel/kernel';
import type { ArtifactId, MessageId, TaskId } from '@hivekernel/kernel';

const PARTITION = 0;

export const taskIdText = (id: TaskId): string => formatId('t', PARTITION, id);
export const messageIdText = (id: MessageId): string => formatId('m', PARTITION, id);
export const artifactIdText = (id: ArtifactId): string => formatId('a', PARTITION, id);

/** Empty: no task. Throws `invalid_argument`. */
export function taskIdFrom(text: string, field = 'task_id'): TaskId | undefined {
  if (text === '') return undefined;
  const n = parseId('t', text);
  if (n === undefined) throw notAnId({ text, field, example: 't12' });
  return asTaskId(n);
}

/** Throws `invalid_argument`. */
export function artifactIdFrom(text: string): ArtifactId {
  const n = parseId('a', text);
  if (n === undefined) throw notAnId({ text, field: 'artifact_id', example: 'a12' });
  return asArtifactId(n);
}

/** Throws `invalid_argument`. */
export function messageIdFrom(text: string): MessageId {
  const n = parseId('m', text);
  if (n === undefined) throw notAnId({ text, field: 'message_id', example: 'm12' });
  return asMessageId(n);
}

const SHOWN_CHARS_MAX = 40;

function notAnId(what: { text: string; field: string; example: string }): KernelError {
  const shown = JSON.stringify(what.text.slice(0, SHOWN_CHARS_MAX));
  return new KernelError(
    'invalid_argument',
    `${what.field} ${shown} is no id; one reads like ${what.example}.`,
    { details: { field: what.field } },
  );
}
