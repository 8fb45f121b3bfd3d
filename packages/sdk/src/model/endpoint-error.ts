// Translates what an OpenAI-compatible endpoint says of a failure into a HiveError. The kernel's
// own endpoint puts a code of the closed list into `error.code`; others are judged by their status.
import { HiveError } from '../hive-error.ts';
import type { HiveErrorCode } from '../hive-error.ts';

const BY_STATUS: Readonly<Record<number, HiveErrorCode>> = {
  400: 'invalid_argument',
  401: 'unauthenticated',
  402: 'budget_exhausted',
  403: 'permission_denied',
  404: 'not_found',
  408: 'timed_out',
  409: 'conflict',
  410: 'gone',
  413: 'too_large',
  422: 'invalid_argument',
  429: 'rate_limited',
  499: 'cancelled',
  501: 'unimplemented',
  504: 'timed_out',
  507: 'storage_full',
};

/** Words of other providers for what the kernel calls by its own. */
const BY_WORD: Readonly<Record<string, HiveErrorCode>> = {
  insufficient_quota: 'budget_exhausted',
  rate_limit_exceeded: 'rate_limited',
  context_length_exceeded: 'too_large',
  invalid_api_key: 'unauthenticated',
  model_not_found: 'not_found',
};

const OURS: ReadonlySet<string> = new Set([
  ...Object.values(BY_STATUS),
  'wrong_state',
  'limit_exceeded',
  'queue_full',
  'start_failed',
  'unavailable',
  'unknown_outcome',
  'fenced',
  'data_loss',
  'internal',
]);

interface ErrorBody {
  readonly message?: string;
  readonly code?: unknown;
  readonly type?: unknown;
}

const MS_PER_SECOND = 1_000;
const EXCERPT_CHARS_MAX = 300;

function parseErrorBody(text: string): ErrorBody {
  try {
    const body = JSON.parse(text) as { error?: ErrorBody | string } | null;
    const error = body?.error;
    if (typeof error === 'string') return { message: error };
    return error ?? {};
  } catch {
    return { message: text.slice(0, EXCERPT_CHARS_MAX) };
  }
}

function codeOf(error: ErrorBody, status: number): HiveErrorCode {
  for (const word of [error.code, error.type]) {
    if (typeof word !== 'string') continue;
    if (OURS.has(word)) return word;
    const known = BY_WORD[word];
    if (known !== undefined) return known;
  }
  return BY_STATUS[status] ?? (status >= 500 ? 'unavailable' : 'internal');
}

/** A failed answer; `details` hold `status`, and `retryAfterMs` where the endpoint gave it. */
export async function errorOfResponse(response: Response): Promise<HiveError> {
  const error = parseErrorBody(await response.text().catch(() => ''));
  const retryAfterSeconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  const message = error.message ?? '';
  return new HiveError(
    codeOf(error, response.status),
    message === '' ? `The model's endpoint answered with status ${response.status}.` : message,
    {
      details: {
        status: response.status,
        ...(retryAfterSeconds >= 0 && { retryAfterMs: retryAfterSeconds * MS_PER_SECOND }),
      },
    },
  );
}

/** A failure that arrives inside a stream whose status was good. */
export function errorInStream(error: unknown): HiveError {
  const body = typeof error === 'string' ? { message: error } : ((error ?? {}) as ErrorBody);
  const code = codeOf(body, 0);
  return new HiveError(
    code === 'internal' ? 'unavailable' : code,
    body.message ?? 'The model broke off its answer.',
  );
}
