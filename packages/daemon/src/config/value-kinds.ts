// The kinds of value that a setting may have: how text and YAML become one, what is refused and
// why, and how it is shown. Not the settings themselves (settings-table.ts).
//   Every kind reads its own `show` again: parse(show(v)) is v. Text from the environment, a flag
//   and a quoted YAML scalar are read alike; a number in YAML is in the base unit (ms, bytes).

export interface ValueProblem {
  /** Where inside the value: keys and indexes. Empty for the value as a whole. */
  readonly path: readonly (string | number)[];
  /** What is wrong, without what is allowed. */
  readonly what: string;
}

export type Parsed<V> =
  | { readonly ok: true; readonly value: V }
  | { readonly ok: false; readonly problems: readonly ValueProblem[] };

export interface Kind<V> {
  /** The type in one word, for tables. */
  readonly word: string;
  /** What is allowed, as the end of a sentence. */
  readonly allowed: string;
  /** Bounds of a numeric kind, in its base unit. */
  readonly range?: { readonly min: number; readonly max: number };
  readonly choices?: readonly string[];
  /** Entries of several sources are merged by key, instead of the higher replacing the lower. */
  readonly isMerged?: boolean;
  /** A relative path, resolved against the directory of what named it. */
  readonly isPath?: boolean;
  parse(raw: unknown): Parsed<V>;
  show(value: V): string;
}

const SHOWN_CHARS_MAX = 60;
/** Entries of one list or map. */
export const ENTRIES_MAX = 1_000;

export const good = <V>(value: V): Parsed<V> => ({ ok: true, value });
export const bad = <V>(what: string, path: ValueProblem['path'] = []): Parsed<V> => ({
  ok: false,
  problems: [{ path, what }],
});

/** A value in an error sentence: short, quoted if it is text. Never call it with a secret. */
export function describeRaw(raw: unknown): string {
  if (raw === null || raw === undefined) return 'an empty value';
  if (Array.isArray(raw)) return 'a list';
  if (typeof raw === 'object') return 'a map';
  if (typeof raw !== 'string') return `${raw as number | boolean | bigint}`;
  const cut = raw.length > SHOWN_CHARS_MAX ? `${raw.slice(0, SHOWN_CHARS_MAX)}…` : raw;
  return JSON.stringify(cut);
}

interface NumberRules {
  readonly word: string;
  readonly article: string;
  readonly min: number;
  readonly max: number;
  /** Text to base units; undefined when it does not read. */
  readonly read: (text: string) => number | undefined;
  readonly show: (value: number) => string;
}

function numeric(rules: NumberRules): Kind<number> {
  const { word, article, min, max, read, show } = rules;
  const noun = `${article} ${word}`;
  return {
    word,
    allowed: `${noun} from ${show(min)} to ${show(max)}`,
    range: { min, max },
    show,
    parse(raw) {
      const value = typeof raw === 'string' ? read(raw.trim()) : raw;
      if (typeof value !== 'number' || !Number.isSafeInteger(value)) {
        return bad(`${describeRaw(raw)} is not ${noun}`);
      }
      if (value < min) return bad(`${describeRaw(raw)} is too small`);
      if (value > max) return bad(`${describeRaw(raw)} is too large`);
      return good(value);
    },
  };
}

const readDigits = (text: string): number | undefined =>
  /^\d[\d_]*$/.test(text) ? Number(text.replaceAll('_', '')) : undefined;

/** A whole number; `1_000_000` may be written so in text. */
export function int({ min = 0, max = Number.MAX_SAFE_INTEGER } = {}): Kind<number> {
  return numeric({ word: 'integer', article: 'an', min, max, read: readDigits, show: String });
}

/** A share: `0.2`, from nothing to all. */
export function fraction(): Kind<number> {
  return {
    word: 'number',
    allowed: 'a number from 0 to 1',
    show: String,
    parse(raw) {
      const isDecimal = typeof raw === 'string' && /^\d+(?:\.\d+)?(?:e-?\d+)?$/.test(raw.trim());
      const value = isDecimal ? Number(raw) : raw;
      if (typeof value !== 'number' || !Number.isFinite(value)) {
        return bad(`${describeRaw(raw)} is not a number`);
      }
      if (value < 0) return bad(`${describeRaw(raw)} is too small`);
      return value > 1 ? bad(`${describeRaw(raw)} is too large`) : good(value);
    },
  };
}

const USD_MICROS = 1_000_000;
const USD_MAX = 1_000_000_000;

