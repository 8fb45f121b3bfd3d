// Two texts as a unified diff, as `diff -u` writes it and `patch` reads it: each place that differs
// with the lines around it. Which lines differ is line-diff.ts.

import { diffLines } from './line-diff.ts';
import type { Edit } from './line-diff.ts';

interface NamedText {
  readonly name: string;
  readonly text: string;
}

const SIGN: Readonly<Record<Edit['kind'], string>> = { same: ' ', removed: '-', added: '+' };

/** Empty where they are the same. */
export function unifiedDiff(
  from: NamedText,
  to: NamedText,
  { contextLines }: { contextLines: number },
): string {
  const edits = diffLines(linesOf(from.text), linesOf(to.text));
  const hunks = hunksOf(edits, contextLines);
  if (hunks.length === 0) return '';
  const counts = countsBefore(edits);
  const body = hunks.map((hunk) => showHunk(edits, hunk, counts)).join('');
  return `--- ${from.name}\n+++ ${to.name}\n${body}`;
}

/** With their newlines, so that a last one without is another line. */
const linesOf = (text: string): string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];

interface Hunk {
  readonly start: number;
  end: number;
}

function hunksOf(edits: readonly Edit[], contextLines: number): Hunk[] {
  const hunks: Hunk[] = [];
  for (const [place, { kind }] of edits.entries()) {
    if (kind === 'same') continue;
    const start = Math.max(0, place - contextLines);
    const end = Math.min(edits.length, place + contextLines + 1);
    const last = hunks.at(-1);
    if (last !== undefined && start <= last.end) last.end = end;
    else hunks.push({ start, end });
  }
  return hunks;
}

interface Counts {
  readonly from: Int32Array;
  readonly to: Int32Array;
}

/** Lines of either text before each edit. */
function countsBefore(edits: readonly Edit[]): Counts {
  const from = new Int32Array(edits.length + 1);
  const to = new Int32Array(edits.length + 1);
  for (const [place, { kind }] of edits.entries()) {
    from[place + 1] = (from[place] ?? 0) + (kind === 'added' ? 0 : 1);
    to[place + 1] = (to[place] ?? 0) + (kind === 'removed' ? 0 : 1);
  }
  return { from, to };
}

function showHunk(edits: readonly Edit[], { start, end }: Hunk, { from, to }: Counts): string {
  const lines = edits.slice(start, end).map(({ kind, line }) => {
    const isWhole = line.endsWith('\n');
    return `${SIGN[kind]}${line}${isWhole ? '' : '\n\\ No newline at end of file\n'}`;
  });
  const range = (counts: Int32Array): string => {
    const before = counts[start] ?? 0;
    const count = (counts[end] ?? 0) - before;
    if (count === 0) return `${before},0`;
    return count === 1 ? `${before + 1}` : `${before + 1},${count}`;
  };
  return `@@ -${range(from)} +${range(to)} @@\n${lines.join('')}`;
}
