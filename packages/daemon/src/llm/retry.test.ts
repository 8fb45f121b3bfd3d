import { KernelError } from '@hivekernel/kernel';
import type { ErrorCode } from '@hivekernel/kernel';
import { describe, expect, it } from 'vitest';
import { pauseAfterMs, verdictOf } from './retry.ts';

const error = (code: ErrorCode, details: KernelError['details'] = {}): KernelError =>
  new KernelError(code, 'x', { details });

describe('verdictOf()', () => {
  it.each<[string, unknown, string, number | undefined]>([
    ['no connection', error('unavailable'), 'failed', undefined],
    ['silence', error('timed_out'), 'failed', undefined],
    ['500', error('unavailable', { upstreamStatus: 500 }), 'failed', undefined],
    ['503', error('unavailable', { upstreamStatus: 503, retryAfterMs: 9 }), 'failed', 9],
    ['504', error('timed_out', { upstreamStatus: 504 }), 'failed', undefined],
    ['429', error('rate_limited', { upstreamStatus: 429 }), 'refused', 2_000],
    [
      '429 that says',
      error('rate_limited', { upstreamStatus: 429, retryAfterMs: 0 }),
      'refused',
      0,
    ],
    ['a bad key', error('unavailable', { upstreamStatus: 401 }), 'refused', undefined],
    ['a bad request', error('invalid_argument', { upstreamStatus: 400 }), 'refused', undefined],
    ['what a caller did', error('invalid_argument'), 'refused', undefined],
    ['a fault of ours', new Error('x'), 'refused', undefined],
  ])('of %s (B7)', (_, failure, outcome, retryAfterMs) => {
    expect(verdictOf(failure, 3)).toEqual({ outcome, retryAfterMs });
  });
});

describe('pauseAfterMs()', () => {
  const passing = (retryAfterMs?: number): KernelError =>
    error('unavailable', {
      isRetriable: true,
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    });
  const how = { tries: 1, triesMax: 4, chance: 0 };

  it.each<[string, unknown, Partial<typeof how>, number | undefined]>([
    ['grows', passing(), {}, 250],
    ['grows', passing(), { tries: 3 }, 1_000],
    ['has jitter', passing(), { tries: 3, chance: 0.5 }, 1_500],
    ['is bounded', passing(), { tries: 30, triesMax: 99 }, 10_000],
    ['is what was asked for', passing(30_000), {}, 30_000],
    ['is none where too much was asked for', passing(30_001), {}, undefined],
    ['is none after the last try', passing(), { tries: 4 }, undefined],
    ['is none for what will not pass', error('unavailable'), {}, undefined],
    ['is none for a fault of ours', new Error('x'), {}, undefined],
  ])('%s (B7)', (_, failure, wish, pauseMs) => {
    expect(pauseAfterMs(failure, { ...how, ...wish })).toBe(pauseMs);
  });
});
