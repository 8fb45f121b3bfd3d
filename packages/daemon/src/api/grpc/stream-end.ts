// How a stream of ours ended on the client's side: by its own cancel, or because it is gone (M9).
// grpc-js tells both in the same way, so the HTTP/2 stream below it is looked at: a cancel resets
// the stream, and its connection lives on; whoever is gone takes the connection along. The deadline
// that the client gave is its own word too, whichever side keeps the time.
//   Where it cannot be seen the stream counts as lost: then nothing is, at worst some comes twice.

import { constants } from 'node:http2';
import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import type { ServerWritableStream } from '@grpc/grpc-js';

export type StreamEnd = 'cancelled' | 'lost';

type Timed = Pick<ServerWritableStream<unknown, unknown>, 'getDeadline'>;

/** Below a call's public face, where it has one. */
interface Below {
  readonly call?: { readonly stream?: Partial<ServerHttp2Stream> };
}

/** To be made while the stream is open. */
export class EndOfStream {
  readonly #call: Timed;
  readonly #stream: Partial<ServerHttp2Stream> | undefined;
  readonly #session: Pick<ServerHttp2Session, 'destroyed'> | undefined;

  constructor(call: Timed) {
    this.#call = call;
    this.#stream = (call as Timed & Below).call?.stream;
    this.#session = this.#stream?.session;
  }

  /** Once it is over. */
  get how(): StreamEnd {
    const isReset = this.#stream?.rstCode === constants.NGHTTP2_CANCEL;
    const isOwn = isReset || Number(this.#call.getDeadline()) <= Date.now();
    return isOwn && this.#session?.destroyed === false ? 'cancelled' : 'lost';
  }
}
