import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diffLines } from './line-diff.ts';
import { unifiedDiff } from './unified-diff.ts';

const words = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 30 });
const only = (kind: string, edits: ReturnType<typeof diffLines>): string[] =>
  edits.filter((edit) => edit.kind === 'same' || edit.kind === kind).map(({ line }) => line);

/** The length of the longest common subsequence, the slow way. */
function sharedMost(a: readonly string[], b: readonly string[]): number {
  let row = Array.from({ length: b.length + 1 }, () => 0);
  for (const one of a) {
    const next = [0];
    for (const [j, other] of b.entries()) {
      next.push(one === other ? (row[j] ?? 0) + 1 : Math.max(row[j + 1] ?? 0, next[j] ?? 0));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

describe('diffLines()', () => {
  it('makes the second of the first, keeping as many lines as can be kept', () => {
    fc.assert(
      fc.property(words, words, (from, to) => {
        const edits = diffLines(from, to);
        expect(only('removed', edits)).toEqual(from);
        expect(only('added', edits)).toEqual(to);
        const same = edits.filter(({ kind }) => kind === 'same').length;
        expect(same).toBe(sharedMost(from, to));
      }),
      { numRuns: 300 },
    );
  });

  it('tells what differs too much as replaced', () => {
    const lines = (word: string): string[] =>
      Array.from({ length: 5_000 }, (_, i) => `${word} ${i}`);
    const from = ['head', ...lines('a'), 'tail'];
    const to = ['head', ...lines('b'), 'tail'];
    const edits = diffLines(from, to);
    expect(only('removed', edits)).toEqual(from);
    expect(only('added', edits)).toEqual(to);
    expect(edits).toHaveLength(10_002);
  });
});

describe('unifiedDiff()', () => {
  const diff = (from: string, to: string, contextLines = 3) =>
    unifiedDiff({ name: 'k@v1', text: from }, { name: 'k@v2', text: to }, { contextLines });

  it('is empty for the same text', () => {
    expect(diff('a\nb\n', 'a\nb\n')).toBe('');
    expect(diff('', '')).toBe('');
  });

  it('shows each place with the lines around it, as diff -u does', () => {
    const lines = Array.from({ length: 20 }, (_, i) => `${i + 1}`);
    const from = `${lines.join('\n')}\n`;
    const to = from.replace('2\n3\n', '2\nthree\n').replace('18\n', '');
    expect(diff(from, to, 1)).toBe(
      [
        ...['--- k@v1', '+++ k@v2', '@@ -2,3 +2,3 @@', ' 2', '-3', '+three', ' 4'],
        ...['@@ -17,3 +17,2 @@', ' 17', '-18', ' 19', ''],
      ].join('\n'),
    );
    expect(diff(from, to, 50)).toContain('@@ -1,20 +1,19 @@');
  });

  it('tells where a file has no newline at its end, and of empty ones', () => {
    expect(diff('a', 'a\n')).toBe(
      '--- k@v1\n+++ k@v2\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n',
    );
    expect(diff('', 'a\n')).toBe('--- k@v1\n+++ k@v2\n@@ -0,0 +1 @@\n+a\n');
    expect(diff('a\n', '')).toBe('--- k@v1\n+++ k@v2\n@@ -1 +0,0 @@\n-a\n');
  });
});
