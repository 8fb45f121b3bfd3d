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

// The page's table, cell by cell: '-' is a refusal.
const WORDS: Readonly<Record<string, State>> = {
  strt: 'starting',
  idle: 'idle',
  run: 'running',
  blkd: 'blocked',
  paus: 'paused',
  slpg: 'sleeping',
  stop: 'stopping',
  zomb: 'zombie',
  dead: 'dead',
};
const TABLE: Readonly<Record<State, string>> = {
  //         ready work wait resu done paus cont slp  wake stop exit kill rest coll
  starting: 'idle  -    -    -    -    -    -    -    -    stop zomb dead -    -',
  idle: '    -     run  -    -    -    paus -    slpg -    stop zomb dead -    -',
  running: ' -     -    blkd -    idle paus -    -    -    stop zomb dead -    -',
  blocked: ' -     -    -    run  idle paus -    -    -    stop zomb dead -    -',
  paused: '  -     -    -    -    -    -    idle -    -    stop zomb dead -    -',
  sleeping: '-     -    -    -    -    -    -    -    strt stop -    -    -    -',
  stopping: '-     -    -    -    -    -    -    slpg -    -    zomb dead -    -',
  zombie: '  -     -    -    -    -    -    -    -    -    -    -    dead strt dead',
  dead: '    -     -    -    -    -    -    -    -    -    -    -    -    -    -',
};

const CELLS = STATES.flatMap((state) => {
  const row = TABLE[state].trim().split(/\s+/);
  return STATE_EVENTS.map((event, i) => {
    const word = row[i] as string;
    return [state, event, WORDS[word] ?? word] as const;
  });
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
