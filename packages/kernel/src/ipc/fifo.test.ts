import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Fifo } from './fifo.ts';

describe('Fifo', () => {
  it('gives back what was put in, in order, whatever the mix', () => {
    const moves = fc.array(fc.boolean(), { maxLength: 600, size: 'max' });
    fc.assert(
      fc.property(moves, (list) => {
        const fifo = new Fifo<number>();
        const model: number[] = [];
        const lengths: number[] = [];
        const taken: boolean[] = [];
        for (const [i, isPush] of [...list, ...list, ...list].entries()) {
          if (isPush || i < 200) {
            fifo.push(i);
            model.push(i);
          } else taken.push(fifo.shift() === model.shift());
          lengths.push(fifo.length - model.length);
        }
        expect(lengths.every((difference) => difference === 0)).toBe(true);
        expect(taken.every((isSame) => isSame)).toBe(true);
        expect([...fifo]).toEqual(model);
      }),
    );
  });
});
