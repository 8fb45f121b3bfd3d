import { SeededChance, seeds } from '@hivekernel/testkit';
import { describe, expect, it } from 'vitest';
import { ManualClock, settled } from '../testing-clock.ts';
import { Governor, type EntryWish, type GovernorOptions, type Passage } from './governor.ts';

const never = new AbortController().signal;
const OK = { outcome: 'ok', tokens: 0 } as const;
const FAILED = { outcome: 'failed', tokens: 0 } as const;

function ground(wish: Partial<GovernorOptions> = {}) {
  const clock = new ManualClock();
  const governor = new Governor({
    provider: 'p',
    model: 'm',
    concurrentMax: 1,
    queuedMax: 100,
    requestsPerMinuteMax: 0,
    tokensPerMinuteMax: 0,
    heldWaitMaxMs: 30_000,
    heldMostMs: 3_600_000,
    breaker: { failuresMax: 5, pauseFirstMs: 1_000, pauseMostMs: 8_000 },
    agingMsPerLevel: 10_000,
    clock,
    ...wish,
  });
  const enter = (order: Partial<EntryWish> = {}): Promise<Passage> =>
    governor.enter({ caller: 1, priority: 2, tokens: 0, signal: never, ...order });
  return { clock, governor, enter };
}

/** Enters, notes its name, and leaves. */
function passer(enter: (order: Partial<EntryWish>) => Promise<Passage>, order: string[]) {
  return async (name: string, wish: Partial<EntryWish>): Promise<void> => {
    const passage = await enter(wish);
    order.push(name);
    passage.leave(OK);
  };
}

