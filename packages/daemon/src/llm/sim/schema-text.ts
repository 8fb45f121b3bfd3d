// Strings for a JSON schema: drawn from the prompt by what the field is called, then made to fit
// the schema's format, pattern and lengths. Nothing is invented that the prompt could have given.

import type { JsonSchema } from '../chat.ts';
import { composeAnswer, composeReport } from './compose.ts';
import { hashText } from './chance.ts';
import type { Material } from './material.ts';
import type { SubQuestion } from './plan.ts';
import type { RankedSentence } from './rank.ts';
import { keyWords, nameEnding } from './words.ts';

/** What one item of an array is about; fields of the item are drawn from it. */
export interface Item {
  readonly sentence?: RankedSentence | undefined;
  readonly part?: SubQuestion | undefined;
  /** The value itself: a file's name, a keyword. */
  readonly name?: string | undefined;
}

export interface TextField {
  readonly name: string;
  readonly schema: JsonSchema;
  readonly material: Material;
  readonly item: Item | undefined;
  /** True: arguments of a tool, spoken by the user; false: an answer. */
  readonly isArgument: boolean;
}

export const SOURCE_NAME = nameEnding(
  'source file document doc citation cite path ref reference origin where',
);
export const PART_NAME = nameEnding('question query querie task step plan part goal');
const QUOTE_NAME = nameEnding(
  'quote excerpt sentence evidence snippet passage finding claim statement fact point',
);
const TITLE_NAME = nameEnding(
  'title heading name topic label subject section group category headline',
);
const ANSWER_NAME = nameEnding(
  'summary answer response content body result text message output conclusion markdown ' +
    'explanation reason rationale description note detail',
);
const REPORT_NAME = nameEnding('report');
const ANSWER_SENTENCES = 5;
const REPORT_SENTENCES = 14;
/** What a schema may demand as a least length. */
const MIN_LENGTH_MAX = 1_000_000;

export function textFor(field: TextField): string {
  const { schema } = field;
  const format = typeof schema['format'] === 'string' ? schema['format'] : undefined;
  const raw = (format === undefined ? undefined : formatted(format, field)) ?? drawn(field);
  const pattern = typeof schema['pattern'] === 'string' ? schema['pattern'] : undefined;
  const fitting = pattern === undefined ? raw : matching({ pattern, raw, field });
  return toLength(fitting, schema, field.material);
}

function drawn(field: TextField): string {
  if (field.isArgument) return argument(field);
  const { name, item } = field;
  if (item?.name !== undefined) return item.name;
  if (item?.part !== undefined) return fromPart(name, item.part, item.sentence);
  if (item?.sentence !== undefined) return fromSentence(name, item.sentence);
  return fromAll(field);
}

function fromPart(name: string, part: SubQuestion, sentence?: RankedSentence): string {
  if (SOURCE_NAME.test(name)) return part.documents[0] ?? sentence?.source ?? '';
  if (TITLE_NAME.test(name)) return part.title;
  if (QUOTE_NAME.test(name) && sentence !== undefined) return sentence.text;
  return part.question;
}

function fromSentence(name: string, sentence: RankedSentence): string {
  if (SOURCE_NAME.test(name)) return sentence.source;
  if (TITLE_NAME.test(name)) {
    return sentence.heading || keyWords(sentence.text, 4).join(' ') || sentence.source;
  }
  return sentence.text;
}

function fromAll(field: TextField): string {
  const { name, material } = field;
  const { prompt, ranked } = material;
  const [first] = ranked;
  if (REPORT_NAME.test(name))
    return composeReport(prompt.question, ranked.slice(0, REPORT_SENTENCES));
  if (PART_NAME.test(name)) return prompt.question;
  if (SOURCE_NAME.test(name) && first !== undefined) return first.source;
  if (TITLE_NAME.test(name)) return keyWords(prompt.question, 6).join(' ') || prompt.question;
  if (QUOTE_NAME.test(name) && first !== undefined) return first.text;
  if (ANSWER_NAME.test(name) && first !== undefined) {
    return composeAnswer(ranked.slice(0, ANSWER_SENTENCES));
  }
  return argument(field);
}

