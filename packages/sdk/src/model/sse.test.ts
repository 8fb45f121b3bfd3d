import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SseReader } from './sse.ts';

function readAll(text: string, cuts: readonly number[]): string[] {
  const bytes = new TextEncoder().encode(text);
  const reader = new SseReader();
  const places = [...cuts.map((cut) => cut % (bytes.length + 1)), 0, bytes.length];
  places.sort((a, b) => a - b);
  const events = places.slice(1).flatMap((to, i) => reader.push(bytes.subarray(places[i], to)));
  return [...events, ...reader.end()];
}

describe('SseReader', () => {
  it('finds the same events wherever the bytes are cut, with any line end', () => {
    const line = fc.string({ unit: 'grapheme' }).map((text) => text.replace(/[\r\n]/g, ''));
    const ends = fc.constantFrom('\n', '\r\n', '\r');
    const all = fc.tuple(fc.array(line, { minLength: 1 }), ends, fc.array(fc.nat()));
    fc.assert(
      fc.property(all, ([events, end, cuts]) => {
        const text = events.map((data) => `data: ${data}${end}${end}`).join('');
        expect(readAll(text, cuts)).toEqual(events);
      }),
    );
  });

  it('joins the lines of one event and skips comments and other fields', () => {
    expect(readAll(': hi\nevent: x\ndata: a\ndata:b\nid: 1\n\n\n\ndata: last', [])).toEqual([
      'a\nb',
      'last',
    ]);
  });

  it('refuses an event without an end before it fills the memory', () => {
    const reader = new SseReader();
    const piece = new TextEncoder().encode('x'.repeat(1024 * 1024));
    expect(() => {
      for (let i = 0; i < 6; i += 1) reader.push(piece);
    }).toThrow('One event');
  });
});
