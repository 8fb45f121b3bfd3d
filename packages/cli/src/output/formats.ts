// The words of `-o`.
// What each looks like for a list is told in listing.ts.

import { usageError } from '../errors/cli-error.ts';

export const FORMATS = ['table', 'wide', 'json', 'jsonl', 'yaml', 'name', 'csv'] as const;
export type Format = (typeof FORMATS)[number];

export function readFormat(word: string): Format {
  if ((FORMATS as readonly string[]).includes(word)) return word as Format;
  throw usageError(`-o wants one of ${FORMATS.join(', ')}; got "${word}".`);
}

/** Errors and single documents are JSON for these. */
export const isJsonFormat = (format: Format): boolean => format === 'json' || format === 'jsonl';
