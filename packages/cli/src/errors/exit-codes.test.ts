import { describe, expect, it } from 'vitest';
import {
  EXIT,
  EXIT_BY_ERROR,
  EXIT_MEANINGS,
  exitCodeOf,
  exitCodeOfStartError,
} from './exit-codes.ts';

describe('EXIT_BY_ERROR', () => {
  it.each([
    ['invalid_argument', 2],
    ['too_large', 2],
    ['not_found', 3],
    ['gone', 3],
    ['unauthenticated', 4],
    ['permission_denied', 4],
    ['wrong_state', 5],
    ['conflict', 5],
    ['limit_exceeded', 5],
    ['queue_full', 5],
    ['rate_limited', 5],
    ['budget_exhausted', 6],
    ['timed_out', 7],
    ['start_failed', 1],
    ['storage_full', 1],
    ['cancelled', 1],
    ['unimplemented', 1],
    ['unknown_outcome', 1],
    ['data_loss', 1],
    ['unavailable', 69],
    ['fenced', 69],
    ['internal', 70],
  ])('ends %s with %i', (code, exitCode) => {
    expect(exitCodeOf(code)).toBe(exitCode);
  });

  it('has no code that the table above has not', () => {
    expect(Object.keys(EXIT_BY_ERROR)).toHaveLength(22);
  });

  it('takes unavailable at a start for a failure of the start', () => {
    expect(exitCodeOfStartError('unavailable')).toBe(EXIT.failed);
    expect(exitCodeOfStartError('conflict')).toBe(EXIT.wrongState);
  });

  it('takes a word of a newer kernel for a failure', () => {
    expect(exitCodeOf('bored')).toBe(EXIT.failed);
    expect(exitCodeOf('toString')).toBe(EXIT.failed);
  });
});

describe('EXIT_MEANINGS', () => {
  it('says a sentence for each code', () => {
    for (const meaning of Object.values(EXIT_MEANINGS)) expect(meaning).toMatch(/^[A-Z].*\.$/);
  });
});
