import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LIMITS } from '../limits.ts';
import { checkPattern, checkTopic, matches } from './topic-name.ts';

describe('matches() (M10)', () => {
  it.each([
    ['news', 'news', true],
    ['news', 'new', false],
    ['news', 'newsy', false],
    ['*', 'anything at all', true],
    ['build.*', 'build.', true],
    ['build.*', 'build.done.twice', true],
    ['build.*', 'build', false],
    ['*.done', 'build.done', true],
    ['*.done', 'build.done.not', false],
    ['a*b*c', 'a-b-b-c', true],
    ['a*b*c', 'a-c-b', false],
    ['**', '', true],
    ['a**b', 'ab', true],
    ['*a', 'aab', false],
    ['a.b', 'axb', false],
    ['[ab]', 'a', false],
  ])('"%s" and "%s": %s', (pattern, topic, isMatch) => {
    expect(matches(pattern, topic)).toBe(isMatch);
  });

  it('does what a regular expression would', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*'), maxLength: 12 });
    fc.assert(
      fc.property(text, text, (pattern, topic) => {
        const escaped = pattern.replaceAll('.', '\\.').replaceAll('*', '[^]*');
        expect(matches(pattern, topic)).toBe(new RegExp(`^${escaped}$`).test(topic));
      }),
    );
  });

  it('bears the worst of patterns in the product of the lengths', () => {
    const pattern = '*a'.repeat(LIMITS.topicCharsMax / 2);
    let steps = 0;
    const topic = new Proxy(new String('a'.repeat(LIMITS.topicCharsMax)), {
      get(target, key) {
        if (typeof key === 'string' && /^\d+$/.test(key)) steps += 1;
        return Reflect.get(target, key) as unknown;
      },
    }) as unknown as string;
    matches(`${pattern}b`, topic);
    expect(steps).toBeLessThanOrEqual(LIMITS.topicCharsMax ** 2);
  });
});

describe('checkTopic(), checkPattern() (M10)', () => {
  it.each([
    ['', 'it is empty'],
    ['a\u0000b', 'control character'],
    ['a'.repeat(LIMITS.topicCharsMax + 1), 'at most 256 are allowed'],
  ])('refuse %j', (text, why) => {
    expect(() => checkTopic(text)).toThrow(why);
    expect(() => checkPattern(text)).toThrow(why);
  });

  it('let "*" stand in patterns only', () => {
    expect(() => checkTopic('a.*')).toThrow('stands in patterns only');
    expect(() => checkPattern('a.*')).not.toThrow();
    expect(() => checkTopic('a'.repeat(LIMITS.topicCharsMax))).not.toThrow();
  });
});
