import { describe, expect, it } from 'vitest';
import { STATES, type State } from '../events/words.ts';
import {
  isAtWork,
  isLive,
  nextState,
  requireMove,
  STATE_EVENTS,
  TRANSITIONS,
  type StateEvent,
} from './states.ts';

const LETTERS: Readonly<Record<string, State>> = {
  S: 'starting',
  I: 'idle',
  R: 'running',
  B: 'blocked',
  P: 'paused',
  L: 'sleeping',
  T: 'stopping',
  Z: 'zombie',
  D: 'dead',
};

// The table, cell by cell, states by their letters: '-' is a refusal. The columns, in the order of
// STATE_EVENTS: ready work wait resume done pause continue sleep wake stop exit killed restart
// quarantine collect.
const TABLE: Readonly<Record<State, string>> = {
  starting: 'I - - - - - - - - T Z D - - -',
  idle: '    - R - - - P - L - T Z D - - -',
  running: ' - - B - I P - - - T Z D - - -',
  blocked: ' - - - R I P - - - T Z D - - -',
  paused: '  - - - - - - I - - T Z D - - -',
  sleeping: '- - - - - - - - S T - - - - -',
  stopping: '- - - - - - - L - - Z D - - -',
  zombie: '  - - - - - - - - - - - D S D D',
  dead: '    - - - - - - - - - - - - - - D',
};

const CELLS = STATES.flatMap((state) => {
  const row = TABLE[state].trim().split(/\s+/);
  return STATE_EVENTS.map((event, i) => [state, event, LETTERS[row[i] as string] ?? '-'] as const);
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

describe('isAtWork()', () => {
  it('takes for at work who executes tasks or could at once (P4)', () => {
    expect(STATES.filter(isAtWork)).toEqual(['idle', 'running', 'blocked']);
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
