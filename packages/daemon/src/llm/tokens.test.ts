import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countPrompt, countTokens, tokenPieces } from './tokens.ts';

const anyText = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 200 }),
  fc.string({
    unit: fc.constantFrom('a', 'Z', '1', ' ', '\n', '.', '-', 'é', '字', '😀'),
    maxLength: 200,
  }),
);

describe('tokenPieces()', () => {
  it('gives pieces that joined are the text (K1)', () => {
    const property = fc.property(anyText, (text) => {
      expect(tokenPieces(text).join('')).toBe(text);
    });
    fc.assert(property);
  });

  it('counts a prefix of pieces as exactly those pieces (K2)', () => {
    fc.assert(
      fc.property(anyText, fc.nat(), (text, n) => {
        const pieces = tokenPieces(text);
        const some = pieces.slice(0, n % (pieces.length + 1));
        expect(countTokens(some.join(''))).toBe(some.length);
      }),
    );
  });

  it('keeps a surrogate pair together', () => {
    expect(tokenPieces('a😀b')).toEqual(['a', '😀', 'b']);
  });
});

describe('countTokens()', () => {
  it.each([
    ['', 0],
    ['hello', 1],
    ['hello world', 2],
    ['hello, world!', 4],
    ['internationalisation', 4],
    ['12345', 2],
    ['----------', 3],
    ['字字字', 3],
  ])('counts %j as %i, for ever', (text, count) => {
    expect(countTokens(text)).toBe(count);
  });

  it('takes time in proportion to the text', () => {
    expect(countTokens('word '.repeat(400_000))).toBe(400_001);
  });
});

describe('countPrompt()', () => {
  it('counts text parts, tool calls, tools and the schema of the answer', () => {
    const plain = countPrompt({ model: 'm', messages: [{ role: 'user', content: 'hi there' }] });
    expect(plain).toBe(3 + 4 + 2);
    const parts = [{ type: 'text', text: 'hi there' }];
    expect(countPrompt({ model: 'm', messages: [{ role: 'user', content: parts }] })).toBe(plain);
    const tools = [{ type: 'function', function: { name: 'f' } }];
    const messages = [{ role: 'user', content: 'hi there' }];
    expect(countPrompt({ model: 'm', messages, tools })).toBeGreaterThan(plain);
    const format = { type: 'json_schema', json_schema: { schema: { type: 'object' } } };
    expect(countPrompt({ model: 'm', messages, response_format: format })).toBeGreaterThan(plain);
  });
});
