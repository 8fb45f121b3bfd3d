// Tables as kubectl prints them: upper-case heads, two spaces between, no boxes. Cut to the width
// only where there is a terminal; the columns that bear it give way, the widest first.

import { cutEnd, cutMiddle, displayWidth, padEnd, padStart } from './plain-text.ts';

export interface TableColumn {
  readonly head: string;
  readonly isRight?: boolean;
  /** Where it may be cut on a narrow terminal; left out: never. */
  readonly cut?: 'middle' | 'end';
  /** Colours a padded cell, by its text. */
  readonly paint?: (padded: string, text: string) => string;
}

const GAP = '  ';
/** A column is not made narrower than this. */
const COLUMNS_MIN = 8;

export function renderTable(
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
  options: { width?: number | undefined; hasHead?: boolean } = {},
): string {
  const heads = columns.map(({ head }) => head);
  const widths = columns.map((_, at) =>
    Math.max(...[heads, ...rows].map((row) => displayWidth(row[at] ?? ''))),
  );
  if (options.width !== undefined) shrink(columns, widths, options.width);
  const lines = rows.map((row) => renderRow(columns, row, widths));
  if (options.hasHead === false) return lines.join('');
  const plain = columns.map(({ isRight = false }, at) => ({ head: heads[at] ?? '', isRight }));
  return renderRow(plain, heads, widths) + lines.join('');
}

function renderRow(
  columns: readonly TableColumn[],
  row: readonly string[],
  widths: readonly number[],
): string {
  const cells = columns.map((column, at) => {
    const width = widths[at] ?? 0;
    const text = row[at] ?? '';
    const fit = column.cut === 'middle' ? cutMiddle(text, width) : cutEnd(text, width);
    const isLast = at === columns.length - 1;
    const padded = column.isRight ? padStart(fit, width) : isLast ? fit : padEnd(fit, width);
    return column.paint ? column.paint(padded, text) : padded;
  });
  return `${cells.join(GAP).trimEnd()}\n`;
}

/** Takes from the widest column that may be cut, until it fits or none can give more. */
function shrink(columns: readonly TableColumn[], widths: number[], width: number): void {
  let excess = widths.reduce((sum, one) => sum + one, GAP.length * (widths.length - 1)) - width;
  while (excess > 0) {
    const at = widestCuttable(columns, widths);
    if (at === undefined) return;
    const room = (widths[at] ?? 0) - COLUMNS_MIN;
    const next = nextWidest(columns, widths, at);
    const step = Math.min(excess, room, Math.max(1, (widths[at] ?? 0) - next));
    widths[at] = (widths[at] ?? 0) - step;
    excess -= step;
  }
}

function widestCuttable(
  columns: readonly TableColumn[],
  widths: readonly number[],
): number | undefined {
  let best: number | undefined;
  for (const [at, column] of columns.entries()) {
    const width = widths[at] ?? 0;
    if (column.cut === undefined || width <= COLUMNS_MIN) continue;
    if (best === undefined || width > (widths[best] ?? 0)) best = at;
  }
  return best;
}

function nextWidest(
  columns: readonly TableColumn[],
  widths: readonly number[],
  widest: number,
): number {
  const others = columns.flatMap(({ cut }, at) =>
    cut === undefined || at === widest ? [] : [widths[at] ?? 0],
  );
  return Math.max(COLUMNS_MIN, ...others);
}