describe('Governor.enter()', () => {
  it('lets no more than concurrentMax in, and gives each place back once (F1)', async () => {
    const { governor, enter } = ground({ concurrentMax: 2 });
    const first = await enter();
    await enter();
    const third = enter();
    await settled();
    expect([governor.inside, governor.waiting]).toEqual([2, 1]);
    first.leave(OK);
    first.leave(OK);
    await third;
    expect([governor.inside, governor.waiting]).toEqual([2, 0]);
  });

  it('goes round the callers in turn, each in its own order (F2)', async () => {
    const { enter } = ground();
    const order: string[] = [];
    const pass = passer(enter, order);
    const inside = await enter({ caller: 9 });
    const names = ['a1', 'a2', 'a3', 'b1', 'b2', 'c1'];
    const all = names.map((name) => pass(name, { caller: name.charCodeAt(0) }));
    inside.leave(OK);
    await Promise.all(all);
    expect(order).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3']);
  });

  it('takes the more urgent first, until the others have waited long enough (B7)', async () => {
    const { clock, enter } = ground();
    const order: string[] = [];
    const pass = passer(enter, order);
    const inside = await enter({ caller: 9 });
    const old = pass('old', { caller: 1, priority: 3 });
    await clock.advanceMs(25_000);
    const all = [
      pass('normal', { caller: 2, priority: 2 }),
      pass('urgent', { caller: 3, priority: 0 }),
      pass('own urgent', { caller: 2, priority: 0 }),
    ];
    inside.leave(OK);
    await Promise.all([old, ...all]);
    // Old is worth 3 - 2 by now.
    expect(order).toEqual(['own urgent', 'urgent', 'old', 'normal']);
  });

  it('forgets who gave up in line, and refuses who comes to a full one (F3)', async () => {
    const { governor, enter } = ground({ queuedMax: 2 });
    const inside = await enter();
    const controller = new AbortController();
    const gone = enter({ signal: controller.signal });
    const next = enter({ caller: 3 });
    await expect(enter()).rejects.toMatchObject({ code: 'queue_full' });
    controller.abort();
    await expect(gone).rejects.toMatchObject({ code: 'cancelled' });
    inside.leave(OK);
    (await next).leave(OK);
    expect([governor.inside, governor.waiting]).toEqual([0, 0]);
  });

  it('keeps requests and tokens of a minute within their bounds (B7)', async () => {
    const { clock, governor, enter } = ground({ concurrentMax: 9, requestsPerMinuteMax: 3 });
    for (let i = 0; i < 3; i += 1) (await enter()).leave(OK);
    const fourth = enter();
    await clock.advanceMs(59_000);
    expect(governor.waiting).toBe(1);
    await clock.advanceMs(30_000);
    (await fourth).leave(OK);
    const tokens = ground({ concurrentMax: 9, tokensPerMinuteMax: 1_000 });
    const big = await tokens.enter({ tokens: 900 });
    const other = tokens.enter({ tokens: 200 });
    await settled();
    expect(tokens.governor.waiting).toBe(1);
    big.leave({ outcome: 'ok', tokens: 100 });
    await other;
    expect(tokens.governor.waiting).toBe(0);
  });

  it('holds all of them for as long as the provider asks (B7)', async () => {
    const { clock, governor, enter } = ground({ concurrentMax: 9 });
    (await enter()).leave({ outcome: 'refused', tokens: 0, retryAfterMs: 5_000 });
    const held = [enter({ caller: 1 }), enter({ caller: 2 })];
    await clock.advanceMs(4_900);
    expect(governor.waiting).toBe(2);
    await clock.advanceMs(200);
    await Promise.all(held);
    expect(governor.inside).toBe(2);
  });

  it('refuses all while the breaker is open, and tries again after it (B7)', async () => {
    const { clock, governor, enter } = ground({ concurrentMax: 5 });
    const inside = await Promise.all([1, 2, 3, 4, 5].map((caller) => enter({ caller })));
    const waiting = enter({ caller: 6 });
    const outcome = waiting.catch((error: unknown) => error);
    for (const passage of inside) passage.leave(FAILED);
    // The first place went to it; four failed after the first.
    const passage = (await outcome) as Passage;
    passage.leave(FAILED);
    expect(governor.breaker).toBe('open');
    const open = { code: 'unavailable', details: { retryAfterMs: 1_000 } };
    await expect(enter()).rejects.toMatchObject(open);
    await clock.advanceMs(1_000);
    const probe = await enter();
    await expect(enter()).rejects.toMatchObject({ code: 'unavailable' });
    probe.leave(OK);
    await enter();
    expect(governor.breaker).toBe('closed');
  });

  it('lets one try after a pause, whoever lined up meanwhile (B7)', async () => {
    const { clock, governor, enter } = ground({ concurrentMax: 0 });
    const inside = await Promise.all([1, 2, 3, 4, 5].map((caller) => enter({ caller })));
    for (const one of inside) one.leave({ ...FAILED, retryAfterMs: 5_000 });
    await clock.advanceMs(2_000);
    // Half-open, and held: they wait.
    const lined = [7, 8].map((caller) => enter({ caller }));
    const second = lined[1]?.catch((error: unknown) => error);
    await clock.advanceMs(3_100);
    const probe = await lined[0];
    expect(await second).toMatchObject({ code: 'unavailable' });
    probe?.leave(OK);
    expect(governor.breaker).toBe('closed');
  });

  it('hears of a pause’s end from the one that tries only (B7)', async () => {
    const { clock, governor, enter } = ground({ concurrentMax: 0 });
    const inside = await Promise.all([1, 2, 3, 4, 5, 6, 7].map((caller) => enter({ caller })));
    for (const one of inside.slice(0, 5)) one.leave(FAILED);
    await clock.advanceMs(1_000);
    const probe = await enter();
    inside[5]?.leave({ outcome: 'given_up', tokens: 0 });
    inside[6]?.leave(FAILED);
    await expect(enter()).rejects.toMatchObject({ code: 'unavailable' });
    probe.leave(FAILED);
    await clock.advanceMs(1_900);
    expect(governor.breaker).toBe('open');
    await clock.advanceMs(100);
    expect(governor.breaker).toBe('half-open');
  });

  it('refuses who would be held for long, and bounds the hold (B7)', async () => {
    const { clock, governor, enter } = ground({ concurrentMax: 2 });
    const inside = await enter();
    const other = await enter();
    const waiting = enter().catch((error: unknown) => error);
    inside.leave({ outcome: 'refused', tokens: 0, retryAfterMs: 1e12 });
    expect(await waiting).toMatchObject({ code: 'rate_limited' });
    other.leave(OK);
    const refused = { code: 'rate_limited', details: { retryAfterMs: 3_600_000 } };
    await expect(enter()).rejects.toMatchObject(refused);
    await clock.advanceMs(3_571_000);
    const late = enter();
    await settled();
    expect(governor.waiting).toBe(1);
    await clock.advanceMs(29_001);
    (await late).leave(OK);
  });

  it('serves the next one when the head of the line gives up (F3)', async () => {
    const { enter } = ground({ concurrentMax: 0, tokensPerMinuteMax: 1_000 });
    await enter({ tokens: 600 });
    const controller = new AbortController();
    const big = enter({ tokens: 900, signal: controller.signal });
    const small = enter({ tokens: 100, caller: 2 });
    controller.abort();
    await expect(big).rejects.toMatchObject({ code: 'cancelled' });
    (await small).leave(OK);
  });

  it('is idle once nothing is to be remembered', async () => {
    const { clock, governor, enter } = ground({ requestsPerMinuteMax: 5 });
    expect(governor.isIdle).toBe(true);
    const passage = await enter();
    passage.leave({ outcome: 'failed', tokens: 0 });
    await clock.advanceMs(120_000);
    expect(governor.isIdle).toBe(false);
    (await enter()).leave(OK);
    expect(governor.isIdle).toBe(false);
    await clock.advanceMs(120_000);
    expect(governor.isIdle).toBe(true);
  });

  it.each(seeds({ count: 20, fromEnv: 'SEED' }))(
    'keeps its bounds, and ends empty, whoever comes, fails or gives up (F1, F3; SEED=%i)',
    async (seed) => {
      const chance = new SeededChance(seed);
      const below = (n: number): number => Math.floor(chance.next() * n);
      const { clock, governor, enter } = ground({ concurrentMax: 3, requestsPerMinuteMax: 20 });
      const endings = [OK, FAILED, { outcome: 'given_up', tokens: 0 }] as const;
      const open: Passage[] = [];
      const quitters: AbortController[] = [];
      const ends: Promise<void>[] = [];
      for (let i = 0; i < 200; i += 1) {
        const controller = new AbortController();
        quitters.push(controller);
        const priority = below(4) as EntryWish['priority'];
        const entered = enter({ caller: below(5), priority, signal: controller.signal });
        ends.push(entered.then((passage) => void open.push(passage)).catch(() => undefined));
        if (below(2) === 0) quitters[below(quitters.length)]?.abort();
        if (below(2) === 0) open.shift()?.leave(endings[below(3)] ?? OK);
        await clock.advanceMs(below(4_000));
        expect(governor.inside).toBeLessThanOrEqual(3);
      }
      for (const one of quitters) one.abort();
      await Promise.all(ends);
      for (const passage of open) passage.leave(OK);
      expect([governor.inside, governor.waiting]).toEqual([0, 0]);
    },
  );
});
