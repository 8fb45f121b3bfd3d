// Many messages of a stream in one write. grpc-js takes the next message of a handler when the
// socket has the one before, which costs a small message more than all the rest of its way; here
// the handler writes a batch, and its messages go to the HTTP/2 stream one after the other at once.
//   The wire sees no difference: each is a message of its own, with its own length before it.

import { ServerInterceptingCall } from '@grpc/grpc-js';
import type { ServerInterceptor } from '@grpc/grpc-js';

/** Of encoded messages, at least one. */
export type MessageBatch = readonly Buffer[];

/** For those methods, by path; all others are left alone. */
export const batching =
  (paths: ReadonlySet<string>): ServerInterceptor =>
  (method, call) =>
    paths.has(method.path) ? new BatchingCall(call) : (call as ServerInterceptingCall);

type NextCall = Parameters<ServerInterceptor>[1];

class BatchingCall extends ServerInterceptingCall {
  readonly #next: NextCall;

  constructor(next: NextCall) {
    super(next);
    this.#next = next;
  }

  /** `done` is called when the last of them is written, and with it all. */
  override sendMessage(batch: MessageBatch, done: () => void): void {
    const last = batch.length - 1;
    for (const [i, message] of batch.entries()) {
      this.#next.sendMessage(message, i === last ? done : notTheLast);
    }
  }
}

const notTheLast = (): void => undefined;
