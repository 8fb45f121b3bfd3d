import { describe, expect, it } from 'vitest';
import { LineCutter } from './line-cutter.ts';

function cut(chunks: readonly (string | Buffer)[], bytesMax?: number): string[] {
  const lines: string[] = [];
  const onLine = (line: string): void => void lines.push(line);
  const cutter = new LineCutter(bytesMax === undefined ? { onLine } : { onLine, bytesMax });
  for (const chunk of chunks) cutter.push(Buffer.from(chunk));
  cutter.end();
  return lines;
}

describe('LineCutter', () => {
  it.each([
    { what: 'whole lines', chunks: ['a\nb\n'], lines: ['a', 'b'] },
    { what: 'a line in pieces', chunks: ['a', 'b', 'c\nd'], lines: ['abc', 'd'] },
    { what: 'empty lines', chunks: ['\n\n'], lines: ['', ''] },
    { what: 'carriage returns', chunks: ['a\r\nb\r', '\n'], lines: ['a', 'b'] },
    { what: 'no output', chunks: [], lines: [] },
  ])('gives $what', ({ chunks, lines }) => {
    expect(cut(chunks)).toEqual(lines);
  });

  it('keeps a character whole that two chunks share', () => {
    const [first, second] = [Buffer.from('€').subarray(0, 1), Buffer.from('€').subarray(1)];
    expect(cut([first, second, '\n'])).toEqual(['€']);
  });

  it('cuts a line over the limit, and goes on with its rest', () => {
    expect(cut(['abcdefgh', 'ij\nk\n'], 4)).toEqual(['abcd', 'efgh', 'ij', 'k']);
  });

  it('bears bytes that are no text', () => {
    expect(cut([Buffer.from([0xff, 0xfe, 10])])).toEqual(['\ufffd\ufffd']);
  });
});
