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
        for (const [i, isPush] of [...list, ...list, ...list].entries()) {
          if (isPush || i < 200) {
            fifo.push(i);
            model.push(i);
          } else expect(fifo.shift()).toBe(model.shift());
          expect(fifo.length).toBe(model.length);
        }
        expect([...fifo]).toEqual(model);
      }),
    );
  });
});
