// The thread side of calls: looks a call up in a table, runs it, answers with its value or with the
// failure that it threw. Shared by the writer and the reader thread.

import type { MessagePort, Transferable } from 'node:worker_threads';
import { failureOf } from './failure.ts';
import type { CallMessage, FromThread } from './messages.ts';

/** A total table: a call that is missing is a compile error. */
export type Handlers<Calls extends object> = {
  readonly [Name in keyof Calls]: Calls[Name] extends { ask: infer Ask; answer: infer Answer }
    ? (ask: Ask) => Answer
    : never;
};

export function answerCall<Calls extends object>(
  port: MessagePort,
  call: CallMessage,
  handlers: Handlers<Calls>,
): void {
  const { id } = call;
  try {
    const run = (handlers as unknown as Record<string, (ask: unknown) => unknown>)[call.name];
    if (!run) throw new Error(`the journal thread has no call '${call.name}'`);
    const value = run(call.ask);
    send(port, { kind: 'returned', id, value }, buffersIn(value));
  } catch (error) {
    send(port, { kind: 'failed', id, failure: failureOf(error) });
  }
}

export function send(port: MessagePort, message: FromThread, transfer: Transferable[] = []): void {
  port.postMessage(message, transfer);
}

/** Byte arrays that fill their buffer are moved, not copied. */
function buffersIn(value: unknown): ArrayBuffer[] {
  const fields: readonly unknown[] =
    value instanceof Uint8Array ? [value] : Object.values(value ?? {});
  return fields.flatMap((field) => (field instanceof Uint8Array ? movable(field) : []));
}

const movable = ({ buffer, byteLength }: Uint8Array): ArrayBuffer[] =>
  buffer instanceof ArrayBuffer && buffer.byteLength === byteLength ? [buffer] : [];
