import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SseParser } from './sse.ts';
import type { ServerSentEvent } from './sse.ts';

function parse(pieces: readonly Uint8Array[]): ServerSentEvent[] {
  const parser = new SseParser();
  return [...pieces.flatMap((piece) => parser.push(piece)), ...parser.end()];
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('SseParser', () => {
  it('gives the same events however the bytes are cut', () => {
    const line = fc.string({
      unit: fc.constantFrom('a', ':', ' ', 'é', '😀', '{', '"'),
      maxLength: 12,
    });
    const end = fc.constantFrom('\n', '\r', '\r\n');
    const stream = fc.array(fc.tuple(line, end), { maxLength: 12 });
    const property = fc.property(
      stream,
      end,
      fc.array(fc.nat(), { maxLength: 8 }),
      (rows, eol, cuts) => {
        const text = rows.map(([data, after]) => `data: ${data}${after}${eol}`).join('');
        const all = bytes(text);
        const at = [...new Set(cuts.map((cut) => cut % (all.length + 1)))].sort((a, b) => a - b);
        const bounds = [0, ...at, all.length];
        const pieces = bounds.slice(1).map((stop, n) => all.slice(bounds[n], stop));
        expect(parse(pieces)).toEqual(parse([all]));
        expect(parse([...all].map((one) => Uint8Array.of(one)))).toEqual(parse([all]));
      },
    );
    fc.assert(property);
  });

  it.each(['\n', '\r', '\r\n'])('takes %j as the end of a line', (eol) => {
    const text = `data: one${eol}${eol}event: x${eol}data: two${eol}data: lines${eol}${eol}`;
    expect(parse([bytes(text)])).toEqual([
      { event: '', data: 'one' },
      { event: 'x', data: 'two\nlines' },
    ]);
  });

  it('skips comments, other fields, a byte order mark, and empty events', () => {
    const text = '\ufeff: OPENROUTER PROCESSING\n\nid: 1\nretry: 5\ndata:[DONE]\n\nevent: x\n\n';
    expect(parse([bytes(text)])).toEqual([{ event: '', data: '[DONE]' }]);
  });

  it('drops an event that its blank line did not close', () => {
    expect(parse([bytes('data: a\n\ndata: b\n')])).toEqual([{ event: '', data: 'a' }]);
  });

  it('refuses an event without end', () => {
    const parser = new SseParser({ bytesMax: 10 });
    parser.push(bytes('data: 123'));
    expect(() => parser.push(bytes('4567'))).toThrow(
      expect.objectContaining({ code: 'too_large' }),
    );
    const lines = new SseParser({ bytesMax: 10 });
    const push = (): unknown => lines.push(bytes('data: 12345\n'));
    expect(() => [push(), push(), push()]).toThrow(expect.objectContaining({ code: 'too_large' }));
  });
});
