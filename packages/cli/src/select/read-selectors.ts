// The words that name targets; `-` stands for what stdin brings, one or more a line.
// What they name is found by resolve.ts; here they are only text.

import { usageError } from '../errors/cli-error.ts';
import type { Terminal } from '../output/terminal.ts';

const STDIN_BYTES_MAX = 1024 * 1024;

export async function readSelectors(
  words: readonly string[],
  terminal: Terminal,
): Promise<readonly string[]> {
  if (!words.includes('-')) return words;
  const text = Buffer.from(await terminal.readAll(STDIN_BYTES_MAX)).toString('utf8');
  const read = text.split(/\s+/).filter((word) => word !== '' && word !== '-');
  const all = words.flatMap((word) => (word === '-' ? read : [word]));
  if (all.length === 0) throw usageError('stdin named no agent.');
  return all;
}
