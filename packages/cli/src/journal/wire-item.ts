// An event of the wire as `hive event` prints it: the names and fields of GET /v1/events, without
// what is empty, so that a line from here and one from there are the same.

import type { WireEvent } from '@hivekernel/client';
import { padEnd, padStart, safeLine } from '../output/plain-text.ts';
import { showClock } from '../output/human.ts';
import type { Paint } from '../output/terminal.ts';

export type WireItem = Readonly<Record<string, unknown>> & {
  readonly id?: string;
  readonly type: string;
};

export function toWireItem({ id, event }: WireEvent): WireItem {
  const { seq, timestampMs, type, fields, id: _, ...rest } = event;
  const item: Record<string, unknown> = id === '' ? {} : { id, seq };
  item['timestamp_ms'] = timestampMs;
  item['type'] = type;
  for (const [key, value] of Object.entries(rest)) {
    if (value !== '' && value !== 0) item[snakeCase(key)] = value;
  }
  if (Object.keys(fields).length > 0) item['fields'] = fields;
  return item as WireItem;
}

const snakeCase = (key: string): string =>
  key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

const ID_WIDTH = 7;
const TYPE_WIDTH = 20;
const PID_WIDTH = 5;
/** They have a column of their own, or say nothing to people. */
const NOT_TOLD = new Set(['id', 'seq', 'timestamp_ms', 'type', 'pid', 'fields']);

/** `14:02:01      42.1  process.restarting      7  state=idle attempt=2`. */
export function wireLine({ id, event }: WireEvent, paint: Paint): string {
  const item = toWireItem({ id, event });
  const told = Object.entries(item).filter(([key]) => !NOT_TOLD.has(key));
  const words = [...told, ...Object.entries(event.fields)].map(
    ([key, value]) => `${key}=${quoted(safeLine(String(value)))}`,
  );
  const cells = [
    paint.dim(`${showClock(event.timestampMs)}  ${padStart(id === '' ? '-' : id, ID_WIDTH)}`),
    padEnd(event.type, TYPE_WIDTH),
    padStart(String(event.pid), PID_WIDTH),
    safeLine(words.join(' ')),
  ];
  return cells.join('  ').trimEnd();
}

const quoted = (text: string): string => (/^[^\s"=]*$/.test(text) ? text : JSON.stringify(text));
