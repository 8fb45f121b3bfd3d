// Byte arrays cut from a larger one: one piece of memory for many messages, since memory of its own
// costs an array more than the few bytes that most messages have.
//   A cut keeps its whole slab alive, so slabs are small, and what is not small has its own memory.
//   Very short arrays lie in the heap of the language itself and need neither.

const SLAB_BYTES = 16 * 1024;
const CUT_BYTES_MIN = 64;
const CUT_BYTES_MAX = 1024;

export class ByteSlab {
  #slab = new Uint8Array(0);
  #used = 0;

  /** A copy of the first `length` bytes. Nobody else writes to it. */
  copyOf({ bytes, length }: { bytes: Uint8Array<ArrayBuffer>; length: number }) {
    if (length <= CUT_BYTES_MIN || length > CUT_BYTES_MAX) {
      return bytes.slice(0, length);
    }
    if (this.#used + length > this.#slab.length) {
      this.#slab = new Uint8Array(SLAB_BYTES);
      this.#used = 0;
    }
    const start = this.#used;
    this.#used += length;
    this.#slab.set(bytes.subarray(0, length), start);
    return this.#slab.subarray(start, this.#used);
  }
}