const PATH_NAME = nameEnding('path file filename dir directory document');
const PLACE_NAME = nameEnding(
  'city location place country region person user name author company product',
);
const FREE_TEXT = nameEnding(
  'query question q prompt text task input topic goal content message description body search ' +
    'title',
);
const SUM_NAME = nameEnding('expression expr formula sum calculation equation');

/** What the user said for this field. */
function argument(field: TextField): string {
  const { name, material } = field;
  const { finds, prompt } = material;
  const named = finds.named(name);
  if (named !== undefined) return named;
  if (/url|uri|link/i.test(name)) return finds.take('url') ?? prompt.question;
  if (/e?mail/i.test(name)) return finds.take('email') ?? prompt.question;
  if (/date|day/i.test(name)) return finds.take('date') ?? prompt.question;
  if (PATH_NAME.test(name)) return finds.take('path') ?? finds.take('quoted') ?? prompt.question;
  if (SUM_NAME.test(name)) return finds.take('sum') ?? finds.take('quoted') ?? prompt.question;
  if (FREE_TEXT.test(name)) return finds.take('quoted') ?? prompt.question;
  if (PLACE_NAME.test(name)) {
    return finds.take('quoted') ?? finds.take('capitalised') ?? lastWord(prompt.question);
  }
  return (
    finds.take('quoted') ??
    finds.take('capitalised') ??
    (keyWords(prompt.question, 3).join(' ') || prompt.question)
  );
}

/** `… the weather in paris?` */
function lastWord(question: string): string {
  const match = /\b(?:in|at|for|of|from|to|about)\s+([\p{L}][\p{L}\s'’-]{1,60}?)[\s.?!]*$/u.exec(
    question.slice(-200),
  );
  return match?.[1] ?? (keyWords(question, 20).at(-1) || question);
}

function formatted(format: string, field: TextField): string | undefined {
  const { finds, prompt } = field.material;
  const digits = hashText(`${field.name} ${prompt.question}`).toString(16).padStart(14, '0');
  switch (format) {
    case 'date':
      return finds.take('date') ?? '2000-01-01';
    case 'date-time':
      return `${finds.take('date') ?? '2000-01-01'}T00:00:00Z`;
    case 'time':
      return '00:00:00Z';
    case 'email':
      return finds.take('email') ?? 'nobody@example.com';
    case 'uri':
    case 'url':
      return finds.take('url') ?? 'https://example.com/';
    case 'uuid':
      return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-4000-8000-${digits.slice(0, 12)}`;
    case 'ipv4':
      return '127.0.0.1';
    case 'hostname':
      return 'example.com';
    default:
      return undefined;
  }
}

const SHAPES = [
  'a',
  'A',
  'aa',
  'AA',
  'abc',
  'ABC',
  '0',
  '1',
  '12',
  '123',
  '1234',
  '12345',
  'a-b',
  'a1',
];

/** A word of the prompt that matches, or one of the usual shapes; else the text as it was. */
function matching(search: { pattern: string; raw: string; field: TextField }): string {
  let pattern: RegExp;
  try {
    pattern = new RegExp(search.pattern, 'u');
  } catch {
    return search.raw;
  }
  const { instruction, question } = search.field.material.prompt;
  const words = `${question} ${instruction.slice(0, 4_000)}`.split(/[\s,;:"'`()]+/);
  const slug = keyWords(question, 4).join('-').toLowerCase();
  const tries = [search.raw, ...words, slug, slug.replaceAll('-', '_'), search.raw.toLowerCase()];
  return [...tries, ...SHAPES].find((one) => pattern.test(one)) ?? search.raw;
}

function toLength(text: string, schema: JsonSchema, material: Material): string {
  const max = typeof schema['maxLength'] === 'number' ? schema['maxLength'] : undefined;
  const min = typeof schema['minLength'] === 'number' ? schema['minLength'] : 0;
  let chars = Array.from(text);
  const more = material.prompt.question === '' ? 'simulated' : material.prompt.question;
  if (chars.length < min) {
    const times = Math.ceil(Math.min(min, MIN_LENGTH_MAX) / (more.length + 1));
    chars = Array.from(`${text} ${`${more} `.repeat(times)}`).slice(0, Math.max(min, text.length));
  }
  if (max === undefined || chars.length <= max) return chars.join('');
  const cut = chars.slice(0, max).join('');
  const space = cut.lastIndexOf(' ');
  return space > min && space > max / 2 ? cut.slice(0, space) : cut;
}
