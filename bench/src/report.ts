// How figures are printed: a table for people, or one JSON object a line for programs.
// A figure is rounded here and nowhere else; whether its goal is met is judged before that.

import { isMet, type Figure } from './benchmark.ts';
import { rounded } from './statistics.ts';

const WIDTHS = { name: 19, value: 11, unit: 9, goal: 13, ok: 4 } as const;

export const TABLE_HEADER = row({
  name: 'NAME',
  value: 'VALUE',
  unit: 'UNIT',
  goal: 'GOAL',
  ok: 'OK',
  note: 'NOTE',
});

export function tableRow(figure: Figure): string {
  const { name, value, unit, goal, isHigherBetter, note } = figure;
  const direction = isHigherBetter ? '>=' : '<=';
  return row({
    name,
    value: value === undefined ? NONE : shown(value),
    unit,
    goal: goal === undefined ? NONE : `${direction} ${shown(goal)}`,
    ok: VERDICTS[`${isMet(figure)}`],
    note,
  });
}

const NONE = '-';
const VERDICTS = { true: 'yes', false: 'no', undefined: NONE } as const;

export function jsonLine(figure: Figure): string {
  const { name, unit, goal = null } = figure;
  const value = figure.value === undefined ? null : rounded(figure.value);
  return JSON.stringify({ name, value, unit, goal, ok: isMet(figure) ?? null });
}

const shown = (value: number): string => rounded(value).toLocaleString('en-US');

function row(cells: Record<keyof typeof WIDTHS | 'note', string>): string {
  return [
    cells.name.padEnd(WIDTHS.name),
    cells.value.padStart(WIDTHS.value),
    ` ${cells.unit.padEnd(WIDTHS.unit)}`,
    cells.goal.padEnd(WIDTHS.goal),
    cells.ok.padEnd(WIDTHS.ok),
    cells.note,
  ]
    .join(' ')
    .trimEnd();
}
