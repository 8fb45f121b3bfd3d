// Numbers and times as people read them (`2m`, `1.2k`), and durations as they write them.
// Programs get plain numbers, never these.

import { usageError } from '../errors/cli-error.ts';

const UNITS_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
type Unit = keyof typeof UNITS_MS;
const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;
const COUNT_STEP = 1_000;
const COUNT_UNITS = ['', 'k', 'M', 'G', 'T'] as const;
const BYTES_STEP = 1_024;
const BYTES_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** `1204` -> `1.2k`. */
export function showCount(count: number): string {
  let at = 0;
  let value = count;
  while (Math.abs(value) >= COUNT_STEP && at < COUNT_UNITS.length - 1) {
    value /= COUNT_STEP;
    at += 1;
  }
  return at === 0 ? String(count) : `${short(value)}${COUNT_UNITS[at]}`;
}

export function showBytes(bytes: number): string {
  let at = 0;
  let value = bytes;
  while (value >= BYTES_STEP && at < BYTES_UNITS.length - 1) {
    value /= BYTES_STEP;
    at += 1;
  }
  return `${at === 0 ? bytes : short(value)} ${BYTES_UNITS[at]}`;
}

/** Two digits that matter: `1.2`, `12`, `120`. */
const short = (value: number): string => (value < 10 ? value.toFixed(1) : value.toFixed(0));

/** `2m`, `3h`, `12d`; under a second `0s`. */
export function showAge(ageMs: number): string {
  const seconds = Math.max(0, Math.floor(ageMs / UNITS_MS.s));
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 120) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours}h` : `${Math.floor(hours / 24)}d`;
}

/** `0.4s`, `12s`, `2m`. */
export function showSpan(spanMs: number): string {
  return spanMs < 10_000 ? `${(spanMs / UNITS_MS.s).toFixed(1)}s` : showAge(spanMs);
}

/** `14:02:07`, the local time. */
export function showClock(atMs: number): string {
  const at = new Date(atMs);
  return [at.getHours(), at.getMinutes(), at.getSeconds()]
    .map((part) => String(part).padStart(2, '0'))
    .join(':');
}

export const isoTime = (atMs: number): string => new Date(atMs).toISOString();

/** `30s`, `500ms`, `2m`. Undefined for anything else. */
export function readDuration(text: string): number | undefined {
  const match = DURATION.exec(text);
  if (match === null) return undefined;
  return Math.round(Number(match[1]) * UNITS_MS[match[2] as Unit]);
}

/** The same for a flag; throws a usage error that names it. */
export function durationFlag(flag: string, text: string): number {
  const durationMs = readDuration(text);
  if (durationMs !== undefined) return durationMs;
  throw usageError(
    `${flag} wants a time with its unit, such as 500ms, 30s, 2m, 1h; got "${text}".`,
  );
}

export function countFlag(flag: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw usageError(`${flag} wants a whole number; got "${text}".`);
}

/** `1 agent`, `2 agents`. */
export const plural = (count: number, noun: string, many = `${noun}s`): string =>
  `${count} ${count === 1 ? noun : many}`;