/** US dollars, down to a millionth: `12.5`; kept as whole millionths. */
export function dollars(): Kind<number> {
  return {
    word: 'dollars',
    allowed: `dollars from 0 to ${USD_MAX}, as 12.5`,
    show: (micros) => String(micros / USD_MICROS),
    parse(raw) {
      const isDecimal = typeof raw === 'string' && /^\d+(?:\.\d{1,6})?$/.test(raw.trim());
      const value = isDecimal ? Number(raw) : raw;
      if (typeof value !== 'number' || !Number.isFinite(value)) {
        return bad(`${describeRaw(raw)} is no number of dollars`);
      }
      if (value < 0) return bad(`${describeRaw(raw)} is too small`);
      if (value > USD_MAX) return bad(`${describeRaw(raw)} is too large`);
      return good(Math.round(value * USD_MICROS));
    },
  };
}

const MS_PER_UNIT = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000, ms: 1 } as const;
type DurationUnit = keyof typeof MS_PER_UNIT;

function readDuration(text: string): number | undefined {
  const plain = readDigits(text);
  if (plain !== undefined) return plain;
  if (!/^(?:\d+(?:\.\d+)?(?:ms|[smhd]))+$/.test(text)) return undefined;
  let totalMs = 0;
  for (const [, amount, unit] of text.matchAll(/([\d.]+)(ms|[smhd])/g)) {
    totalMs += Number(amount) * MS_PER_UNIT[unit as DurationUnit];
  }
  const wholeMs = Math.round(totalMs);
  return Math.abs(totalMs - wholeMs) < 1e-6 ? wholeMs : undefined;
}

/** 90000 -> `90s`: the largest unit that divides it. */
export function showDuration(valueMs: number): string {
  if (valueMs === 0) return '0ms';
  for (const [unit, unitMs] of Object.entries(MS_PER_UNIT)) {
    if (valueMs % unitMs === 0) return `${valueMs / unitMs}${unit}`;
  }
  return `${valueMs}ms`;
}

/** Milliseconds, written `150ms`, `5s`, `2m`, `1h30m`, `7d`, or a bare number of ms. */
export function durationMs({ min, max }: { min: number; max: number }): Kind<number> {
  return numeric({
    word: 'duration',
    article: 'a',
    min,
    max,
    read: readDuration,
    show: showDuration,
  });
}

const BYTES_PER_UNIT = {
  TiB: 1024 ** 4,
  GiB: 1024 ** 3,
  MiB: 1024 ** 2,
  KiB: 1024,
  TB: 1e12,
  GB: 1e9,
  MB: 1e6,
  KB: 1e3,
  B: 1,
} as const;

function readBytes(text: string): number | undefined {
  const plain = readDigits(text);
  if (plain !== undefined) return plain;
  const parts = /^(\d+(?:\.\d+)?) ?([KMGT]i?B|B)$/i.exec(text);
  if (!parts) return undefined;
  const wanted = parts[2]?.toLowerCase();
  for (const [unit, factor] of Object.entries(BYTES_PER_UNIT)) {
    if (unit.toLowerCase() === wanted) return Number(parts[1]) * factor;
  }
  return undefined;
}

/** 67108864 -> `64MiB`: the largest binary unit that divides it. */
export function showBytes(valueBytes: number): string {
  for (const unit of ['TiB', 'GiB', 'MiB', 'KiB'] as const) {
    const factor = BYTES_PER_UNIT[unit];
    if (valueBytes !== 0 && valueBytes % factor === 0) return `${valueBytes / factor}${unit}`;
  }
  return `${valueBytes}B`;
}

/** A size, written `64MiB`, `1.5GiB`, `10MB`, or a bare number of bytes. */
export function bytes({ min, max }: { min: number; max: number }): Kind<number> {
  return numeric({ word: 'size', article: 'a', min, max, read: readBytes, show: showBytes });
}

const TRUE_WORDS: readonly string[] = ['true', 'yes', 'on', '1'];
const FALSE_WORDS: readonly string[] = ['false', 'no', 'off', '0'];

export function bool(): Kind<boolean> {
  return {
    word: 'boolean',
    allowed: 'true or false',
    show: String,
    parse(raw) {
      if (typeof raw === 'boolean') return good(raw);
      const word = typeof raw === 'string' ? raw.trim().toLowerCase() : '';
      if (TRUE_WORDS.includes(word)) return good(true);
      if (FALSE_WORDS.includes(word)) return good(false);
      return bad(`${describeRaw(raw)} is not true or false`);
    },
  };
}

