// A cheap fingerprint of a call's bytes, to tell a repeat from another call under the same id. It
// guards against mistakes, not against forgery: two calls of one process that collide by design
// harm only that process.

/** Of the bytes from `start` to `end`: 53 bits, as a whole number. */
export function fingerprint(bytes: Uint8Array, range: { start: number; end: number }): number {
  const { start, end } = range;
  let a = 0x811c9dc5 ^ (end - start);
  let b = 0x2545f491;
  const wordsEnd = end - ((end - start) % 4);
  let at = start;
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
