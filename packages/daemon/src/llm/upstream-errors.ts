// How a provider's refusal becomes one of our errors. The caller's fault stays the caller's; a key
// that the provider does not take is the operator's, so the caller hears `unavailable`, not 401.

import { KernelError } from '@hivekernel/kernel';
import type { ErrorCode } from '@hivekernel/kernel';

const MESSAGE_CHARS_MAX = 500;

const CODE_BY_STATUS: Readonly<Record<number, ErrorCode>> = {
  400: 'invalid_argument',
  404: 'not_found',
  408: 'timed_out',
  413: 'too_large',
  422: 'invalid_argument',
  429: 'rate_limited',
  504: 'timed_out',
};

const HINT_BY_STATUS: Readonly<Record<number, string>> = {
  401: 'The provider does not take the key; check it in the environment or in .env',
  402: 'The account at the provider has no credit left',
  403: 'The provider does not allow this to the key; check its rights',
};

/** What to try again: it may pass by itself, and nothing was computed yet. */
function isRetriable(status: number): boolean {
  return status === 408 || status === 429 || status >= 500;
}

export interface UpstreamFailure {
  readonly provider: string;
  readonly status: number;
  readonly body: string;
  readonly retryAfterMs: number | undefined;
  /** True: not to be tried again, whatever its status. */
  readonly isFinal?: boolean | undefined;
  /** Never shown, whatever the provider echoes. */
  readonly secret: string | undefined;
}

export function upstreamError(failure: UpstreamFailure): KernelError {
  const { status, provider } = failure;
  const said = redact(messageOf(failure.body), failure.secret);
  const hint = HINT_BY_STATUS[status];
  const message =
    `${provider} answered ${status}` +
    (said === '' ? '.' : `: ${said}${/[.!?]$/.test(said) ? '' : '.'}`) +
    (hint === undefined ? '' : ` ${hint}.`);
  return new KernelError(CODE_BY_STATUS[status] ?? 'unavailable', message, {
    details: {
      provider,
      upstreamStatus: status,
      ...(failure.isFinal !== true && isRetriable(status) && { isRetriable: true }),
      ...(failure.retryAfterMs === undefined ? {} : { retryAfterMs: failure.retryAfterMs }),
    },
  });
}

/** Takes the key out of a text that came from outside. */
export function redact(text: string, secret: string | undefined): string {
  return secret === undefined || secret === '' ? text : text.replaceAll(secret, '[key]');
}

/** OpenAI's `{error:{message}}`, the shapes of others, or the text itself. */
export function messageOf(body: string): string {
  const text = fromJson(body) ?? (/^\s*</.test(body) ? '' : body);
  const flat = text.replace(/\s+/g, ' ').trim();
  return flat.length > MESSAGE_CHARS_MAX ? `${flat.slice(0, MESSAGE_CHARS_MAX)}…` : flat;
}

function fromJson(body: string): string | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return undefined;
  }
  const holder = Array.isArray(parsed) ? (parsed[0] as unknown) : parsed;
  if (typeof holder !== 'object' || holder === null) return undefined;
  const record = holder as Record<string, unknown>;
  const error = record['error'] ?? record['message'] ?? record['detail'];
  if (typeof error === 'string') return error;
  if (typeof error !== 'object' || error === null) return undefined;
  const message = (error as Record<string, unknown>)['message'];
  return typeof message === 'string' ? message : undefined;
}

/** Seconds or an HTTP date (RFC 9110, 10.2.3); `retry-after-ms` as some providers send it. */
export function retryAfterMs(headers: Headers, nowMs: number): number | undefined {
  const exact = headers.get('retry-after-ms');
  if (exact !== null && /^\d+$/.test(exact)) return Number(exact);
  const value = headers.get('retry-after')?.trim();
  if (value === undefined || value === '') return undefined;
  if (/^\d+(\.\d+)?$/.test(value)) return Math.ceil(Number(value) * 1000);
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs);
}
