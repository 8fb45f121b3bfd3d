// One SubscribeEvents call as a sink: events are encoded and gathered to batches, and a batch is
// written when it is large enough or nothing more comes at the moment. What is live is encoded once
// for all who follow it over gRPC.
//   Bounded: a batch that is gathered, beside one that the connection has not got rid of; nothing
//   is taken when both are full.

import type { ServerWritableStream } from '@grpc/grpc-js';
import { core, encodeMessage } from '@hivekernel/protocol';
import type { FollowItem, FollowSink } from '../events/follow.ts';
import { FOLLOW_LIMITS } from '../events/limits.ts';
import type { MessageBatch } from './message-batches.ts';

export type BatchStream = Pick<ServerWritableStream<unknown, MessageBatch>, 'write'>;

export class GrpcEventSink implements FollowSink {
  readonly #stream: BatchStream;
  readonly #signal: AbortSignal;
  #batch: Buffer[] = [];
  #batchBytes = 0;
  #isWriting = false;
  #wake: () => void = () => undefined;

  constructor(stream: BatchStream, signal: AbortSignal) {
    this.#stream = stream;
    this.#signal = signal;
  }

  put(item: FollowItem): boolean {
    const bytes = bytesOf(item);
    this.#batch.push(bytes);
    this.#batchBytes += bytes.length;
    return this.#hasRoom || this.flush();
  }

  /** What is being written takes the rest along when it is done. */
  flush(): boolean {
    if (!this.#isWriting) this.#write();
    return this.#hasRoom;
  }

  /** Nothing more is put: the rest leaves before the status does. */
  close(): void {
    this.#write();
  }

  live(): void {
    // Nothing in the service tells of it.
  }

  drained(): Promise<void> {
    if (this.#signal.aborted || this.#hasRoom) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        this.#signal.removeEventListener('abort', done);
        resolve();
      };
      this.#wake = done;
      this.#signal.addEventListener('abort', done, { once: true });
    });
  }

  get #hasRoom(): boolean {
    return this.#batchBytes < FOLLOW_LIMITS.chunkBytesMax;
  }

  #write(): void {
    if (this.#batch.length === 0) return;
    const batch = this.#batch;
    this.#batch = [];
    this.#batchBytes = 0;
    this.#isWriting = true;
    this.#stream.write(batch, () => this.#written());
  }

  #written(): void {
    this.#isWriting = false;
    if (this.#signal.aborted) return;
    this.#write();
    this.#wake();
  }
}

function bytesOf({ event, forms }: FollowItem): Buffer {
  const known = forms?.wire;
  if (known !== undefined) return known;
  const { buffer, byteOffset, length } = encodeMessage(core.ProcessEvent, event);
  const bytes = Buffer.from(buffer, byteOffset, length);
  if (forms !== undefined) forms.wire = bytes;
  return bytes;
}
