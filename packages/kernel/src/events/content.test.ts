import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contentOfText, firstBytes } from './content.ts';

// Any text at all, broken surrogates included.
const text = fc.string({ unit: 'binary', maxLength: 60 });
const broken = fc.array(fc.nat({ max: 0xffff })).map((units) => String.fromCharCode(...units));

describe('contentOfText()', () => {
  it('writes what UTF-8 and base64 make of a text', () => {
    fc.assert(
      fc.property(fc.oneof(text, broken), (one) => {
        const bytes = new TextEncoder().encode(one);
        expect(contentOfText(one)).toEqual({
          bytes: bytes.length,
          inline: Buffer.from(bytes).toString('base64'),
        });
      }),
    );
  });
});

describe('firstBytes()', () => {
  it('cuts at most so many bytes, at a character, and no more than it must', () => {
    fc.assert(
      fc.property(text, fc.nat({ max: 100 }), (one, max) => {
        const cut = firstBytes(one, max);
        expect(one.startsWith(cut)).toBe(true);
        expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(max);
        const [next] = one.slice(cut.length);
        if (next !== undefined) expect(Buffer.byteLength(cut + next)).toBeGreaterThan(max);
      }),
    );
  });
});
