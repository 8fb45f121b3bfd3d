import { describe, expect, it } from 'vitest';
import { StartGate } from './start-gate.ts';

const never = new AbortController().signal;

describe('StartGate.enter()', () => {
  it('lets so many through, and the next in order when one leaves', async () => {
    const gate = new StartGate(1);
    const order: string[] = [];
    const leave = await gate.enter(never);
    const second = gate.enter(never).then((go) => (order.push('second'), go));
    const third = gate.enter(never).then((go) => (order.push('third'), go));
    leave();
    leave();
    (await second)();
    (await third)();
    expect(order).toEqual(['second', 'third']);
  });

  it('passes over who gave up waiting', async () => {
    const gate = new StartGate(1);
    const leave = await gate.enter(never);
    const impatient = new AbortController();
    const gaveUp = gate.enter(impatient.signal);
    const next = gate.enter(never);
    impatient.abort(new Error('enough'));
    await expect(gaveUp).rejects.toThrow('enough');
    leave();
    await next;
  });

  it('loses no place to who gives up in the moment of its turn', async () => {
    const gate = new StartGate(1);
    const leave = await gate.enter(never);
    const impatient = new AbortController();
    const gaveUp = gate.enter(impatient.signal);
    impatient.abort(new Error('enough'));
    leave();
    await expect(gaveUp).rejects.toThrow('enough');
    await gate.enter(never);
  });
});
