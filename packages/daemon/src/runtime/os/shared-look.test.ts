import { describe, expect, it } from 'vitest';
import { SharedLook } from './shared-look.ts';

describe('SharedLook.next()', () => {
  it('gives all who ask before a look begins the same, and later ones the next', async () => {
    let looks = 0;
    const shared = new SharedLook(() => Promise.resolve((looks += 1)));
    const asked = [shared.next(), shared.next()];
    expect(await Promise.all(asked)).toEqual([1, 1]);
    expect(await shared.next()).toBe(2);
  });

  it('never gives what a look found that began before the question', async () => {
    const open = Promise.withResolvers<string>();
    const results = [open.promise, Promise.resolve('second')];
    const shared = new SharedLook(() => results.shift() ?? Promise.reject(new Error('a third')));
    const first = shared.next();
    await Promise.resolve(); // The look has begun.
    const second = shared.next();
    open.resolve('first');
    expect(await Promise.all([first, second])).toEqual(['first', 'second']);
  });

  it('looks again after one that failed', async () => {
    let looks = 0;
    const shared = new SharedLook(() => {
      looks += 1;
      return looks === 1 ? Promise.reject(new Error('no /proc')) : Promise.resolve(looks);
    });
    await expect(shared.next()).rejects.toThrow('no /proc');
    expect(await shared.next()).toBe(2);
  });
});
