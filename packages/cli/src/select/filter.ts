// The filter language (UX §4.5), over the records that `-o json` prints:
//   state=running tokens>500 role~"^work" -name:test under:42 age<10m "free text"
//   space and comma = and, `|` = or, a leading `-` = not, `~` regex, `:` contains.
// Words that no record has are refused with the nearest one that it has.

import { usageError } from '../errors/cli-error.ts';
import { readDuration } from '../output/human.ts';
import { fieldText } from '../output/listing.ts';
import type { Field, Item } from '../output/listing.ts';

export type Test = (item: Item) => boolean;

export interface FilterWords {
  readonly fields: readonly string[];
  /** Other names of fields: `tok` for `tokens`. */
  readonly aliases?: Readonly<Record<string, string>>;
  /** What `under:42` means, where there is a tree. */
  readonly under?: (selector: string) => Test;
  /** A second reading of a field, which `=` and `!=` take as well. */
  readonly others?: Readonly<Record<string, (item: Item) => Field>>;
}

const OPERATORS = ['!=', '>=', '<=', '=', '>', '<', '~', ':'] as const;
type Operator = (typeof OPERATORS)[number];

const TERM = /^([A-Za-z][A-Za-z0-9_.]*)(!=|>=|<=|=|>|<|~|:)(.*)$/s;
const TERMS_MAX = 100;

export function parseFilter(text: string, words: FilterWords): Test {
  const alternatives = splitOutsideQuotes(text, /\|/).map((part) => parseAll(part, words));
  return (item) => alternatives.some((test) => test(item));
}

function parseAll(text: string, words: FilterWords): Test {
  const parts = splitOutsideQuotes(text, /[\s,]/).filter((part) => part !== '');
  if (parts.length === 0) throw usageError(`The filter "${text}" has an empty part.`);
  if (parts.length > TERMS_MAX) {
    throw usageError(`The filter has ${parts.length} terms, at most ${TERMS_MAX} are allowed.`);
  }
  const tests = parts.map((part) => parseTerm(part, words));
  return (item) => tests.every((test) => test(item));
}

function parseTerm(part: string, words: FilterWords): Test {
  if (part.startsWith('-') && part.length > 1) {
    const test = parseTerm(part.slice(1), words);
    return (item) => !test(item);
  }
  const match = part.startsWith('"') ? null : TERM.exec(part);
  if (match === null) return freeText(unquote(part));
  const [, name = '', operator = '=', value = ''] = match;
  if (name === 'under' && words.under !== undefined) return words.under(unquote(value));
  const key = fieldOf(name, words);
  return comparison({ key, operator: operator as Operator, wanted: unquote(value) }, words);
}

function fieldOf(name: string, { fields, aliases = {} }: FilterWords): string {
  const wanted = aliases[name] ?? name;
  const found = fields.find((field) => field.toLowerCase() === wanted.toLowerCase());
  if (found !== undefined) return found;
  throw usageError(`There is no field "${name}"; there are ${fields.join(', ')}.`);
}

function freeText(text: string): Test {
  const wanted = text.toLowerCase();
  return (item) =>
    Object.values(item).some(
      (value) => typeof value === 'string' && value.toLowerCase().includes(wanted),
    );
}

interface Comparison {
  readonly key: string;
  readonly operator: Operator;
  readonly wanted: string;
}

function comparison({ key, operator, wanted }: Comparison, words: FilterWords): Test {
  const other = words.others?.[key];
  const isThat: Test = (item) =>
    isEqual(item[key] ?? null, wanted) || (other !== undefined && isEqual(other(item), wanted));
  switch (operator) {
    case '=':
      return isThat;
    case '!=':
      return (item) => !isThat(item);
    case ':':
      return (item) =>
        fieldText(item[key] ?? null)
          .toLowerCase()
          .includes(wanted.toLowerCase());
    case '~': {
      const pattern = regexOf(wanted);
      return (item) => pattern.test(fieldText(item[key] ?? null));
    }
    default:
      return order(key, operator, wanted);
  }
}

/** Without regard to upper case. */
function isEqual(value: Field, wanted: string): boolean {
  if (value === null) return wanted === '' || wanted === 'null';
  return fieldText(value).toLowerCase() === wanted.toLowerCase();
}

function regexOf(text: string): RegExp {
  try {
    return new RegExp(text, 'iu');
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw usageError(`"${text}" is no regular expression: ${why}.`);
  }
}

function order(key: string, operator: '>' | '<' | '>=' | '<=', wanted: string): Test {
  const bound = numberOf(wanted);
  if (bound === undefined) throw usageError(`${key}${operator} wants a number; got "${wanted}".`);
  const holds: Readonly<Record<typeof operator, (value: number) => boolean>> = {
    '>': (value) => value > bound,
    '<': (value) => value < bound,
    '>=': (value) => value >= bound,
    '<=': (value) => value <= bound,
  };
  return (item) => {
    const value = item[key];
    return typeof value === 'number' && holds[operator](value);
  };
}

const SCALES: Readonly<Record<string, number>> = { k: 1e3, K: 1e3, M: 1e6, G: 1e9 };

/** `500`, `1.2k`, `10m` (seconds, as ages are counted). */
function numberOf(text: string): number | undefined {
  const scaled = /^(-?\d+(?:\.\d+)?)([kKMG]?)$/.exec(text);
  if (scaled !== null) return Number(scaled[1]) * (SCALES[scaled[2] ?? ''] ?? 1);
  const durationMs = readDuration(text);
  return durationMs === undefined ? undefined : durationMs / 1_000;
}

function splitOutsideQuotes(text: string, separator: RegExp): string[] {
  const parts = [''];
  let isQuoted = false;
  for (const char of text) {
    if (char === '"') isQuoted = !isQuoted;
    if (!isQuoted && separator.test(char)) parts.push('');
    else parts[parts.length - 1] += char;
  }
  if (isQuoted) throw usageError(`A quotation mark is not closed in the filter: ${text}`);
  return parts;
}

const unquote = (text: string): string => text.replaceAll('"', '');
