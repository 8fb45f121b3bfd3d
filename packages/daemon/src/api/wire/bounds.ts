// What a field of a call may hold. The kernel checks what means something (names, keys, rights);
// this checks what only has a size, before anything is copied, hashed or journaled.
//   Every refusal is `invalid_argument` or `too_large` and names its field.

import { KernelError, LIMITS } from '@hivekernel/kernel';

type TextMap = Readonly<Record<string, string>>;

/** A char of JavaScript is at most this many bytes of UTF-8. */
const BYTES_PER_CHAR_MAX = 3;
const MS = 1_000;

/** Image paths, directories: what the OS takes. */
export const PATH_CHARS_MAX = 4_096;

/** From TERM to KILL. Whoever asks for more gets this much; timers end at 2^31 ms. */
export const GRACE_MS_MAX = 3_600_000;

/** Text of any length that people or models read. */
export function text(value: string, field: string): string {
  if (value.length * BYTES_PER_CHAR_MAX <= LIMITS.textBytesMax) return value;
  const bytes = Buffer.byteLength(value);
  if (bytes > LIMITS.textBytesMax) throw tooLarge({ field, bytes, max: LIMITS.textBytesMax });
  return value;
}

/** A word: a model, a message type, a user, the name of a metric. */
export function word(value: string, field: string): string {
  return chars(value, { field, max: LIMITS.nameCharsMax });
}

export function path(value: string, field: string): string {
  return chars(value, { field, max: PATH_CHARS_MAX });
}

export function chars(value: string, bound: { field: string; max: number }): string {
  if (value.length <= bound.max && !value.includes('\0')) return value;
  const { field, max } = bound;
  const what =
    value.length > max ? `has ${value.length} characters, at most ${max}` : 'holds a zero, none';
  throw new KernelError('invalid_argument', `${field} ${what} are allowed.`, {
    details: { field },
  });
}

/** All of its keys and values together are one text. */
export function textMap(value: TextMap, field: string): TextMap {
  let entries = 0;
  let bytes = 0;
  for (const key in value) {
    entries += 1;
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value[key] ?? '');
  }
  if (entries > LIMITS.mapEntriesMax) throw tooMany({ field, entries });
  if (bytes > LIMITS.textBytesMax) throw tooLarge({ field, bytes, max: LIMITS.textBytesMax });
  return value;
}

export function words(values: readonly string[], field: string): readonly string[] {
  if (values.length > LIMITS.mapEntriesMax) throw tooMany({ field, entries: values.length });
  for (const value of values) word(value, field);
  return values;
}

/** A count from the wire: whole, not negative, exact. */
export function count(value: number, field: string): number {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new KernelError('invalid_argument', `${field} ${value} is not a whole number from 0 on.`, {
    details: { field },
  });
}

/** A count with a bound of its own. */
export function atMost(value: number, bound: { field: string; max: number }): number {
  const { field, max } = bound;
  if (count(value, field) <= max) return value;
  const sentence = `${field} ${value} is too much, at most ${max} is allowed.`;
  throw new KernelError('invalid_argument', sentence, { details: { field, max } });
}

/** Seconds of the wire as milliseconds. */
export function ms(seconds: number, field: string): number {
  return count(seconds, field) * MS;
}

/** Seconds of the wire as milliseconds of grace; 0: the default. */
export function graceMs({ seconds, defaultMs }: { seconds: number; defaultMs: number }): number {
  return Math.min(seconds === 0 ? defaultMs : seconds * MS, GRACE_MS_MAX);
}

/** A pid that must name somebody: 0 is refused. */
export function someone(value: number, field: string): number {
  if (count(value, field) > 0) return value;
  throw new KernelError('invalid_argument', `${field} is missing: name a process by its pid.`, {
    details: { field },
  });
}

export function finite(value: number, field: string): number {
  if (Number.isFinite(value)) return value;
  throw new KernelError('invalid_argument', `${field} ${value} is not a number.`, {
    details: { field },
  });
}

/** Checked before the bytes are hashed or copied. */
export function payload(bytes: Uint8Array, bound: { field: string; max: number }): Uint8Array {
  const { field, max } = bound;
  if (bytes.length > max) throw tooLarge({ field, bytes: bytes.length, max });
  return bytes;
}

function tooLarge(what: { field: string; bytes: number; max: number }): KernelError {
  const { field, bytes, max } = what;
  return new KernelError(
    'too_large',
    `${field} has ${bytes} bytes, at most ${max} are allowed.` +
      (field === 'payload' ? ' Store it as an artifact and send its key (M8).' : ''),
    { details: { field, bytes, max } },
  );
}

function tooMany(what: { field: string; entries: number }): KernelError {
  const { field, entries } = what;
  return new KernelError(
    'invalid_argument',
    `${field} has ${entries} entries, at most ${LIMITS.mapEntriesMax} are allowed.`,
    { details: { field, entries } },
  );
}
