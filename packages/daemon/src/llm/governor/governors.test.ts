import { describe, expect, it } from 'vitest';
import { NO_LIMITS, type ModelLimits } from '../provider.ts';
import { ManualClock, settled } from '../testing-clock.ts';
import type { EntryWish, Passage } from './governor.ts';
import { Governors } from './governors.ts';

const never = new AbortController().signal;
const OK = { outcome: 'ok', tokens: 0 } as const;
const FAILED = { outcome: 'failed', tokens: 0 } as const;

function ground(wish: { limits?: Partial<ModelLimits>; simulated?: boolean } = {}) {
  const clock = new ManualClock();
  const governors = new Governors({ clock, queuedMax: 10, governorsMax: 3 });
  const limits = { ...NO_LIMITS, ...wish.limits };
  const provider = { name: 'p', simulated: wish.simulated === true, limits, concurrentMax: 5 };
  const enter = (model: string, order: Partial<EntryWish> = {}): Promise<Passage> =>
    governors.enter(
      { provider, model },
      { caller: 1, priority: 2, tokens: 0, signal: never, ...order },
    );
  return { clock, governors, provider, enter };
}

describe('Governors.enter()', () => {
  it('keeps one a provider and model, and forgets it when it is idle (B7)', async () => {
    const { governors, provider, enter } = ground();
    const first = await enter('a');
    const second = await enter('a');
    expect(governors.size).toBe(1);
    const wish = { caller: 1, priority: 2, tokens: 0, signal: never } as const;
    const other = await governors.enter({ provider: { ...provider, name: 'q' }, model: 'a' }, wish);
    expect(governors.size).toBe(2);
    for (const passage of [first, second, other]) passage.leave(OK);
    expect(governors.size).toBe(0);
  });

  it('keeps no more than its bound over 10,000 names (B7)', async () => {
    const { governors, enter } = ground({ limits: { requestsPerMinuteMax: 9 } });
    for (let i = 0; i < 10_000; i += 1) (await enter(`m${i}`)).leave(FAILED);
    expect(governors.size).toBe(3);
  });

  it('makes room of those without calls only, and refuses where there are none (B7)', async () => {
    const { governors, enter } = ground({ limits: { requestsPerMinuteMax: 1 } });
    const kept = await enter('a');
    (await enter('b')).leave(OK);
    await enter('c');
    await enter('d');
    await expect(enter('e')).rejects.toMatchObject({ code: 'queue_full' });
    kept.leave(OK);
    // Of a's requests it still knows.
    expect(governors.size).toBe(3);
    await enter('e');
    expect(governors.size).toBe(3);
  });

  it('lets the simulated model be, unless limits are set for it (B7)', async () => {
    const free = ground({ simulated: true });
    for (let i = 0; i < 5; i += 1) await free.enter('sim/mini');
    expect(free.governors.size).toBe(0);
    const bound = ground({ simulated: true, limits: { concurrentMax: 1 } });
    await bound.enter('sim/mini');
    let isIn = false;
    void bound.enter('sim/mini').then(() => (isIn = true));
    await settled();
    expect([isIn, bound.governors.size]).toEqual([false, 1]);
  });

  it('bounds the calls at a provider, without those that wait for a model (B7)', async () => {
    const { clock, governors, enter } = ground({ limits: { requestsPerMinuteMax: 3 } });
    const inside = await Promise.all(['a', 'a', 'a', 'b'].map((model) => enter(model)));
    const slow = enter('a');
    // The one that waits for its model's rate takes no place.
    const last = await enter('b');
    const controller = new AbortController();
    const next = enter('c');
    const gone = enter('c', { signal: controller.signal });
    await settled();
    expect(governors.load).toEqual({ inside: 5 + 5 + 2, waiting: 3 });
    controller.abort();
    await expect(gone).rejects.toMatchObject({ code: 'cancelled' });
    last.leave(OK);
    const third = await next;
    for (const passage of [...inside, third]) passage.leave(OK);
    await clock.advanceMs(120_000);
    (await slow).leave(OK);
    expect(governors.load).toEqual({ inside: 0, waiting: 0 });
  });
});
