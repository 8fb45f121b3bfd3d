// Text from agents, made safe and short for a terminal: no control characters, known width.
//   Agent text is untrusted: escape sequences could repaint the screen or type for the user.

import { stripVTControlCharacters } from 'node:util';

// What stays after escape sequences are gone: C0 and C1 controls, and marks that turn the direction
// of writing round, by which a line can show something else than it says.
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
// Letters of Europe, dashes, arrows, box drawing: one column and one grapheme each. Making a
// segmenter costs 20 ms, which `hive ps` has no use for.
const NARROW = new RegExp(
  '^[\\x20-\\x7e\\u00a1-\\u00ac\\u00ae-\\u02ff\\u0370-\\u03ff\\u0400-\\u0482' +
    '\\u2010-\\u2026\\u2190-\\u2193\\u2500-\\u25fc]*$',
);
const EAST_ASIAN =
  '\\u1100-\\u115f\\u2e80-\\u303e\\u3041-\\u33ff\\u3400-\\u4dbf\\u4e00-\\u9fff\\ua000-\\ua4cf' +
  '\\uac00-\\ud7a3\\uf900-\\ufaff\\ufe30-\\ufe6f\\uff00-\\uff60\\uffe0-\\uffe6';
const WIDE = new RegExp(`^[${EAST_ASIAN}]|^\\p{Emoji_Presentation}|\\ufe0f`, 'u');
const ZERO_WIDTH = /^[\p{Mn}\p{Me}\u200b-\u200d\ufeff]+$/u;

/** Text of several lines, without what could harm; line breaks and tabs stay. */
export function safeText(text: string): string {
  return stripVTControlCharacters(text).replaceAll('\r\n', '\n').replace(CONTROLS, '');
}

/** Text for one line: breaks and tabs become spaces. */
export function safeLine(text: string): string {
  return safeText(text).replace(/\s+/g, ' ').trim();
}

let segmenter: Intl.Segmenter | undefined;

function graphemes(text: string): string[] {
  if (NARROW.test(text)) return Array.from(text);
  segmenter ??= new Intl.Segmenter(undefined, { granularity: 'grapheme' });
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

/** Columns that text without control characters takes. */
export function displayWidth(text: string): number {
  if (NARROW.test(text)) return text.length;
  return graphemes(text).reduce((columns, one) => columns + widthOf(one), 0);
}

function widthOf(grapheme: string): number {
  if (ZERO_WIDTH.test(grapheme)) return 0;
  return WIDE.test(grapheme) ? 2 : 1;
}

export function padEnd(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - displayWidth(text)));
}

export function padStart(text: string, columns: number): string {
  return ' '.repeat(Math.max(0, columns - displayWidth(text))) + text;
}

/** At most so many columns; `…` stands for what was cut off at the end. */
export function cutEnd(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text;
  if (columns < 1) return '';
  return `${takeColumns(graphemes(text), columns - 1).join('')}…`;
}

/** The same with `…` in the middle: for paths and ids, whose ends tell most. */
export function cutMiddle(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text;
  if (columns < 3) return cutEnd(text, columns);
  const all = graphemes(text);
  const tailColumns = Math.floor((columns - 1) / 2);
  const head = takeColumns(all, columns - 1 - tailColumns);
  const tail = takeColumns(all.toReversed(), tailColumns).toReversed();
  return `${head.join('')}…${tail.join('')}`;
}

function takeColumns(parts: readonly string[], columns: number): string[] {
  const taken: string[] = [];
  let used = 0;
  for (const part of parts) {
    used += widthOf(part);
    if (used > columns) break;
    taken.push(part);
  }
  return taken;
}
