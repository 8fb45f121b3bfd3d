import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bool,
  bytes,
  choice,
  durationMs,
  dollars,
  fraction,
  int,
  list,
  map,
  path,
  text,
} from './value-kinds.ts';
import type { Kind } from './value-kinds.ts';

const WIDE = { min: 0, max: Number.MAX_SAFE_INTEGER };
const WORD = { allowed: 'a word', pattern: /^[a-z]+$/, charsMax: 5 };

function valueOf<V>(kind: Kind<V>, raw: unknown): V | undefined {
  const parsed = kind.parse(raw);
  return parsed.ok ? parsed.value : undefined;
}

function problemsOf(kind: Kind<unknown>, raw: unknown): string[] {
  const parsed = kind.parse(raw);
  return parsed.ok ? [] : parsed.problems.map(({ path: at, what }) => `${at.join('.')}|${what}`);
}

describe('durationMs()', () => {
  it.each([
    ['150ms', 150],
    ['5s', 5_000],
    ['2m', 120_000],
    ['1h30m', 5_400_000],
    ['7d', 604_800_000],
    ['1.5s', 1_500],
    ['0.1s', 100],
    [' 5s ', 5_000],
    ['250', 250],
    [250, 250],
    ['0', 0],
  ])('reads %j as %d ms', (raw, valueMs) => {
    expect(valueOf(durationMs(WIDE), raw)).toBe(valueMs);
  });

  it.each(['', '5', '-5s', '5 s', '5sec', 's', '1.2345ms', '1s2', 'P1D', null, true, [5], -1, 1.5])(
    'refuses %j, or what is out of its bounds',
    (raw) => {
      expect(valueOf(durationMs({ min: 6, max: 100 }), raw)).toBeUndefined();
    },
  );

  it('says which side of the bounds a value misses, and the bounds', () => {
    const kind = durationMs({ min: 1_000, max: 60_000 });
    expect(problemsOf(kind, '5ms')).toEqual(['|"5ms" is too small']);
    expect(problemsOf(kind, '5h')).toEqual(['|"5h" is too large']);
    expect(kind.allowed).toBe('a duration from 1s to 1m');
  });
});

describe('bytes()', () => {
  it.each([
    ['64MiB', 67_108_864],
    ['1.5GiB', 1_610_612_736],
    ['10MB', 10_000_000],
    ['10 kb', 10_000],
    ['7B', 7],
    ['7', 7],
    [7, 7],
  ])('reads %j as %d bytes', (raw, valueBytes) => {
    expect(valueOf(bytes(WIDE), raw)).toBe(valueBytes);
  });

  it.each(['', 'MiB', '1.3B', '-1', '1e3', '1PiB', {}, Number.NaN])('refuses %j', (raw) => {
    expect(valueOf(bytes(WIDE), raw)).toBeUndefined();
  });
});

describe('int()', () => {
  it.each([
    ['1_000_000', 1_000_000],
    [42, 42],
    ['0', 0],
  ])('reads %j as %d', (raw, value) => {
    expect(valueOf(int(), raw)).toBe(value);
  });

  it.each([
    '',
    '1.5',
    '1e3',
    '_1',
    '0x10',
    1.5,
    2 ** 53,
    Number.POSITIVE_INFINITY,
    -1,
    false,
    null,
  ])('refuses %j', (raw) => {
    expect(valueOf(int(), raw)).toBeUndefined();
  });
});

describe('dollars()', () => {
  it.each([
    [0, 0],
    ['12.5', 12_500_000],
    [0.000001, 1],
    ['1000000000', 1e15],
  ])('reads %j as %d millionths, and shows it so that it reads again', (raw, micros) => {
    expect(valueOf(dollars(), raw)).toBe(micros);
    expect(valueOf(dollars(), dollars().show(micros))).toBe(micros);
  });

  it.each([-1, '-1', '1.0000001', '$5', 'many', null, Number.NaN, 2e9])('refuses %j', (raw) => {
    expect(valueOf(dollars(), raw)).toBeUndefined();
  });
});

describe('fraction()', () => {
  it.each([
    ['0.2', 0.2],
    [' 1 ', 1],
    ['0', 0],
    [0.25, 0.25],
    ['1e-7', 1e-7],
  ])('reads %j as %d', (raw, value) => {
    expect(valueOf(fraction(), raw)).toBe(value);
  });

  it.each(['', '.5', '20%', '-0.1', null, true, [0.5], Number.NaN])('refuses %j', (raw) => {
    expect(valueOf(fraction(), raw)).toBeUndefined();
  });

  it('says which side of its bounds a value misses', () => {
    expect(problemsOf(fraction(), -0.1)).toEqual(['|-0.1 is too small']);
    expect(problemsOf(fraction(), '1.1')).toEqual(['|"1.1" is too large']);
  });
});

