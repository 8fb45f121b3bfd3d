import { describe, expect, it } from 'vitest';
import type { Paint } from '../output/terminal.ts';
import {
  isOver,
  paintState,
  STATE_WORDS,
  stateCell,
  stateGlyph,
  stateWord,
} from './state-words.ts';

describe('stateWord()', () => {
  it.each([
    [{ state: 'idle' }, 'idle'],
    [{ state: 'blocked', phase: 'waiting: child 7' }, 'waiting'],
    [{ state: 'starting' }, 'starting'],
    [{ state: 'starting', phase: 'restart 2 in 4 s' }, 'restarting'],
    [{ state: 'starting', phase: 'waiting: restart 2 in 4 s' }, 'restarting'],
    [{ state: 'blocked', phase: 'waiting: restart' }, 'waiting'],
    [{ state: 'paused', phase: 'waiting: child 7' }, 'paused'],
    [{ state: 'sleeping' }, 'sleeping'],
    [{ state: 'dead', isQuarantined: true }, 'quarantined'],
    [{ state: 'dead', isQuarantined: false }, 'dead'],
    [{ state: 'dreaming' }, 'dreaming'],
  ])('of %j is %s', (agent, word) => {
    expect(stateWord(agent)).toBe(word);
  });
});

describe('stateGlyph(), stateCell()', () => {
  it('have a sign for every word, and a question mark for others', () => {
    for (const word of STATE_WORDS) expect(stateGlyph(word)).toMatch(/^[^?]$/u);
    expect(stateGlyph('dreaming')).toBe('?');
  });

  it('mark in a column only what is held', () => {
    expect(STATE_WORDS.map(stateCell).filter((cell) => cell.includes(' '))).toEqual([
      '⏸ paused',
      '⏾ sleeping',
    ]);
  });
});

describe('paintState()', () => {
  const named = (name: string) => (text: string) => `${name}(${text})`;
  const paint: Paint = {
    hasColour: true,
    red: named('red'),
    green: named('green'),
    yellow: named('yellow'),
    cyan: named('cyan'),
    dim: named('dim'),
    bold: named('bold'),
  };

  it.each([
    ['running', 'green(x)'],
    ['● running', 'green(x)'],
    ['⏸ paused', 'yellow(x)'],
    ['waiting', 'yellow(x)'],
    ['restarting', 'yellow(x)'],
    ['⏾ sleeping', 'dim(x)'],
    ['quarantined', 'red(x)'],
    ['zombie', 'red(x)'],
    ['dreaming', 'x'],
  ])('of %s is %s', (text, painted) => {
    expect(paintState(paint, text)('x')).toBe(painted);
  });
});

describe('isOver()', () => {
  it.each([
    [{ state: 'dead', isGone: true }, true],
    [{ state: 'dead', isGone: false }, true],
    [{ state: 'zombie', isGone: true }, true],
    [{ state: 'zombie', isGone: false }, false],
    [{ state: 'sleeping', isGone: false }, false],
  ])('of %j is %j: what may be restarted is not (S2)', (agent, isIt) => {
    expect(isOver(agent)).toBe(isIt);
  });
});
