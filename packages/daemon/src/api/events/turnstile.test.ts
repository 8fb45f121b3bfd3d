import { describe, expect, it } from 'vitest';
import { Turnstile } from './turnstile.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('Turnstile.pass()', () => {
  it('lets one through at each turn of the event loop, in order', async () => {
    const turnstile = new Turnstile();
    const passed: number[] = [];
    const all = [1, 2, 3].map((n) => turnstile.pass().then(() => passed.push(n)));
    const seen: number[][] = [];
    for (let i = 0; i < 3; i += 1) {
      await turn();
      seen.push([...passed]);
    }
    await Promise.all(all);
    expect(seen).toEqual([[1], [1, 2], [1, 2, 3]]);
  });
});
