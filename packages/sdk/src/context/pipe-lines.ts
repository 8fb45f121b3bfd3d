// Lines out of chunks: characters and line ends may be cut by the border of two chunks anywhere.
// It knows nothing of pipes, and what it holds of a line is bounded.
import { HiveError } from '../hive-error.ts';

export interface LinesOptions {
  /** The longest line; a longer one throws `too_large`. Default: 1,048,576. */
  readonly charsMax?: number | undefined;
}

const CHARS_MAX = 1_048_576;

/** Without `\n` and `\r\n`; what is left at the end is a line too, unless it is empty. */
export async function* linesOf(
  chunks: AsyncIterable<Uint8Array>,
  { charsMax = CHARS_MAX }: LinesOptions = {},
): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  let rest = '';
  const bounded = (line: string): string => {
    if (line.length <= charsMax) return line;
    throw new HiveError('too_large', `A line has more than ${charsMax} characters.`);
  };
  for await (const chunk of chunks) {
    const text = decoder.decode(chunk, { stream: true });
    if (!text.includes('\n')) {
      rest = bounded(rest + text);
      continue;
    }
    const lines = (rest + text).split('\n');
    rest = bounded(lines.pop() ?? '');
    for (const line of lines) yield bounded(line.endsWith('\r') ? line.slice(0, -1) : line);
  }
  rest += decoder.decode();
  if (rest !== '') yield rest;
}
