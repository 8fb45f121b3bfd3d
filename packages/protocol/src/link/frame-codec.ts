// Frames: four bytes of length, big-endian, then one message. Knows nothing of what is in it.
//   A frame that came in one chunk is a view of that chunk, never a copy: who keeps a part of it
// for long copies that part, or the whole chunk stays in memory.
import { LinkProtocolError } from './link-error.ts';
import { LINK_LIMITS } from './link-limits.ts';

export const FRAME_HEADER_BYTES = 4;

/** Writes the length of a frame in pieces, whose first begins with the header. Throws when over. */
export function sealPieces(pieces: readonly Uint8Array[]): readonly Uint8Array[] {
  const messageBytes = pieces.reduce((sum, piece) => sum + piece.length, -FRAME_HEADER_BYTES);
  if (messageBytes > LINK_LIMITS.frameBytesMax) {
    throw new LinkProtocolError(
      `a frame of ${messageBytes} bytes is over the limit of ${LINK_LIMITS.frameBytesMax}`,
    );
  }
  const first = pieces[0]!;
  new DataView(first.buffer, first.byteOffset).setUint32(0, messageBytes);
  return pieces;
}

/** The frame of an encoded message. Throws `LinkProtocolError` over the frame limit. */
export function encodeFrame(message: Uint8Array): Uint8Array {
  const frame = new Uint8Array(FRAME_HEADER_BYTES + message.length);
  frame.set(message, FRAME_HEADER_BYTES);
  sealPieces([frame]);
  return frame;
}

/** Cuts a stream of chunks into messages. After an error it stays broken. */
export class FrameReader {
  readonly #frameBytesMax: number;
  readonly #header = new Uint8Array(FRAME_HEADER_BYTES);
  #headerFill = 0;
  /** The frame under way that began in an earlier chunk. */
  #message: Uint8Array | undefined;
  #messageFill = 0;
  #error: LinkProtocolError | undefined;

  constructor(options: { frameBytesMax?: number } = {}) {
    this.#frameBytesMax = options.frameBytesMax ?? LINK_LIMITS.frameBytesMax;
  }

  /** True between the first byte of a frame and its last: an end of the stream here cuts it off. */
  get isMidFrame(): boolean {
    return this.#headerFill > 0 || this.#message !== undefined;
  }

  /** The messages that this chunk completes, in order. Throws `LinkProtocolError` on garbage. */
  push(chunk: Uint8Array): Uint8Array[] {
    if (this.#error) throw this.#error;
    const messages: Uint8Array[] = [];
    let at = 0;
    while (at < chunk.length) {
      at = this.#message
        ? this.#fillMessage({ chunk, at, messages })
        : this.#startMessage({ chunk, at, messages });
    }
    return messages;
  }

  #startMessage(input: { chunk: Uint8Array; at: number; messages: Uint8Array[] }): number {
    const { chunk, messages } = input;
    let at = input.at;
    while (this.#headerFill < FRAME_HEADER_BYTES && at < chunk.length) {
      this.#header[this.#headerFill++] = chunk[at++]!;
    }
    if (this.#headerFill < FRAME_HEADER_BYTES) return at;
    const messageBytes = this.#takeHeader();
    if (at + messageBytes <= chunk.length) {
      messages.push(chunk.subarray(at, at + messageBytes));
      return at + messageBytes;
    }
    this.#message = new Uint8Array(messageBytes);
    this.#messageFill = 0;
    return at;
  }

  #takeHeader(): number {
    this.#headerFill = 0;
    const messageBytes = new DataView(this.#header.buffer).getUint32(0);
    if (messageBytes <= this.#frameBytesMax) return messageBytes;
    this.#error = new LinkProtocolError(
      `a frame claims ${messageBytes} bytes, the limit is ${this.#frameBytesMax}`,
    );
    throw this.#error;
  }

  #fillMessage(input: { chunk: Uint8Array; at: number; messages: Uint8Array[] }): number {
    const { chunk, at, messages } = input;
    const message = this.#message!;
    const part = chunk.subarray(at, at + message.length - this.#messageFill);
    message.set(part, this.#messageFill);
    this.#messageFill += part.length;
    if (this.#messageFill === message.length) {
      this.#message = undefined;
      messages.push(message);
    }
    return at + part.length;
  }
}
