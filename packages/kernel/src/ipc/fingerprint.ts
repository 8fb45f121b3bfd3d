// A fingerprint of a text: 106 bits out of two independent 53-bit hashes (cyrb53). Tells what is
// the same again from what is not. It is no cryptography: whoever wants two texts with one print
// finds them, and fools only himself.

const MULTIPLIERS = [2_654_435_761, 1_597_334_677] as const;
const FINISHERS = [2_246_822_507, 3_266_489_909] as const;
const HIGH_BITS = 0x1f_ff_ff;
const TWO_32 = 2 ** 32;
const RADIX = 36;

export const fingerprint = (text: string): string =>
  `${hash53(text, 0).toString(RADIX)}.${hash53(text, text.length + 1).toString(RADIX)}`;

function hash53(text: string, seed: number): number {
  let a = 0xdeadbeef ^ seed;
  let b = 0x41c6ce57 ^ seed;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, MULTIPLIERS[0]);
    b = Math.imul(b ^ unit, MULTIPLIERS[1]);
  }
  const left = finish(a, b);
  const right = finish(b, a);
  return TWO_32 * (HIGH_BITS & right) + (left >>> 0);
}

const finish = (own: number, other: number): number =>
  Math.imul(own ^ (own >>> 16), FINISHERS[0]) ^ Math.imul(other ^ (other >>> 13), FINISHERS[1]);
