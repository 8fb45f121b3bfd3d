import { describe, expect, it } from 'vitest';
import { LIMITS } from '../limits.ts';
import { checkName, childAddress, normalizeAddress } from './address.ts';

describe('checkName()', () => {
  it.each([
    ['', 'empty'],
    ['x'.repeat(LIMITS.nameCharsMax + 1), '129 characters'],
    ['a\nb', 'control character'],
    ['a\u0000', 'control character'],
    ['a\u009f', 'control character'],
    ['0', 'digits only'],
    ['12345', 'digits only'],
  ])('refuses %j (P5, P7)', (name, why) => {
    const check = (): void => checkName(name);
    expect(check).toThrow(expect.objectContaining({ code: 'invalid_argument' }));
    expect(check).toThrow(why);
  });

  it.each(['a', '7b', 'x'.repeat(LIMITS.nameCharsMax), 'queen@vps1', 'a/b', 'a~2', 'köder 🐝'])(
    'takes %j',
    (name) => {
      expect(() => checkName(name)).not.toThrow();
    },
  );
});

describe('childAddress()', () => {
  it.each([
    ['queen', '/king/queen'],
    ['a/b', '/king/a%2Fb'],
    ['50%', '/king/50%25'],
    ['a%2Fb', '/king/a%252Fb'],
  ])('writes %j as %j, so that no two names share an address (P7)', (name, address) => {
    expect(childAddress('/king', name)).toBe(address);
  });
});

describe('normalizeAddress()', () => {
  it.each([
    ['/king', '/king'],
    ['/king/queen', '/king/queen'],
    ['/queen/lead', '/king/queen/lead'],
    ['queen/lead', '/king/queen/lead'],
    ['kingfisher', '/king/kingfisher'],
  ])('reads %j as %j: the leading /king may be left out (P7)', (text, address) => {
    expect(normalizeAddress(text)).toBe(address);
  });
});
