import { describe, expect, it } from 'vitest';
import { linesOf } from './pipe-lines.ts';

async function* chunks(...all: (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const one of all) yield typeof one === 'string' ? new TextEncoder().encode(one) : one;
}

async function read(...all: Parameters<typeof chunks>): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of linesOf(chunks(...all), { charsMax: 8 })) lines.push(line);
  return lines;
}

describe('linesOf()', () => {
  it.each([
    ['nothing', [], []],
    ['an end alone', ['\n'], ['']],
    ['several in one', ['a\nb\r\nc'], ['a', 'b', 'c']],
    ['one in several', ['a', 'b', '\r', '\nc', '\n'], ['ab', 'c']],
    ['empty ones', ['\n\na\n\n'], ['', '', 'a', '']],
  ])('reads %s', async (_what, given, lines) => {
    expect(await read(...given)).toEqual(lines);
  });

  it('puts characters together that a border cuts, and marks what is no UTF-8', async () => {
    const euro = new TextEncoder().encode('€\n');
    expect(await read(euro.subarray(0, 1), euro.subarray(1, 2), euro.subarray(2))).toEqual(['€']);
    expect(await read('a', Uint8Array.of(0xe2))).toEqual(['a\ufffd']);
  });

  it('refuses a line that has no end in sight', async () => {
    expect(await read('12345678\n', '12345678')).toEqual(['12345678', '12345678']);
    await expect(read('12345', '6789')).rejects.toMatchObject({ code: 'too_large' });
    await expect(read('123456789\n')).rejects.toMatchObject({ code: 'too_large' });
  });
});
