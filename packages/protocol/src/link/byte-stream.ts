// What the link needs of a connection: ordered bytes both ways, with back-pressure. A socket of
// node:net fits through node-socket.ts; tests use the pair of memory-stream.ts.
//   A stream has one listener at a time, which hears nothing after `onEnd`.

export interface ByteStreamListener {
  onData(chunk: Uint8Array): void;
  /** After a `write` that returned false: there is room again. */
  onDrain(): void;
  /** The other side is gone, or the stream broke, or it was destroyed here. Exactly once. */
  onEnd(error?: Error): void;
}

export interface ByteStream {
  /** Takes all of it. False: hold back until `onDrain`. Ignored after the end. */
  write(bytes: Uint8Array): boolean;
  /** No more `onData` until `resume`. */
  pause(): void;
  resume(): void;
  /** Ends after what was written has gone out. */
  end(): void;
  /** Ends at once. */
  destroy(): void;
  /** Replaces the listener. */
  listen(listener: ByteStreamListener): void;
}
