import { describe, expect, it } from 'vitest';
import { displayWidth } from './plain-text.ts';
import { renderTable } from './table.ts';

const COLUMNS = [
  { head: 'PID', isRight: true },
  { head: 'NAME', cut: 'middle' },
  { head: 'WHAT', cut: 'end' },
] as const;

describe('renderTable()', () => {
  it('has upper-case heads, two spaces between, and nothing at the end of a line', () => {
    const text = renderTable(COLUMNS, [
      ['1', 'king', '-'],
      ['12', 'worker-3', 'llm sonnet'],
    ]);
    expect(text).toBe('PID  NAME      WHAT\n  1  king      -\n 12  worker-3  llm sonnet\n');
  });

  it('is not cut without a width, and fits one that is given', () => {
    const rows = [
      ['1', 'a-name-that-goes-on-and-on', 'does something for a very long time indeed'],
    ];
    expect(renderTable(COLUMNS, rows)).toContain('for a very long time indeed');
    for (const width of [30, 40, 60, 80]) {
      const lines = renderTable(COLUMNS, rows, { width }).split('\n');
      for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(width);
    }
  });

  it('aligns wide characters by the columns that they take', () => {
    const lines = renderTable(COLUMNS, [
      ['1', '漢字', 'x'],
      ['2', 'abcd', 'x'],
    ]).split('\n');
    expect(lines[1]?.indexOf('x')).toBe(9);
    expect(lines[2]?.indexOf('x')).toBe(11);
  });

  it('paints what was padded', () => {
    const paint = (padded: string): string => `<${padded}>`;
    const text = renderTable([{ head: 'A', paint }, { head: 'B' }], [['x', 'y']], {
      hasHead: false,
    });
    expect(text).toBe('<x>  y\n');
  });
});
