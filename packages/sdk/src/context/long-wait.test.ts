import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LongWait } from './long-wait.ts';

/** A wait whose declarations are counted while they are open. */
function ground() {
  const open = new Set<Promise<void>>();
  let declared = 0;
  const wait = new LongWait(async (work) => {
    declared += 1;
    const under = work();
    open.add(under);
    await under;
    open.delete(under);
  });
  const begin = (): (() => Promise<void>) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    wait.during(promise);
    return async () => {
      resolve();
      await vi.advanceTimersByTimeAsync(0);
    };
  };
  return { begin, open, declared: () => declared };
}

describe('LongWait (S6)', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('declares a wait that lasts, until it is over', async () => {
    const { begin, open, declared } = ground();
    const end = begin();
    await vi.advanceTimersByTimeAsync(999);
    expect(open.size).toBe(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(open.size).toBe(1);
    await vi.advanceTimersByTimeAsync(60_000);
    await end();
    expect([open.size, declared()]).toEqual([0, 1]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('says nothing of a flow of short waits, however long it goes on', async () => {
    const { begin, declared } = ground();
    let end = begin();
    for (let n = 0; n < 50; n += 1) {
      await vi.advanceTimersByTimeAsync(900);
      const next = begin();
      await end();
      end = next;
    }
    await end();
    expect(declared()).toBe(0);
  });

  it('goes on where it cannot be declared', async () => {
    const wait = new LongWait(() => Promise.reject(new Error('no')));
    const { promise, resolve } = Promise.withResolvers<void>();
    wait.during(promise);
    await vi.advanceTimersByTimeAsync(2_000);
    resolve();
    await vi.advanceTimersByTimeAsync(0);
    expect(vi.getTimerCount()).toBe(0);
  });
});
