import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { requireCursorName, requirePattern, requireTopic, TopicPattern } from './topic-pattern.ts';

const matches = (pattern: string, topic: string): boolean =>
  new TopicPattern(pattern).matches(topic);

describe('TopicPattern.matches()', () => {
  it.each([
    ['news', 'news', true],
    ['news', 'new', false],
    ['news', 'newsy', false],
    ['news', 'News', false],
    ['*', 'news', true],
    ['*', 'a/b.c', true],
    ['**', 'news', true],
    ['news.*', 'news.', true],
    ['news.*', 'news.sport', true],
    ['news.*', 'news', false],
    ['*.sport', 'news.sport', true],
    ['*.sport', '.sport', true],
    ['*.sport', 'sport', false],
    ['a*c', 'ac', true],
    ['a*c', 'abc', true],
    ['a*c', 'ab', false],
    ['a*a', 'a', false],
    ['aa*aa', 'aaa', false],
    ['a*b*c', 'a-b-c', true],
    ['a*b*c', 'abbc', true],
    ['a*b*c', 'acb', false],
    ['a*bc*c', 'abc', false],
    ['*b*', 'abc', true],
    ['*b*', 'ac', false],
    ['a**c', 'abc', true],
    ['a.c', 'abc', false],
    ['[ab]*', 'ab', false],
    ['[ab]*', '[ab]c', true],
    ['Ω*', 'Ω/ä', true],
  ])('%s and %s: %s (M10)', (pattern, topic, isMatched) => {
    expect(matches(pattern, topic)).toBe(isMatched);
  });

  it('is what a regular expression says, for any text (M10)', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 12 });
    const name = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 12 });
    fc.assert(
      fc.property(text, name, (pattern, topic) => {
        const expected = new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(topic);
        expect(matches(pattern, topic)).toBe(expected);
      }),
    );
  });

  it('takes no longer for a pattern that is made to be slow (M10)', () => {
    const pattern = new TopicPattern(`${'a*'.repeat(127)}b`);
    const topic = 'a'.repeat(256);
    const beganMs = performance.now();
    for (let i = 0; i < 1_000; i += 1) expect(pattern.matches(topic)).toBe(false);
    expect(performance.now() - beganMs).toBeLessThan(2_000);
  });
});

describe('requireTopic()', () => {
  it.each([
    ['', 'empty'],
    ['x'.repeat(257), '257 characters'],
    ['a\u0000b', 'control character'],
    ['a\nb', 'control character'],
    ['a\u0085b', 'control character'],
    ['a\u2028b', 'control character'],
    ['news.*', '"*"'],
  ])('refuses %j (M10)', (name, why) => {
    expect(() => requireTopic(name)).toThrow(why);
  });

  it('takes a name of 256 characters, and a star only in a pattern (M10)', () => {
    expect(() => requireTopic('x'.repeat(256))).not.toThrow();
    expect(() => requirePattern('news.*')).not.toThrow();
  });
});

describe('requireCursorName()', () => {
  it.each(['', 'x'.repeat(129), 'a\tb'])('refuses %j (M10)', (name) => {
    expect(() => requireCursorName(name)).toThrow('1 to 128 characters');
  });
});
