// SubscribeEvents of the gRPC service as load: HTTP/2 as it comes, whose messages are counted by
// the lengths before them and looked at no further, so that what is measured is the kernel.

import { connect } from 'node:http2';
import { once } from 'node:events';
import type { EventDoor } from './event-reader.ts';

const PATH = '/hivekernel.core.CoreService/SubscribeEvents';
/** A flag and the length of what follows. */
const PREFIX_BYTES = 5;
/** An empty request: everything that is kept. */
const REQUEST = Buffer.alloc(PREFIX_BYTES);
/** As the clients of the large libraries ask for. */
const WINDOW_BYTES = 4 * 1024 * 1024;

/** Resolves when so many messages came. Rejects when the stream ends before, or it is aborted. */
export async function replayOverGrpc(
  { grpcAddress, token }: EventDoor,
  { messages, signal }: { readonly messages: number; readonly signal: AbortSignal },
): Promise<void> {
  const session = connect(`http://${grpcAddress}`, {
    settings: { initialWindowSize: WINDOW_BYTES },
  });
  try {
    await once(session, 'connect', { signal });
    session.setLocalWindowSize(WINDOW_BYTES);
    const stream = session.request({
      ':method': 'POST',
      ':path': PATH,
      'content-type': 'application/grpc',
      te: 'trailers',
      authorization: `Bearer ${token}`,
    });
    const counter = new MessageCounter();
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    stream.on('data', (chunk: Buffer) => {
      if (counter.take(chunk) >= messages) resolve(undefined);
    });
    stream.once('close', () => reject(new Error('SubscribeEvents ended')));
    stream.once('error', reject);
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    stream.end(REQUEST);
    await promise;
  } finally {
    session.destroy();
  }
}

/** Counts messages by their prefixes, wherever the chunks are cut. */
export class MessageCounter {
  #count = 0;
  #prefixBytes = 0;
  #length = 0;
  /** Of the message that is under way. */
  #left = 0;

  /** How many are complete so far. */
  take(chunk: Uint8Array): number {
    let at = 0;
    while (at < chunk.length) at = this.#left > 0 ? this.#skip(chunk, at) : this.#prefix(chunk, at);
    return this.#count;
  }

  #skip(chunk: Uint8Array, at: number): number {
    const taken = Math.min(this.#left, chunk.length - at);
    this.#left -= taken;
    if (this.#left === 0) this.#count += 1;
    return at + taken;
  }

  #prefix(chunk: Uint8Array, at: number): number {
    const byte = chunk[at] as number;
    if (this.#prefixBytes > 0) this.#length = this.#length * 256 + byte;
    this.#prefixBytes += 1;
    if (this.#prefixBytes === PREFIX_BYTES) {
      this.#left = this.#length;
      if (this.#left === 0) this.#count += 1;
      this.#prefixBytes = 0;
      this.#length = 0;
    }
    return at + 1;
  }
}