export function choice<C extends string>(choices: readonly C[]): Kind<C> {
  return {
    word: 'choice',
    allowed: `one of ${choices.join(', ')}`,
    choices,
    show: String,
    parse(raw) {
      const found = choices.find((one) => one === raw);
      if (found !== undefined) return good(found);
      return bad(`${describeRaw(raw)} is none of the choices`);
    },
  };
}

export interface TextRules {
  /** What is allowed, as the end of a sentence. */
  readonly allowed: string;
  readonly pattern: RegExp;
  readonly charsMax: number;
}

export function parseText(raw: unknown, rules: TextRules): Parsed<string> {
  if (typeof raw === 'number' || typeof raw === 'boolean') {
    return bad(`${describeRaw(raw)} is not text (put it in quotes)`);
  }
  if (typeof raw !== 'string') return bad(`${describeRaw(raw)} is not text`);
  if (raw.length > rules.charsMax) return bad(`it has ${raw.length} characters`);
  return rules.pattern.test(raw) ? good(raw) : bad(`${describeRaw(raw)} does not fit`);
}

export function text(rules: TextRules): Kind<string> {
  return {
    word: 'text',
    allowed: `${rules.allowed}, at most ${rules.charsMax} characters`,
    show: String,
    parse: (raw) => parseText(raw, rules),
  };
}

/** A file path; `~/` is the home directory, a relative one starts at what named it. */
export function path(): Kind<string> {
  const rules = { allowed: 'a path', pattern: /^[^\0]+$/, charsMax: 4_096 };
  return { ...text(rules), word: 'path', isPath: true };
}

export interface ListRules {
  readonly allowed: string;
  /** What is wrong with one entry, if anything. */
  readonly check: (item: string) => string | undefined;
}

/** Texts without commas: a YAML list, or text split at commas. Empty text is an empty list. */
export function list({ allowed, check }: ListRules): Kind<readonly string[]> {
  return {
    word: 'list',
    allowed,
    show: (value) => value.join(','),
    parse(raw) {
      const items = typeof raw === 'string' ? splitCommas(raw) : raw;
      if (!Array.isArray(items)) return bad(`${describeRaw(raw)} is not a list`);
      if (items.length > ENTRIES_MAX) return bad(`it has ${items.length} entries`);
      const problems: ValueProblem[] = [];
      items.forEach((item: unknown, index) => {
        const what =
          typeof item === 'string' ? check(item) : `entry ${describeRaw(item)} is not text`;
        if (what !== undefined) problems.push({ path: [index], what });
      });
      return problems.length > 0 ? { ok: false, problems } : good(items as string[]);
    },
  };
}

const splitCommas = (raw: string): string[] =>
  raw
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');

export interface MapRules {
  readonly allowed: string;
  readonly key: TextRules;
  readonly value: TextRules;
}

/** Text to text: a YAML map, or `a=b,c=d`. Merged over the lower sources entry by entry. */
export function map(rules: MapRules): Kind<Readonly<Record<string, string>>> {
  return {
    word: 'map',
    allowed: rules.allowed,
    isMerged: true,
    show: (value) =>
      Object.entries(value)
        .map(([key, item]) => `${key}=${item}`)
        .join(','),
    parse(raw) {
      const entries = typeof raw === 'string' ? splitPairs(raw) : entriesOf(raw);
      if (!entries) return bad(`${describeRaw(raw)} is not a map`);
      if (entries.length > ENTRIES_MAX) return bad(`it has ${entries.length} entries`);
      return parseEntries(entries, rules);
    },
  };
}

function parseEntries(
  entries: readonly (readonly [string, unknown])[],
  rules: MapRules,
): Parsed<Readonly<Record<string, string>>> {
  const problems: ValueProblem[] = [];
  for (const [key, item] of entries) {
    const name = parseText(key, rules.key);
    if (!name.ok) problems.push({ path: [key], what: `the name ${name.problems[0]?.what}` });
    const value = parseText(item, rules.value);
    if (!value.ok) problems.push(...value.problems.map((one) => ({ ...one, path: [key] })));
  }
  if (problems.length > 0) return { ok: false, problems };
  return good(Object.fromEntries(entries) as Record<string, string>);
}

const entriesOf = (raw: unknown): [string, unknown][] | undefined =>
  raw !== null && typeof raw === 'object' && !Array.isArray(raw) ? Object.entries(raw) : undefined;

function splitPairs(raw: string): [string, unknown][] | undefined {
  const pairs = splitCommas(raw).map((item): [string, unknown] => {
    const at = item.indexOf('=');
    return at < 0 ? [item, undefined] : [item.slice(0, at).trim(), item.slice(at + 1).trim()];
  });
  return pairs.some(([, value]) => value === undefined) ? undefined : pairs;
}
