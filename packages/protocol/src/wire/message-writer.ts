// Writes messages of the wire. The generated code calls it as it would call its own writer, whose
// results and checks cost more than most messages of the link; what is written is the same.
//   A value that does not fit its field throws, as there. One message may follow the other; a throw
// in between leaves a rest, so a writer that threw is thrown away.
import { ByteSlab } from './byte-slab.ts';

const START_BYTES = 1024;
/** From here on memory is what counts: nothing is copied that need not be, nothing is doubled. */
const LARGE_BYTES = 1024 * 1024;
/** What may still follow a large value. */
const LARGE_ROOM_BYTES = 64 * 1024;
const VARINT32_BYTES_MAX = 5;
const VARINT64_BYTES_MAX = 10;
/** A string of this many chars surely has a length of one byte; short ones are mostly ASCII. */
const SHORT_CHARS_MAX = 42;
/** A char of JavaScript is at most this many bytes of UTF-8. */
const BYTES_PER_CHAR_MAX = 3;
const TWO_TO_32 = 2 ** 32;
const TWO_TO_63 = 2 ** 63;
const TWO_TO_64 = 2 ** 64;
const TEXT = new TextEncoder();
const SLAB = new ByteSlab();

export class MessageWriter {
  #bytes = new Uint8Array(START_BYTES);
  #pos = 0;
  #forks: number[] = [];

  /** How much memory it holds. */
  get capacity(): number {
    return this.#bytes.length;
  }

  /** What was written, nobody else's from now on; the writer starts over. */
  finish(): Uint8Array<ArrayBuffer> {
    if (this.#pos >= LARGE_BYTES) return this.#handOver();
    const bytes = SLAB.copyOf({ bytes: this.#bytes, length: this.#pos });
    this.#pos = 0;
    return bytes;
  }

  #handOver(): Uint8Array<ArrayBuffer> {
    const bytes = this.#bytes.subarray(0, this.#pos);
    this.#bytes = new Uint8Array(START_BYTES);
    this.#pos = 0;
    return bytes;
  }

  /** What follows, up to `join`, is a message of its own, with its length before it. */
  fork(): this {
    this.#reserve(1);
    this.#forks.push(this.#pos);
    this.#pos += 1;
    return this;
  }

  join(): this {
    const start = this.#forks.pop();
    if (start === undefined) throw new Error('a message is closed that was not opened');
    this.#prefix(start, 1);
    return this;
  }

  uint32(value: number): this {
    if (value >>> 0 !== value) throw new Error(`invalid uint32: ${value}`);
    this.#reserve(VARINT32_BYTES_MAX);
    this.#varint32(value);
    return this;
  }

  int32(value: number): this {
    if ((value | 0) !== value) throw new Error(`invalid int32: ${value}`);
    return value < 0 ? this.#varint64(BigInt(value)) : this.uint32(value);
  }

  uint64(value: number): this {
    if (value >>> 0 === value) return this.uint32(value);
    const fits = Number.isInteger(value) && value >= 0 && value < TWO_TO_64;
    if (!fits) throw new Error(`invalid uint64: ${value}`);
    return this.#wide(value);
  }

  int64(value: number): this {
    if (value >>> 0 === value) return this.uint32(value);
    const fits = Number.isInteger(value) && value >= -TWO_TO_63 && value < TWO_TO_63;
    if (!fits) throw new Error(`invalid int64: ${value}`);
    return value < 0 ? this.#varint64(BigInt(value)) : this.#wide(value);
  }

  bool(value: boolean): this {
    this.#reserve(1);
    this.#bytes[this.#pos++] = value ? 1 : 0;
    return this;
  }

  float(value: number): this {
    if (Number.isFinite(value) && !Number.isFinite(Math.fround(value))) {
      throw new Error(`invalid float: ${value}`);
    }
    const at = this.#skip(4);
    new DataView(this.#bytes.buffer).setFloat32(at, value, true);
    return this;
  }

  double(value: number): this {
    const at = this.#skip(8);
    new DataView(this.#bytes.buffer).setFloat64(at, value, true);
    return this;
  }

  bytes(value: Uint8Array): this {
    return this.uint32(value.length).raw(value);
  }

  raw(value: Uint8Array): this {
    this.#reserve(value.length);
    this.#bytes.set(value, this.#pos);
    this.#pos += value.length;
    return this;
  }

  string(value: string): this {
    if (value.length <= SHORT_CHARS_MAX && this.#ascii(value)) return this;
    const start = this.#pos;
    this.#reserve(value.length * BYTES_PER_CHAR_MAX + VARINT32_BYTES_MAX);
    const room = this.#bytes.subarray(start + 1);
    this.#pos = start + 1 + TEXT.encodeInto(value, room).written;
    this.#prefix(start, 1);
    return this;
  }

  /** False, and nothing written, when it is not ASCII. */
  #ascii(value: string): boolean {
    const { length } = value;
    this.#reserve(length + 1);
    const bytes = this.#bytes;
    let at = this.#pos;
    bytes[at++] = length;
    for (let i = 0; i < length; i += 1) {
      const code = value.charCodeAt(i);
      if (code > 0x7f) return false;
      bytes[at++] = code;
    }
    this.#pos = at;
    return true;
  }

  /** Puts the length of all after `start` there; `reservedBytes` were left for it. */
  #prefix(start: number, reservedBytes: number): void {
    const end = this.#pos;
    const from = start + reservedBytes;
    const length = end - from;
    if (length < 0x80) {
      this.#bytes[start] = length;
      return;
    }
    this.#reserve(VARINT32_BYTES_MAX);
    const to = start + varintBytes(length);
    this.#bytes.copyWithin(to, from, end);
    this.#pos = start;
    this.#varint32(length);
    this.#pos = to + length;
  }

  #varint32(value: number): void {
    const bytes = this.#bytes;
    let at = this.#pos;
    let rest = value;
    while (rest > 0x7f) {
      bytes[at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    bytes[at++] = rest;
    this.#pos = at;
  }

  /** A number of 2^32 or more. */
  #wide(value: number): this {
    this.#reserve(VARINT64_BYTES_MAX);
    let rest = value;
    while (rest > 0x7f) {
      this.#bytes[this.#pos++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.#pos++] = rest;
    return this;
  }

  /** Negative numbers take ten bytes. */
  #varint64(value: bigint): this {
    this.#reserve(VARINT64_BYTES_MAX);
    let rest = BigInt.asUintN(64, value);
    while (rest > 0x7fn) {
      this.#bytes[this.#pos++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.#bytes[this.#pos++] = Number(rest);
    return this;
  }

  #skip(count: number): number {
    this.#reserve(count);
    const at = this.#pos;
    this.#pos += count;
    return at;
  }

  #reserve(count: number): void {
    const needed = this.#pos + count;
    if (needed > this.#bytes.length) this.#grow(needed);
  }

  #grow(needed: number): void {
    const grown = new Uint8Array(sizeFor(needed, this.#bytes.length));
    grown.set(this.#bytes.subarray(0, this.#pos));
    this.#bytes = grown;
  }
}

function sizeFor(needed: number, present: number): number {
  if (needed >= LARGE_BYTES) return Math.max(needed + LARGE_ROOM_BYTES, Math.ceil(present * 1.5));
  let size = present * 2;
  while (size < needed) size *= 2;
  return size;
}

function varintBytes(length: number): number {
  let bytes = 1;
  for (let rest = length; rest > 0x7f && rest < TWO_TO_32; rest >>>= 7) bytes += 1;
  return bytes;
}
