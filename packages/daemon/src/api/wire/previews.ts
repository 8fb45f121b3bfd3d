// Previews: the beginning of a text or payload as one printable line of at most 200 characters, and
// the trace that a JSON payload names. Not for anybody who needs the whole.

const PREVIEW_CHARS_MAX = 200;
/** More than 200 characters of any length in UTF-8. */
const PREVIEW_BYTES_MAX = 4 * PREVIEW_CHARS_MAX;
const TRACE_CHARS_MAX = 128;
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\u2028\u2029]+/gu;
const OPEN_BRACE = 0x7b;

/** Control and direction characters become spaces; never half a character at the end. */
export function previewOfText(text: string): string {
  // A code point is at most two units, so nothing further back can be seen.
  const head = text.slice(0, 2 * PREVIEW_CHARS_MAX).toWellFormed();
  const line = head.replace(UNPRINTABLE, ' ').trim();
  const points = [...line];
  return points.length <= PREVIEW_CHARS_MAX ? line : points.slice(0, PREVIEW_CHARS_MAX).join('');
}

export function previewOfBytes(bytes: Uint8Array): string {
  const head = bytes.subarray(0, PREVIEW_BYTES_MAX);
  return previewOfText(new TextDecoder().decode(head));
}

export interface Trace {
  readonly traceId: string;
  readonly traceSpan: string;
}

const NO_TRACE: Trace = { traceId: '', traceSpan: '' };

/** PROTOCOL §3: JSON payloads may carry `trace_id` and `trace_span`. */
export function traceOf(bytes: Uint8Array): Trace {
  if (bytes[0] !== OPEN_BRACE) return NO_TRACE;
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return NO_TRACE;
  }
  if (typeof value !== 'object' || value === null) return NO_TRACE;
  const named = value as Readonly<Record<string, unknown>>;
  return { traceId: traceWord(named['trace_id']), traceSpan: traceWord(named['trace_span']) };
}

function traceWord(value: unknown): string {
  return typeof value === 'string' && value.length <= TRACE_CHARS_MAX ? value : '';
}
