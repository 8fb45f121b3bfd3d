// One connection of a LinkCaller: Hello, frames in and out, back-pressure. What is to be sent it
// asks for, frame by frame, so that nothing piles up here when the socket is full.
import { CallError, ClientFrame, HelloReply, Reply, Request } from '../gen/link.ts';
import type { Hello } from '../gen/link.ts';
import type { ByteStream } from './byte-stream.ts';
import { FrameReader, encodeFrame } from './frame-codec.ts';
import { LinkCallError, LinkProtocolError, fromCallError } from './link-error.ts';
import { FrameBuilder, decodeField, encodeMessage, walkFrame } from './message-codec.ts';
import type { FrameField } from './message-codec.ts';

export interface CallerConnectionListener {
  onHello(reply: HelloReply): void;
  onReply(reply: Reply): void;
  onRequest(request: Request): void;
  /** After each chunk: everything in it has been handed over. */
  onChunkEnd(): void;
  /** Fills a frame. It goes out unless it stayed empty. */
  fill(frame: FrameBuilder): void;
  /** The connection is over. `isFinal`: the kernel refused it, so another one would not help. */
  onEnd(end: { error: LinkCallError; isFinal: boolean }): void;
}

const FIELD = { hello: 2, replies: 3, requests: 4, error: 5 } as const;

export class CallerConnection {
  readonly #stream: ByteStream;
  readonly #listener: CallerConnectionListener;
  readonly #frames = new FrameReader();
  readonly #builder = new FrameBuilder();
  readonly #visitor = { onMessage: (n: number, field: FrameField) => this.#onField(n, field) };
  #isReady = false;
  #isBlocked = false;
  #isFlushScheduled = false;
  #isOver = false;

  constructor(stream: ByteStream, listener: CallerConnectionListener) {
    this.#stream = stream;
    this.#listener = listener;
  }

  /** Hello was answered, and the connection is not over. */
  get isReady(): boolean {
    return this.#isReady && !this.#isOver;
  }

  open(first: { hello: Hello; ack: number }): void {
    const frame = { ack: first.ack, hello: first.hello, calls: [], answers: [] };
    this.#stream.write(encodeFrame(encodeMessage(ClientFrame, frame)));
    this.#stream.listen({
      onData: (chunk) => this.#onData(chunk),
      onDrain: () => {
        this.#isBlocked = false;
        this.flush();
      },
      onEnd: (error) => this.#onEnd(error),
    });
  }

  /** Sends at the end of this turn of the event loop, all that is there by then. */
  flushSoon(): void {
    if (this.#isFlushScheduled) return;
    this.#isFlushScheduled = true;
    setImmediate(() => this.flush());
  }

  flush(): void {
    this.#isFlushScheduled = false;
    while (this.isReady && !this.#isBlocked) {
      this.#listener.fill(this.#builder);
      if (this.#builder.isEmpty) return;
      this.#isBlocked = !this.#builder.writeTo(this.#stream);
    }
  }

  /** Ends it after what was flushed. */
  end(): void {
    this.#isOver = true;
    this.#stream.end();
  }

  /** Ends it at once, with this reason. */
  break(error: LinkCallError, isFinal = false): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stream.destroy();
    this.#listener.onEnd({ error, isFinal });
  }

  #onEnd(cause: Error | undefined): void {
    const why = cause ? `: ${cause.message}` : '';
    const options = cause ? { cause } : {};
    this.break(new LinkCallError('unavailable', `the link to the kernel ended${why}`, options));
  }

  #onData(chunk: Uint8Array): void {
    try {
      for (const frame of this.#frames.push(chunk)) {
        if (!this.#isOver) walkFrame(frame, this.#visitor);
      }
    } catch (cause) {
      if (!(cause instanceof Error)) throw cause;
      const message = `the kernel's frame cannot be read: ${cause.message}`;
      return this.break(new LinkCallError('unavailable', message, { cause }));
    }
    if (!this.#isOver) this.#listener.onChunkEnd();
  }

  #onField(fieldNumber: number, field: FrameField): void {
    if (this.#isOver) return;
    if (fieldNumber === FIELD.error) {
      const error = fromCallError(decodeField(CallError, field));
      return this.break(error, error.code !== 'unavailable');
    }
    if (fieldNumber === FIELD.hello) {
      this.#isReady = true;
      return this.#listener.onHello(decodeField(HelloReply, field));
    }
    if (!this.#isReady) throw new LinkProtocolError('the kernel did not answer Hello first');
    if (fieldNumber === FIELD.replies) this.#listener.onReply(decodeField(Reply, field));
    if (fieldNumber === FIELD.requests) this.#listener.onRequest(decodeField(Request, field));
  }
}
