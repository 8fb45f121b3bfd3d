// Content on its way to the wire: text, bytes or a JSON value in one parameter. What comes back is
// bytes; its reader says how to read them.

/** What JSON can say. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue | undefined };

/** Text is sent as UTF-8, bytes as they are, anything else as JSON. */
export type Payload = string | Uint8Array | JsonValue;

export function bytesOf(payload: Payload): Uint8Array {
  if (payload instanceof Uint8Array) return payload;
  return Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload), 'utf8');
}

/** The content type that goes with a payload when its author names none. */
export function contentTypeOf(payload: Payload): string {
  if (payload instanceof Uint8Array) return 'application/octet-stream';
  return typeof payload === 'string' ? 'text/plain; charset=utf-8' : 'application/json';
}
