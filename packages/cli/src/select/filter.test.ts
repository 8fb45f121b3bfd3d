import { describe, expect, it } from 'vitest';
import { parseFilter } from './filter.ts';

const ITEM = {
  pid: 42,
  name: 'worker-3',
  role: 'worker',
  state: 'running',
  tokens: 58_000,
  ageSeconds: 240,
  activity: null,
  model: 'sim/mini',
  virtual: false,
};

const words = {
  fields: Object.keys(ITEM),
  aliases: { tok: 'tokens', age: 'ageSeconds' },
  under: (selector: string) => () => selector === '7',
};

const matches = (text: string): boolean => parseFilter(text, words)(ITEM);

describe('parseFilter()', () => {
  it.each([
    'state=running',
    'STATE=Running',
    'state!=idle',
    'state=running role=worker',
    'role=worker,state!=idle',
    'role=lead | role=worker',
    'role=lead|role=worker state=running',
    'tokens>500',
    'tok>=58k',
    'tok<0.1M',
    'age<10m',
    'age>=4m',
    'name~"^work"',
    'name:orker',
    '-name:test',
    '-role=lead -state=dead',
    'virtual=false',
    'activity=null',
    'under:7',
    '"worker-3"',
    'sim/mini',
  ])('%s matches', (text) => {
    expect(matches(text)).toBe(true);
  });

  it.each([
    'state=idle',
    'state=running role=lead',
    'tokens<500',
    'age>1h',
    'name~^x',
    '-name:work',
    'activity>1',
    'name>1',
    'under:8',
    '"no such text"',
  ])('%s does not match', (text) => {
    expect(matches(text)).toBe(false);
  });

  it.each([
    ['usd>1', 'There is no field "usd"'],
    ['tokens>many', 'tokens> wants a number'],
    ['name~"["', 'is no regular expression'],
    ['"open', 'A quotation mark is not closed'],
    ['', 'has an empty part'],
    ['state=running |', 'has an empty part'],
    [Array.from({ length: 101 }, () => 'a').join(' '), 'at most 100'],
  ])('%j is refused', (text, why) => {
    expect(() => matches(text)).toThrow(why);
  });
});
