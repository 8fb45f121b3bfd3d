// Reads messages of the wire for the generated code, which wants a BinaryReader. It takes the short
// way where nearly all values take it: numbers without big integers, and words that were read just
// before without making them again.
import { BinaryReader } from '@bufbuild/protobuf/wire';

/** Bytes of a varint that a JavaScript number holds exactly. */
const EXACT_VARINT_BYTES_MAX = 7;
/** Words up to this long are remembered: roles, types, names, ids of tasks. */
const WORD_BYTES_MAX = 32;
const WORDS_KEPT = 1024;
const HASH_FACTOR = 0x01000193;

const words = Array.from<string | undefined>({ length: WORDS_KEPT });

/** The generated code asks a 64-bit number for its text and makes a number of that. */
class ReadNumber {
  value = 0;

  toString(): string {
    // The text of a number would be parsed at once, with the same outcome.
    return this.value as unknown as string;
  }
}

export class MessageReader extends BinaryReader {
  readonly #bytes: Uint8Array;
  readonly #number = new ReadNumber();

  constructor(bytes: Uint8Array) {
    super(bytes);
    this.#bytes = bytes;
  }

  /** A varint; over 2^53 it is not exact, and whoever uses it checks. */
  number(): number {
    const value = this.#shortNumber();
    return value < 0 ? Number(super.uint64()) : value;
  }

  /** Good until the next number is read. */
  override uint64(): string {
    return this.#textOf(this.number());
  }

  override int64(): bigint | string {
    const value = this.#shortNumber();
    return value < 0 ? super.int64() : this.#textOf(value);
  }

  override string(): string {
    const before = this.pos;
    const length = this.uint32();
    const start = this.pos;
    const place = length <= WORD_BYTES_MAX ? this.#placeOf(start, start + length) : -1;
    const known = words[place];
    if (known?.length === length && this.#isAt(start, known)) {
      this.pos = start + length;
      return known;
    }
    this.pos = before;
    const text = super.string();
    if (place >= 0) words[place] = text;
    return text;
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

  #textOf(value: number): string {
    this.#number.value = value;
    return this.#number as unknown as string;
  }

  /** Where a word is remembered; -1 when it is none: not ASCII, or cut off. */
  #placeOf(start: number, end: number): number {
    if (end > this.len) return -1;
    let hash = end - start;
    for (let at = start; at < end; at += 1) {
      const byte = this.#bytes[at] as number;
      if (byte > 0x7f) return -1;
      hash = Math.imul(hash ^ byte, HASH_FACTOR);
    }
    return (hash ^ (hash >>> 15)) & (WORDS_KEPT - 1);
  }

  #isAt(start: number, word: string): boolean {
    for (let i = 0; i < word.length; i += 1) {
      if (this.#bytes[start + i] !== word.charCodeAt(i)) return false;
    }
    return true;
  }
}
