// Reads messages of the wire for the generated code. It takes the short way where nearly all values
// take it: numbers without big integers, and words that were read just before without making them
// again.
//   What is cut off throws; what no field of ours holds is skipped. Text that is no UTF-8 is read
// with replacement characters.

/** Bytes of a varint up to 2^56: exact to 2^53, and above it surely seen to be above. */
const EXACT_VARINT_BYTES_MAX = 8;
const VARINT_BYTES_MAX = 10;
/** Words up to this long are remembered: roles, types, names, ids of tasks. */
const WORD_BYTES_MAX = 32;
const WORDS_KEPT = 1024;
const HASH_FACTOR = 0x01000193;
/** Groups within groups that are skipped; nobody writes them. */
const GROUP_DEPTH_MAX = 100;

const words = Array.from<string | undefined>({ length: WORDS_KEPT });
/** For making a word, by its length; used again and again. */
const CODES = Array.from({ length: WORD_BYTES_MAX + 1 }, (_, length) =>
  Array.from({ length }, () => 0),
);
const TEXT = new TextDecoder();

const WIRE = { varint: 0, bit64: 1, bytes: 2, groupStart: 3, groupEnd: 4, bit32: 5 } as const;

/** The generated code asks a 64-bit number for its text and makes a number of that. */
class ReadNumber {
  value = 0;

  toString(): string {
    // The text of a number would be parsed at once, with the same outcome.
    return this.value as unknown as string;
  }
}

export class MessageReader {
  readonly len: number;
  pos = 0;
  /** How deep the generated code is in the message; its own business. */
  __tsProtoDecodeDepth = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #number = new ReadNumber();

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.len = bytes.length;
  }

  /** A varint; over 2^53 it is not exact, and whoever uses it checks. */
  number(): number {
    const value = this.#shortNumber();
    return value < 0 ? Number(this.#longNumber()) : value;
  }

  /** Of a longer varint the lowest 32 bits. */
  uint32(): number {
    const byte = this.#bytes[this.pos] ?? 0x80;
    if (byte < 0x80) {
      this.pos += 1;
      return byte;
    }
    const value = this.#shortNumber();
    return value < 0 ? Number(BigInt.asUintN(32, this.#longNumber())) : value % 2 ** 32;
  }

  int32(): number {
    return this.uint32() | 0;
  }

  /** Good until the next number is read. */
  uint64(): { toString(): string } {
    this.#number.value = this.number();
    return this.#number;
  }

  /** As `uint64`. */
  int64(): { toString(): string } {
    const value = this.#shortNumber();
    this.#number.value = value < 0 ? Number(BigInt.asIntN(64, this.#longNumber())) : value;
    return this.#number;
  }

  bool(): boolean {
    return this.number() !== 0;
  }

  float(): number {
    return this.#view.getFloat32(this.#take(4), true);
  }

  double(): number {
    return this.#view.getFloat64(this.#take(8), true);
  }

  /** A view, not a copy. */
  bytes(): Uint8Array {
    const start = this.#take(this.uint32());
    return this.#bytes.subarray(start, this.pos);
  }

  string(): string {
    const length = this.uint32();
    const start = this.#take(length);
    if (length > WORD_BYTES_MAX) return TEXT.decode(this.#bytes.subarray(start, this.pos));
    const place = this.#placeOf(start);
    if (place < 0) return TEXT.decode(this.#bytes.subarray(start, this.pos));
    const known = words[place];
    if (known?.length === length && this.#isAt(start, known)) return known;
    const word = this.#ascii(start, length);
    words[place] = word;
    return word;
  }

  /** Passes over a field's value. */
  skip(wireType: number, depth = 0): void {
    if (wireType === WIRE.varint) this.number();
    else if (wireType === WIRE.bit64) this.#take(8);
    else if (wireType === WIRE.bytes) this.#take(this.uint32());
    else if (wireType === WIRE.bit32) this.#take(4);
    else if (wireType === WIRE.groupStart && depth < GROUP_DEPTH_MAX) this.#skipGroup(depth);
    else throw new Error(`cannot skip wire type ${wireType}`);
  }

  #skipGroup(depth: number): void {
    for (;;) {
      const wireType = this.uint32() % 8;
      if (wireType === WIRE.groupEnd) return;
      this.skip(wireType, depth + 1);
    }
  }

  /** Where the taken bytes begin. */
  #take(count: number): number {
    const start = this.pos;
    if (count > this.len - start) throw new RangeError('a message is cut off');
    this.pos = start + count;
    return start;
  }

  /** -1: it is longer than fits, or cut off; nothing was read. */
  #shortNumber(): number {
    let value = 0;
    let scale = 1;
    let at = this.pos;
    for (let i = 0; i < EXACT_VARINT_BYTES_MAX; i += 1) {
      const byte = this.#bytes[at++] ?? 0x80;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        this.pos = at;
        return value;
      }
      scale *= 0x80;
    }
    return -1;
  }

  #longNumber(): bigint {
    let value = 0n;
    for (let i = 0; i < VARINT_BYTES_MAX; i += 1) {
      const byte = this.#bytes[this.#take(1)] as number;
      value |= BigInt(byte & 0x7f) << BigInt(7 * i);
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new Error('a number has more than ten bytes');
  }

  /** Where the word from `start` to here is remembered; -1 when it is not ASCII. */
  #placeOf(start: number): number {
    let hash = this.pos - start;
    for (let at = start; at < this.pos; at += 1) {
      const byte = this.#bytes[at] as number;
      if (byte > 0x7f) return -1;
      hash = Math.imul(hash ^ byte, HASH_FACTOR);
    }
    return (hash ^ (hash >>> 15)) & (WORDS_KEPT - 1);
  }

  #ascii(start: number, length: number): string {
    const codes = CODES[length] as number[];
    for (let i = 0; i < length; i += 1) codes[i] = this.#bytes[start + i] as number;
    return String.fromCharCode(...codes);
  }

  #isAt(start: number, word: string): boolean {
    for (let i = 0; i < word.length; i += 1) {
      if (this.#bytes[start + i] !== word.charCodeAt(i)) return false;
    }
    return true;
  }
}
