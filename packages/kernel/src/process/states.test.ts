import { describe, expect, it } from 'vitest';
import { STATES, type State } from '../events/words.ts';
import {
  isLive,
  nextState,
  requireMove,
  STATE_EVENTS,
  TRANSITIONS,
  type StateEvent,
} from './states.ts';

// The page's table, cell by cell: '-' is a refusal.
const TABLE: Readonly<Record<State, string>> = {
  //         ready work    wait    resume  done pause  continue sleep    wake     stop     exit   killed restart  collect
  starting:
    'idle  -       -       -       -    -      -        -        -        stopping zombie dead   -        -',
  idle: '    -     running -       -       -    paused -        sleeping -        stopping zombie dead   -        -',
  running:
    ' -     -       blocked -       idle paused -        -        -        stopping zombie dead   -        -',
  blocked:
    ' -     -       -       running idle paused -        -        -        stopping zombie dead   -        -',
  paused:
    '  -     -       -       -       -    -      idle     -        -        stopping zombie dead   -        -',
  sleeping:
    '-     -       -       -       -    -      -        -        starting stopping -      -      -        -',
  stopping:
    '-     -       -       -       -    -      -        sleeping -        -        zombie dead   -        -',
  zombie:
    '  -     -       -       -       -    -      -        -        -        -        -      dead   starting dead',
  dead: '    -     -       -       -       -    -      -        -        -        -        -      -      -        -',
};

const CELLS = STATES.flatMap((state) => {
  const row = TABLE[state].trim().split(/\s+/);
  return STATE_EVENTS.map((event, i) => [state, event, row[i] as string] as const);
});

describe('TRANSITIONS', () => {
  it('has one row a state and no event but the listed ones (P4)', () => {
    expect(Object.keys(TRANSITIONS)).toEqual([...STATES]);
    const events = Object.values(TRANSITIONS).flatMap((row) => Object.keys(row));
    expect(events.filter((event) => !STATE_EVENTS.includes(event as StateEvent))).toEqual([]);
  });

  it.each(CELLS)('%s + %s -> %s (P4)', (state, event, expected) => {
    if (expected !== '-') {
      expect(nextState(state, event)).toBe(expected);
      expect(requireMove(state, event, 'p')).toBe(expected);
      return;
    }
    expect(nextState(state, event)).toBeUndefined();
    const move = (): State => requireMove(state, event, 'process 7');
    expect(move).toThrow(
      expect.objectContaining({ code: 'wrong_state', details: { state, event } }),
    );
    expect(move).toThrow(/process 7 is .* \(P4\)/);
  });
});

describe('isLive()', () => {
  it('takes all but zombies and the dead for living (P5)', () => {
    const living = STATES.filter(isLive);
    expect(living).toEqual([
      'starting',
      'idle',
      'running',
      'blocked',
      'paused',
      'sleeping',
      'stopping',
    ]);
  });
});
