// Content back to bytes on the way out. What rides inside the event is there at once; what lies in
// the content store takes a read, and only then is there a promise.

import type { Content } from '@hivekernel/kernel';
import type { Host } from '../../journal/host.ts';

export type Reader = Pick<Host, 'bytes'>;

/** Rejects with `data_loss` where the store has lost them. */
export function bytesOf(content: Content, reader: Reader): Uint8Array | Promise<Uint8Array> {
  return content.inline === undefined ? reader.bytes(content) : bytesInside(content.inline);
}

export const bytesInside = (inline: string): Uint8Array => Buffer.from(inline, 'base64');

export const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');

/** `then` without a turn of the event loop where there is nothing to wait for. */
export function whenThere<T, R>(value: T | Promise<T>, use: (value: T) => R): R | Promise<R> {
  return value instanceof Promise ? value.then(use) : use(value);
}
