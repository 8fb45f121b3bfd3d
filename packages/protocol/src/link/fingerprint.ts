// A cheap fingerprint of a call's bytes, to tell a repeat from another call under the same id. It
// guards against mistakes, not against forgery: two calls of one process that collide by design
// harm only that process.

/** 53 bits, as a whole number. */
export function fingerprint(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wordsEnd = bytes.length - (bytes.length % 4);
  let a = 0x811c9dc5 ^ bytes.length;
  let b = 0x2545f491;
  let at = 0;
  for (; at < wordsEnd; at += 4) {
    const word = view.getUint32(at);
    a = Math.imul(a ^ word, 0x01000193);
    a ^= a >>> 15;
    b = Math.imul(b + word, 0x85ebca6b);
    b ^= b >>> 13;
  }
  for (; at < bytes.length; at += 1) {
    a = Math.imul(a ^ bytes[at]!, 0x01000193);
    b = Math.imul(b + bytes[at]!, 0x85ebca6b);
  }
  a = Math.imul(a ^ (a >>> 16), 0xc2b2ae35);
  b = Math.imul(b ^ (b >>> 16), 0x9e3779b1);
  return (a >>> 0) * 2 ** 21 + (b >>> 11);
}
