// The one error class and its closed list of codes. Doors translate the codes with one total table
// each (gRPC status, HTTP status, exit code); nothing else knows those vocabularies.

/**
 * Why the caller or the world is at fault. Our own faults are `AssertionError`s, never one of
 * these.
 */
export const ERROR_CODES = [
  'invalid_argument',
  'not_found',
  'gone',
  'unauthenticated',
  'permission_denied',
  'wrong_state',
  'conflict',
  'limit_exceeded',
  'too_large',
  'queue_full',
  'rate_limited',
  'budget_exhausted',
  'storage_full',
  'start_failed',
  'timed_out',
  'cancelled',
  'unavailable',
  'unimplemented',
  'unknown_outcome',
  'fenced',
  'data_loss',
  'internal',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

export type ErrorDetails = Readonly<Record<string, string | number | boolean>>;

/** A refusal: `message` is a sentence with the values, `details` are for machines. */
export class KernelError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(
    code: ErrorCode,
    message: string,
    options: { details?: ErrorDetails; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'KernelError';
    this.code = code;
    this.details = options.details ?? {};
  }
}

export class AssertionError extends Error {
  override readonly name = 'AssertionError';
}

/** States an invariant of ours. Throws `AssertionError` when it does not hold. */
export function assert(condition: unknown, what: string): asserts condition {
  if (!condition) throw new AssertionError(what);
}

export function isErrorCode(word: string): word is ErrorCode {
  return (ERROR_CODES as readonly string[]).includes(word);
}
