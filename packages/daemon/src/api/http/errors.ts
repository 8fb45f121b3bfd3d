// Our errors in the words of HTTP and of OpenAI's clients. The one place that knows them both;
// total, so that a new code is a compile error here.

import { KernelError } from '@hivekernel/kernel';
import type { ErrorCode } from '@hivekernel/kernel';

interface HttpMeaning {
  readonly status: number;
  readonly type: string;
}

export const HTTP_ERRORS: Readonly<Record<ErrorCode, HttpMeaning>> = {
  invalid_argument: { status: 400, type: 'invalid_request_error' },
  not_found: { status: 404, type: 'invalid_request_error' },
  gone: { status: 410, type: 'invalid_request_error' },
  unauthenticated: { status: 401, type: 'authentication_error' },
  permission_denied: { status: 403, type: 'permission_error' },
  wrong_state: { status: 409, type: 'invalid_request_error' },
  conflict: { status: 409, type: 'invalid_request_error' },
  limit_exceeded: { status: 422, type: 'invalid_request_error' },
  too_large: { status: 413, type: 'invalid_request_error' },
  queue_full: { status: 503, type: 'overloaded_error' },
  rate_limited: { status: 429, type: 'rate_limit_error' },
  budget_exhausted: { status: 429, type: 'insufficient_quota' },
  storage_full: { status: 507, type: 'server_error' },
  start_failed: { status: 500, type: 'server_error' },
  timed_out: { status: 504, type: 'server_error' },
  cancelled: { status: 499, type: 'server_error' },
  unavailable: { status: 503, type: 'server_error' },
  unimplemented: { status: 501, type: 'invalid_request_error' },
  unknown_outcome: { status: 502, type: 'server_error' },
  fenced: { status: 503, type: 'server_error' },
  data_loss: { status: 500, type: 'server_error' },
  internal: { status: 500, type: 'server_error' },
};

/** The JSON that OpenAI's clients read. */
export interface ErrorBody {
  readonly error: {
    readonly message: string;
    readonly type: string;
    readonly code: ErrorCode;
    readonly param: string | null;
  };
}

export function errorBody(error: KernelError): ErrorBody {
  const { param } = error.details;
  return {
    error: {
      message: error.message,
      type: HTTP_ERRORS[error.code].type,
      code: error.code,
      param: typeof param === 'string' && param !== '' ? param : null,
    },
  };
}

/** What a client may do next. An empty budget does not refill by waiting, so it gets no hint. */
export function errorHeaders(error: KernelError): Record<string, string> {
  const { retryAfterMs } = error.details;
  if (error.code === 'budget_exhausted') return { 'x-should-retry': 'false' };
  if (error.code === 'unauthenticated') return { 'www-authenticate': 'Bearer' };
  if (typeof retryAfterMs !== 'number') return {};
  return { 'retry-after': String(Math.ceil(retryAfterMs / 1000)) };
}

/**
 * What the framework refuses by itself, in our codes; a fault of ours says nothing of its inside.
 */
export function toKernelError(error: unknown): KernelError {
  if (error instanceof KernelError) return error;
  const { statusCode, message } = error as { statusCode?: unknown; message?: unknown };
  const text = typeof message === 'string' ? message : 'The request is not right.';
  if (statusCode === 413) return new KernelError('too_large', text, { cause: error });
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) {
    return new KernelError('invalid_argument', text, { cause: error });
  }
  return new KernelError('internal', 'The kernel failed at this request.', { cause: error });
}
