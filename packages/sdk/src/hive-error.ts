// The one error of the SDK. What the kernel refuses, the model's endpoint answers, or a deadline
// ends arrives as a `HiveError` with a code to switch on; a message is a sentence for people.
// `instanceof` holds across two installed copies of the SDK, since an agent may bring its own.
import type { TaskResult } from './task.ts';

/**
 * The kernel's closed list; a newer kernel may know more. `task_failed` is the SDK's own: the other
 * agent took the task and says that it failed, which is an outcome and no fault of the kernel.
 */
export type HiveErrorCode =
  | 'invalid_argument'
  | 'not_found'
  | 'gone'
  | 'unauthenticated'
  | 'permission_denied'
  | 'wrong_state'
  | 'conflict'
  | 'limit_exceeded'
  | 'too_large'
  | 'queue_full'
  | 'rate_limited'
  | 'budget_exhausted'
  | 'storage_full'
  | 'start_failed'
  | 'timed_out'
  | 'cancelled'
  | 'unavailable'
  | 'unimplemented'
  | 'unknown_outcome'
  | 'fenced'
  | 'data_loss'
  | 'internal'
  | 'task_failed'
  | (string & {});

export type HiveErrorDetails = Readonly<Record<string, string | number | boolean>>;

export interface HiveErrorOptions {
  readonly details?: HiveErrorDetails | undefined;
  readonly cause?: unknown;
  /** What a failed `executeOn` left behind. */
  readonly result?: TaskResult | undefined;
}

const BRAND = Symbol.for('hivekernel.error');

export class HiveError extends Error {
  readonly [BRAND] = true;
  readonly code: HiveErrorCode;
  readonly details: HiveErrorDetails;
  /** Only on a failed `executeOn`: the result that the agent gave beside its failure. */
  readonly result: TaskResult | undefined;

  constructor(code: HiveErrorCode, message: string, options: HiveErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'HiveError';
    this.code = code;
    this.details = options.details ?? {};
    this.result = options.result;
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && BRAND in value;
  }
}

interface Coded {
  readonly code: string;
  readonly message: string;
  readonly details?: unknown;
}

function isCoded(value: unknown): value is Coded {
  return value instanceof Error && 'code' in value && typeof value.code === 'string';
}

function detailsOf(value: unknown): HiveErrorDetails {
  const isRecord = typeof value === 'object' && value !== null;
  return isRecord ? (value as HiveErrorDetails) : {};
}

/** Any thrown value as a `HiveError`; one that is none keeps itself as `cause`. */
export function asHiveError(error: unknown): HiveError {
  if (error instanceof HiveError) return error;
  if (error instanceof DOMException && error.name === 'TimeoutError') {
    return new HiveError('timed_out', 'The deadline of this call passed.', { cause: error });
  }
  if (error instanceof Error && error.name === 'AbortError') {
    return new HiveError('cancelled', 'This call was cancelled.', { cause: error });
  }
  if (isCoded(error)) {
    return new HiveError(error.code, error.message, {
      details: detailsOf(error.details),
      cause: error,
    });
  }
  return new HiveError('internal', messageOf(error), { cause: error });
}

/** What a thrown value says. */
export function messageOf(error: unknown): string {
  if (error instanceof Error) return error.message === '' ? error.name : error.message;
  return typeof error === 'string' ? error : (JSON.stringify(error) ?? String(error));
}
