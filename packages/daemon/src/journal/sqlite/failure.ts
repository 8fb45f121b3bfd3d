// Refusals inside the journal's threads, as plain data that can cross to the main thread, and the
// one translation of SQLite's and the file system's error codes. The threads import nothing of the
// kernel at run time, so that they start fast; the main side turns a failure into a KernelError.

import type { ErrorCode, ErrorDetails } from '@hivekernel/kernel';

/** What crosses the thread border when something is refused. */
export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details?: ErrorDetails;
}

/** A failure that is thrown within a journal thread. */
export class JournalFailure extends Error {
  override readonly name = 'JournalFailure';
  readonly failure: Failure;

  constructor(failure: Failure, cause?: unknown) {
    super(failure.message, cause === undefined ? undefined : { cause });
    this.failure = failure;
  }
}

/** The last good event stands in the sentence and in `details.lastGoodSeq`. */
export function damage(at: { partition: number; lastGoodSeq: number; what: string }): Failure {
  return {
    code: 'data_loss',
    message:
      `The journal of partition ${at.partition} is damaged: ${at.what}. ` +
      `The last good event is ${at.lastGoodSeq}.`,
    details: { partition: at.partition, lastGoodSeq: at.lastGoodSeq },
  };
}

/** SQLite's primary result codes (https://www.sqlite.org/rescode.html). */
const SQLITE = {
  busy: 5,
  locked: 6,
  readonly: 8,
  ioError: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  tooBig: 18,
  constraint: 19,
  notADatabase: 26,
} as const;

const BY_SQLITE_CODE: Readonly<Record<number, readonly [ErrorCode, string]>> = {
  [SQLITE.busy]: ['unavailable', 'The journal is busy'],
  [SQLITE.locked]: ['unavailable', 'The journal is busy'],
  [SQLITE.readonly]: ['permission_denied', 'The journal cannot be written'],
  [SQLITE.ioError]: ['unavailable', 'The disk of the journal reported an error'],
  [SQLITE.corrupt]: ['data_loss', 'The journal file is damaged'],
  [SQLITE.full]: ['storage_full', 'The disk of the journal is full'],
  [SQLITE.cannotOpen]: ['permission_denied', 'The journal cannot be opened'],
  [SQLITE.tooBig]: ['too_large', 'The append is larger than a journal row may be'],
  [SQLITE.constraint]: ['conflict', 'The append repeats an id that the journal already has'],
  [SQLITE.notADatabase]: ['data_loss', 'The journal file is not a database'],
};

const BY_SYSTEM_CODE: Readonly<Record<string, ErrorCode>> = {
  ENOSPC: 'storage_full',
  EDQUOT: 'storage_full',
  EACCES: 'permission_denied',
  EPERM: 'permission_denied',
  EROFS: 'permission_denied',
  ENOTDIR: 'invalid_argument',
  EEXIST: 'invalid_argument',
};

function fieldOf(error: unknown, name: string): unknown {
  return typeof error === 'object' && error !== null
    ? (error as Readonly<Record<string, unknown>>)[name]
    : undefined;
}

function sqliteCode(error: unknown): number | undefined {
  const extended = fieldOf(error, 'errcode');
  return typeof extended === 'number' ? extended & 0xff : undefined;
}

export const isFull = (error: unknown): boolean => sqliteCode(error) === SQLITE.full;

export const isBusy = (error: unknown): boolean => sqliteCode(error) === SQLITE.busy;

export function isCorrupt(error: unknown): boolean {
  const code = sqliteCode(error);
  return code === SQLITE.corrupt || code === SQLITE.notADatabase;
}

/** The one translation of anything thrown in a journal thread. */
export function failureOf(error: unknown): Failure {
  if (error instanceof JournalFailure) return error.failure;
  const text = error instanceof Error ? error.message : String(error);
  const known = BY_SQLITE_CODE[sqliteCode(error) ?? -1];
  if (known) return { code: known[0], message: `${known[1]}: ${text}.` };
  const systemCode = fieldOf(error, 'code');
  if (typeof systemCode === 'string' && systemCode in BY_SYSTEM_CODE) {
    return { code: BY_SYSTEM_CODE[systemCode] ?? 'unavailable', message: `${text}.` };
  }
  return { code: 'internal', message: `The journal failed: ${text}.` };
}
