import { ERROR_CODES, KernelError } from '@hivekernel/kernel';
import { describe, expect, it } from 'vitest';
import { errorBody, errorHeaders, HTTP_ERRORS, toKernelError } from './errors.ts';

describe('HTTP_ERRORS', () => {
  it.each(ERROR_CODES)('has an error status for %s', (code) => {
    expect(HTTP_ERRORS[code].status).toBeGreaterThanOrEqual(400);
    expect(errorBody(new KernelError(code, 'x'))).toMatchObject({ error: { code, param: null } });
  });
});

describe('errorHeaders()', () => {
  it('rounds a wait up to seconds', () => {
    const error = new KernelError('rate_limited', 'x', { details: { retryAfterMs: 1_200 } });
    expect(errorHeaders(error)).toEqual({ 'retry-after': '2' });
  });
});

describe('toKernelError()', () => {
  it('hides what is inside a fault of ours', () => {
    const error = toKernelError(new TypeError('secret path /x'));
    expect([error.code, error.message]).toEqual(['internal', 'The kernel failed at this request.']);
  });
});
