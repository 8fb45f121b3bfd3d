// Messages to bytes and back, many to a frame. Encodes each message once: the bytes are kept for a
// repeat, and copied into frames unless they are large. Reads a frame field by field without
// building the outer message.
import { MessageReader } from '../wire/message-reader.ts';
import { MessageWriter } from '../wire/message-writer.ts';
import type { ByteStream } from './byte-stream.ts';
import { FRAME_HEADER_BYTES, sealPieces } from './frame-codec.ts';
import { LinkProtocolError } from './link-error.ts';
import { LINK_LIMITS } from './link-limits.ts';

/** What generated code offers for a message. */
export interface MessageCodec<T> {
  encode(message: T, writer?: MessageWriter): MessageWriter;
  decode(input: MessageReader | Uint8Array, length?: number): T;
}

/** A writer that has grown past this is dropped: a large message must not hold memory for ever. */
const WRITER_BYTES_KEPT = 1024 * 1024;

let sharedWriter: MessageWriter | undefined;

/** Throws what the writer throws when a value does not fit its field. */
export function encodeMessage<T>(codec: MessageCodec<T>, message: T): Uint8Array {
  const writer = sharedWriter ?? new MessageWriter();
  // Taken away while in use, so that an encoder that throws leaves no rest behind.
  sharedWriter = undefined;
  const bytes = codec.encode(message, writer).finish();
  if (writer.capacity <= WRITER_BYTES_KEPT) sharedWriter = writer;
  return bytes;
}

const WIRE_VARINT = 0;
const WIRE_LENGTH_DELIMITED = 2;

/** One length-delimited field of a frame, not yet decoded. Good until the visitor returns. */
export interface FrameField {
  readonly frame: Uint8Array;
  readonly reader: MessageReader;
  start: number;
  length: number;
}

/** What to do with each field, by its number; others are skipped. */
export interface FrameVisitor {
  onNumber?(fieldNumber: number, value: number): void;
  onMessage(fieldNumber: number, field: FrameField): void;
}

/** Walks the outer fields of a frame. Throws `LinkProtocolError` when it is no message. */
export function walkFrame(frame: Uint8Array, visitor: FrameVisitor): void {
  const reader = new MessageReader(frame);
  // One for all fields: a frame may hold thousands.
  const field: FrameField = { frame, reader, start: 0, length: 0 };
  while (reader.pos < reader.len) {
    const tag = readNumber(reader);
    const fieldNumber = Math.floor(tag / 8);
    const wireType = tag % 8;
    if (fieldNumber === 0 || (wireType !== WIRE_VARINT && wireType !== WIRE_LENGTH_DELIMITED)) {
      throw new LinkProtocolError(`a frame holds no message: tag ${tag}`);
    }
    const value = readNumber(reader);
    if (wireType === WIRE_VARINT) {
      visitor.onNumber?.(fieldNumber, value);
      continue;
    }
    const start = reader.pos;
    if (start + value > reader.len) throw new LinkProtocolError('a frame is cut off');
    field.start = start;
    field.length = value;
    visitor.onMessage(fieldNumber, field);
    reader.pos = start + value;
  }
}

function readNumber(reader: MessageReader): number {
  try {
    return reader.number();
  } catch (cause) {
    throw new LinkProtocolError('a frame is cut off in a number', { cause });
  }
}

/** Throws `LinkProtocolError` when it cannot be read, or runs over the end of its field. */
export function decodeField<T>(codec: MessageCodec<T>, field: FrameField): T {
  field.reader.pos = field.start;
  const message = decodeOrThrow(codec, field);
  if (field.reader.pos !== field.start + field.length) {
    throw new LinkProtocolError('a message runs over the end of its field');
  }
  return message;
}

function decodeOrThrow<T>(codec: MessageCodec<T>, field: FrameField): T {
  try {
    return codec.decode(field.reader, field.length);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new LinkProtocolError(`a message cannot be read: ${why}`, { cause });
  }
}

const HEADER = new Uint8Array(FRAME_HEADER_BYTES);

/** Collects encoded fields into one frame. What is large goes out as it is, without a copy. */
export class FrameBuilder {
  #writer = new MessageWriter().raw(HEADER);
  #bytes = 0;
  /** What goes before what the writer holds. */
  #pieces: Uint8Array[] = [];

  get isEmpty(): boolean {
    return this.#bytes === 0;
  }

  /** True when a field of this size would bring the frame over its aim or its limit. */
  hasRoomFor(bytes: number): boolean {
    return this.#bytes === 0 || this.#bytes + bytes <= LINK_LIMITS.frameBytesAim;
  }

  addNumber(fieldNumber: number, value: number): void {
    this.#writer.uint32(fieldNumber * 8 + WIRE_VARINT).uint64(value);
    this.#bytes += 1;
  }

  addMessage(fieldNumber: number, bytes: Uint8Array): void {
    this.#writer.uint32(fieldNumber * 8 + WIRE_LENGTH_DELIMITED).uint32(bytes.length);
    if (bytes.length < LINK_LIMITS.frameBytesAim) this.#writer.raw(bytes);
    else this.#pieces.push(this.#writer.finish(), bytes);
    this.#bytes += bytes.length + FRAME_HEADER_BYTES;
  }

  /** Writes the frame, and starts over. False: hold back until the stream drains. */
  writeTo(stream: Pick<ByteStream, 'write'>): boolean {
    const pieces = this.#take();
    let hasRoom = true;
    for (const piece of pieces) hasRoom = stream.write(piece) && hasRoom;
    return hasRoom;
  }

  #take(): readonly Uint8Array[] {
    const rest = this.#writer.finish();
    const pieces = rest.length === 0 ? this.#pieces : [...this.#pieces, rest];
    const isLarge = this.#writer.capacity > WRITER_BYTES_KEPT;
    this.#writer = (isLarge ? new MessageWriter() : this.#writer).raw(HEADER);
    this.#bytes = 0;
    this.#pieces = [];
    return sealPieces(pieces);
  }
}
