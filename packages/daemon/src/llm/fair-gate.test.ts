import { describe, expect, it } from 'vitest';
import { FairGate } from './fair-gate.ts';

const never = new AbortController().signal;

function gate(concurrentMax: number, queuedMax = 100): FairGate {
  return new FairGate({ name: 'p', concurrentMax, queuedMax });
}

describe('FairGate', () => {
  it('lets no more than concurrentMax in (F1)', async () => {
    const one = gate(2);
    const outs = [
      await one.enter({ key: 1, signal: never }),
      await one.enter({ key: 1, signal: never }),
    ];
    let isIn = false;
    const third = one.enter({ key: 1, signal: never }).then((out) => {
      isIn = true;
      return out;
    });
    await Promise.resolve();
    expect([one.inside, one.waiting, isIn]).toEqual([2, 1, false]);
    outs[0]?.();
    outs[0]?.();
    (await third)();
    expect([one.inside, one.waiting]).toEqual([1, 0]);
  });

  it('goes round the callers in turn, each in its own order (F2)', async () => {
    const one = gate(1);
    const order: string[] = [];
    const out = await one.enter({ key: 9, signal: never });
    const wait = async (pid: number, name: string): Promise<void> => {
      const leave = await one.enter({ key: pid, signal: never });
      order.push(name);
      leave();
    };
    const all = [
      wait(1, 'a1'),
      wait(1, 'a2'),
      wait(1, 'a3'),
      wait(2, 'b1'),
      wait(2, 'b2'),
      wait(3, 'c1'),
    ];
    out();
    await Promise.all(all);
    expect(order).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3']);
    expect([one.inside, one.waiting]).toEqual([0, 0]);
  });

  it('forgets who gave up in line (F3)', async () => {
    const one = gate(1);
    const out = await one.enter({ key: 1, signal: never });
    const controller = new AbortController();
    const refused = one.enter({ key: 2, signal: controller.signal });
    const next = one.enter({ key: 3, signal: never });
    controller.abort();
    await expect(refused).rejects.toMatchObject({ code: 'cancelled' });
    expect(one.waiting).toBe(1);
    out();
    (await next)();
    expect([one.inside, one.waiting]).toEqual([0, 0]);
    await expect(one.enter({ key: 1, signal: controller.signal })).rejects.toMatchObject({
      code: 'cancelled',
    });
  });

  it('refuses over queuedMax', async () => {
    const one = gate(1, 1);
    await one.enter({ key: 1, signal: never });
    void one.enter({ key: 1, signal: never }); // Stays in line.
    await expect(one.enter({ key: 1, signal: never })).rejects.toMatchObject({
      code: 'queue_full',
    });
  });
});
