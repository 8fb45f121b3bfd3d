// A cheap fingerprint of a call's bytes, to tell a repeat from another call under the same id. It
// guards against mistakes, not against forgery: two calls of one process that collide by design
// harm only that process.

/** From here on a view of the bytes costs less than it saves. */
const LONG_BYTES = 1_024;
const BLOCK_BYTES = 16;

interface Range {
  readonly start: number;
  readonly end: number;
}

/** Of the bytes from `start` to `end`: 53 bits, as a whole number. */
export function fingerprint(bytes: Uint8Array, range: Range): number {
  const { start, end } = range;
  const isLong = end - start >= LONG_BYTES;
  let [a, b] = isLong ? ofBlocks(bytes, range) : [0x811c9dc5, 0x2545f491];
  a ^= end - start;
  let at = isLong ? end - ((end - start) % BLOCK_BYTES) : start;
  const wordsEnd = end - ((end - start) % 4);
  for (; at < wordsEnd; at += 4) {
    const high = (bytes[at]! << 24) | (bytes[at + 1]! << 16);
    const word = high | (bytes[at + 2]! << 8) | bytes[at + 3]!;
    a = Math.imul(a ^ word, 0x01000193);
    a ^= a >>> 15;
    b = Math.imul(b + word, 0x85ebca6b);
    b ^= b >>> 13;
  }
  for (; at < end; at += 1) {
    a = Math.imul(a ^ bytes[at]!, 0x01000193);
    b = Math.imul(b + bytes[at]!, 0x85ebca6b);
  }
  a = Math.imul(a ^ (a >>> 16), 0xc2b2ae35);
  b = Math.imul(b ^ (b >>> 16), 0x9e3779b1);
  return (a >>> 0) * 2 ** 21 + (b >>> 11);
}

/** Of all whole blocks: four words at a time, none of which waits for another. */
function ofBlocks(bytes: Uint8Array, { start, end }: Range): [number, number] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const blocksEnd = end - ((end - start) % BLOCK_BYTES);
  let [a, b, c, d] = [0x2545f491, 0x61c88647, 0x7f4a7c15, 0x3c6ef372];
  for (let at = start; at < blocksEnd; at += BLOCK_BYTES) {
    a = Math.imul(a ^ view.getInt32(at), 0x01000193);
    b = Math.imul(b ^ view.getInt32(at + 4), 0x85ebca6b);
    c = Math.imul(c ^ view.getInt32(at + 8), 0xc2b2ae35);
    d = Math.imul(d ^ view.getInt32(at + 12), 0x9e3779b1);
    a ^= a >>> 15;
    b ^= b >>> 13;
    c ^= c >>> 16;
    d ^= d >>> 14;
  }
  // Each of the two depends on all of the four.
  const left = (Math.imul(a, 5) + Math.imul(b, 7)) ^ (Math.imul(c, 9) + Math.imul(d, 11));
  const right = Math.imul(a ^ (b >>> 16), 0x01000193) + Math.imul(c ^ (d >>> 16), 0x85ebca6b);
  return [left, right ^ b ^ d];
}
