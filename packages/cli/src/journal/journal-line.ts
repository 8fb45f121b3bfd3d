// One line of the journal for people: `14:02:01  81204  warn   worker-3(11)  message`.
// The sentence comes from journal-item.ts; here it only gets its columns and colours.

import { showClock } from '../output/human.ts';
import { padEnd, padStart } from '../output/plain-text.ts';
import type { Paint } from '../output/terminal.ts';
import type { JournalItem } from './journal-item.ts';
import type { Level } from './told.ts';

const SEQ_WIDTH = 6;
const LEVEL_WIDTH = 5;
const WHO_WIDTH = 14;

/** Who a pid is; undefined where nobody knows. */
export type NameOf = (pid: number) => string | undefined;

export function journalLine(
  item: JournalItem,
  look: { paint?: Paint; nameOf?: NameOf } = {},
): string {
  const { paint, nameOf } = look;
  const name = nameOf?.(item.pid);
  const who = name === undefined ? `pid ${item.pid}` : `${name}(${item.pid})`;
  const level = padEnd(item.level, LEVEL_WIDTH);
  const head = `${showClock(Date.parse(item.at))}  ${padStart(`${item.seq ?? '-'}`, SEQ_WIDTH)}`;
  const cells = [
    paint === undefined ? head : paint.dim(head),
    paint === undefined ? level : paintLevel(paint, item.level)(level),
    padEnd(who, WHO_WIDTH),
    item.msg,
  ];
  return cells.join('  ');
}

function paintLevel(paint: Paint, level: Level): (text: string) => string {
  if (level === 'error') return paint.red;
  if (level === 'warn') return paint.yellow;
  return level === 'debug' ? paint.dim : (text) => text;
}