describe('bool()', () => {
  it.each([
    [true, true],
    ['TRUE', true],
    ['1', true],
    ['on', true],
    ['no', false],
    ['0', false],
    [false, false],
  ])('reads %j as %j', (raw, value) => {
    expect(valueOf(bool(), raw)).toBe(value);
  });

  it.each(['', 'maybe', 1, 0, null, [], 'constructor'])('refuses %j', (raw) => {
    expect(valueOf(bool(), raw)).toBeUndefined();
  });
});

describe('choice()', () => {
  it('takes its words only, in their case', () => {
    const kind = choice(['deny', 'allow']);
    expect(valueOf(kind, 'allow')).toBe('allow');
    expect(problemsOf(kind, 'Allow')).toEqual(['|"Allow" is none of the choices']);
    expect(problemsOf(kind, true)).toEqual(['|true is none of the choices']);
  });
});

describe('text()', () => {
  it('asks for quotes around what YAML reads as a number', () => {
    expect(problemsOf(text(WORD), 5)).toEqual(['|5 is not text (put it in quotes)']);
  });

  it('refuses what is too long or does not fit', () => {
    expect(problemsOf(text(WORD), 'abcdef')).toEqual(['|it has 6 characters']);
    expect(problemsOf(text(WORD), 'a b')).toEqual(['|"a b" does not fit']);
    expect(problemsOf(text(WORD), { a: 1 })).toEqual(['|a map is not text']);
  });

  it('cuts a long value in its message', () => {
    const [problem = ''] = problemsOf(text({ ...WORD, charsMax: 10_000 }), 'X'.repeat(5_000));
    expect(problem.length).toBeLessThan(100);
  });
});

describe('path()', () => {
  it('refuses an empty one and one with a zero byte', () => {
    expect(problemsOf(path(), '')).toHaveLength(1);
    expect(problemsOf(path(), 'a\0b')).toHaveLength(1);
  });
});

describe('list()', () => {
  const kind = list({
    allowed: 'words',
    check: (item) => (WORD.pattern.test(item) ? undefined : `${item} is no word`),
  });

  it('reads a list, and text split at commas', () => {
    expect(valueOf(kind, ['a', 'b'])).toEqual(['a', 'b']);
    expect(valueOf(kind, ' a, b ,')).toEqual(['a', 'b']);
    expect(valueOf(kind, '')).toEqual([]);
  });

  it('names the entry that is wrong, and all of them', () => {
    expect(problemsOf(kind, ['a', 'B', 3])).toEqual(['1|B is no word', '2|entry 3 is not text']);
    expect(problemsOf(kind, { a: 1 })).toEqual(['|a map is not a list']);
  });

  it('refuses more entries than its limit', () => {
    expect(problemsOf(kind, Array(1_001).fill('a'))).toEqual(['|it has 1001 entries']);
  });
});

describe('map()', () => {
  const kind = map({ allowed: 'words', key: WORD, value: WORD });

  it('reads a map, and text as a=b,c=d', () => {
    expect(valueOf(kind, { a: 'b' })).toEqual({ a: 'b' });
    expect(valueOf(kind, 'a=b, c = d')).toEqual({ a: 'b', c: 'd' });
  });

  it('names the entry that is wrong', () => {
    expect(problemsOf(kind, { a: 'b', X: 'y', c: 1 })).toEqual([
      'X|the name "X" does not fit',
      'c|1 is not text (put it in quotes)',
    ]);
    expect(problemsOf(kind, 'ab')).toEqual(['|"ab" is not a map']);
    expect(problemsOf(kind, ['a'])).toEqual(['|a list is not a map']);
  });
});

describe('Kind.parse()', () => {
  const kinds: readonly Kind<unknown>[] = [
    durationMs(WIDE),
    bytes(WIDE),
    int(),
    fraction(),
    bool(),
    choice(['a']),
    text(WORD),
    path(),
    list({ allowed: '', check: () => undefined }),
    map({ allowed: '', key: WORD, value: WORD }),
  ];

  it('never throws, and never calls a problem good', () => {
    fc.assert(
      fc.property(fc.constantFrom(...kinds), fc.anything(), (kind, raw) => {
        const parsed = kind.parse(raw);
        expect(parsed.ok || parsed.problems.length > 0).toBe(true);
      }),
    );
  });

  it('reads what show() wrote', () => {
    const amount = fc.maxSafeNat();
    fc.assert(
      fc.property(fc.constantFrom(durationMs(WIDE), bytes(WIDE), int()), amount, (kind, value) => {
        expect(valueOf(kind, kind.show(value))).toBe(value);
      }),
    );
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(share, (value) => {
        // Minus nothing is shown as nothing.
        expect(valueOf(fraction(), fraction().show(value))).toBe(value + 0);
      }),
    );
  });
});
