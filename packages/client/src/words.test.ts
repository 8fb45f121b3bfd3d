import { describe, expect, it } from 'vitest';
import { LOG_LEVEL, PRIORITY, ROLE, TIER, VISIBILITY } from './words.ts';

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
