import { nextState, STATE_EVENTS, STATES, type State } from '@hivekernel/kernel';
import { describe, expect, it } from 'vitest';
import { drawStates } from './states.ts';

const text = drawStates();

/** The cells of the first table, without its rule. */
function cells(): string[][] {
  const [table = ''] = text.split('\n\n');
  const lines = table.split('\n').map((line) => line.split('|').slice(1, -1));
  return lines.filter((_, i) => i !== 1).map((line) => line.map((cell) => cell.trim()));
}

describe('drawStates()', () => {
  it('has a column a state and a row an event, each cell as the kernel has it (P4)', () => {
    const [head, ...rows] = cells();
    expect(head).toEqual(['event', ...STATES]);
    const expected = STATE_EVENTS.map((event) => [
      event,
      ...STATES.map((state) => nextState(state, event) ?? ''),
    ]);
    expect(rows).toEqual(expected);
  });

  it('draws every move once, and no other', () => {
    const drawn = [...text.matchAll(/^ {2}(\w+) --> (\w+): (.+)$/gm)].flatMap(
      ([, from, to, events]) => (events ?? '').split(', ').map((event) => [from, event, to]),
    );
    const moves = STATES.flatMap((from) =>
      STATE_EVENTS.flatMap((event) => {
        const to = nextState(from, event);
        return to === undefined ? [] : [[from, event, to]];
      }),
    );
    const sorted = (list: unknown[][]): string[] => list.map((one) => one.join(' ')).toSorted();
    expect(sorted(drawn)).toEqual(sorted(moves));
  });

  it('says one sentence of each state', () => {
    const told = [...text.matchAll(/^- \*\*(\w+)\*\*: .+\.$/gm)].map((match) => match[1] as State);
    expect(told).toEqual([...STATES]);
  });
});
