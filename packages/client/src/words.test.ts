import { describe, expect, it } from 'vitest';
import { LOG_LEVEL, PRIORITY, ROLE, SIGNAL, TIER, VISIBILITY } from './words.ts';

describe('ROLE, TIER, PRIORITY, VISIBILITY, LOG_LEVEL', () => {
  it.each([
    { words: ROLE.words, first: 'kernel', last: 'task' },
    { words: TIER.words, first: 'strategic', last: 'operational' },
    { words: PRIORITY.words, first: 'critical', last: 'low' },
    { words: VISIBILITY.words, first: 'private', last: 'global' },
    { words: LOG_LEVEL.words, first: 'debug', last: 'error' },
  ])('are the words of the wire in its order: $first to $last', ({ words, first, last }) => {
    expect(words.at(0)).toBe(first);
    expect(words.at(-1)).toBe(last);
  });

  it('go to the wire and back', () => {
    for (const word of ROLE.words) expect(ROLE.toWord(ROLE.toWire(word, 'role'))).toBe(word);
  });

  it('read a number that is not known, and refuse a word that is not', () => {
    expect(ROLE.toWord(99)).toBe('unknown(99)');
    expect(() => ROLE.toWire('boss', 'role')).toThrow('role "boss" is not known');
  });
});

describe('SIGNAL', () => {
  it('has the signals in capitals, and none for the number of no signal', () => {
    expect(SIGNAL.words.toSorted()).toEqual(['CONT', 'HUP', 'INT', 'KILL', 'STOP', 'TERM', 'USR1']);
    expect(SIGNAL.toWire('TERM', 'signal')).toBe(15);
    expect(SIGNAL.toWord(9)).toBe('KILL');
    for (const word of ['NONE', 'hup', 'CHLD']) {
      expect(() => SIGNAL.toWire(word, 'signal')).toThrow(`signal "${word}" is not known`);
    }
  });
});
