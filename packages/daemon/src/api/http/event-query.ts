// What GET /v1/events is asked for: the words of its query and headers, and nothing that it does
// not know. The place of a reader that comes back (Last-Event-ID) beats the one of its address.

import { KernelError } from '@hivekernel/kernel';
import { typeFilterOf } from '../events/event-filter.ts';
import { readId, START } from '../events/position.ts';
import type { Position } from '../events/position.ts';
import { JSONL_FRAMES, SSE_FRAMES } from './event-frames.ts';
import type { EventFrames } from './event-frames.ts';

export interface EventQuery {
  readonly frames: EventFrames;
  readonly after: Position;
  readonly pid: number;
  readonly subtree: boolean;
  readonly types: readonly string[];
  readonly follow: boolean;
  readonly volatile: boolean;
  readonly sinceMs: number;
}

const WORDS = new Set(['after', 'pid', 'subtree', 'type', 'follow', 'volatile', 'since', 'format']);

export interface EventQuerySource {
  readonly query: URLSearchParams;
  readonly accept: string | undefined;
  readonly lastEventId: string | undefined;
  /** For `after=now`. */
  readonly durableSeq: number;
}

/** Throws `invalid_argument`. */
export function readEventQuery(source: EventQuerySource): EventQuery {
  const { query, accept = '', lastEventId = '' } = source;
  for (const word of query.keys()) {
    if (!WORDS.has(word)) throw bad(word, `There is no parameter "${word.slice(0, 40)}".`);
  }
  const types = query
    .getAll('type')
    .flatMap((words) => words.split(','))
    .filter(Boolean);
  typeFilterOf(types);
  const pid = readCount(query, 'pid');
  const subtree = readFlag(query, 'subtree', { absent: false });
  if (subtree && pid === 0) throw bad('subtree', 'subtree wants a pid.');
  return {
    frames: framesOf(query.get('format'), accept),
    after: lastEventId === '' ? placeOf(query.get('after'), source) : readId(lastEventId),
    pid,
    subtree,
    types,
    follow: readFlag(query, 'follow', { absent: true }),
    volatile: readFlag(query, 'volatile', { absent: false }),
    sinceMs: readCount(query, 'since'),
  };
}

function placeOf(after: string | null, { durableSeq }: EventQuerySource): Position {
  if (after === null || after === '') return START;
  return after === 'now' ? { seq: durableSeq, part: 0 } : readId(after);
}

function framesOf(format: string | null, accept: string): EventFrames {
  if (format === 'jsonl') return JSONL_FRAMES;
  if (format === 'sse') return SSE_FRAMES;
  if (format !== null) throw bad('format', 'format is sse or jsonl.');
  const isJsonl = /\bapplication\/(x-ndjson|jsonl)\b/i.test(accept);
  return isJsonl && !/\btext\/event-stream\b/i.test(accept) ? JSONL_FRAMES : SSE_FRAMES;
}

function readFlag(query: URLSearchParams, word: string, { absent }: { absent: boolean }): boolean {
  const text = query.get(word);
  if (text === null) return absent;
  if (text === '' || text === 'true' || text === '1') return true;
  if (text === 'false' || text === '0') return false;
  throw bad(word, `${word} is true or false.`);
}

function readCount(query: URLSearchParams, word: string): number {
  const text = query.get(word);
  if (text === null) return 0;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw bad(word, `${word} wants a whole number.`);
}

const bad = (param: string, message: string): KernelError =>
  new KernelError('invalid_argument', message, { details: { param } });
