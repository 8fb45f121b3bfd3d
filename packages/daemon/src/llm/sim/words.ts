// Words as the ranking sees them: lower case, without the small words, cut to a common stem.
// English is cut; other languages with spaces are taken as they are, those without in pairs.

const WORD = /[\p{L}\p{N}]+/gu;
const WIDE = /[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff]/;
const TERM_CHARS_MAX = 40;

const SMALL_WORDS = new Set(
  `a about above after again against all also am an and any are as at be because been before
    being below between both but by can cannot could did do does doing down during each few for
    from further had has have having he her here hers him his how i if in into is it its itself
    just me more most my no nor not now of off on once only or other our out over own same she
    should so some such than that the their them then there these they this those through to too
    under until up us very was we were what when where which while who whom why will with would
    you your yours`.split(/\s+/),
);

const SUFFIXES: readonly (readonly [string, string])[] = [
  ['ational', 'at'],
  ['isation', 'is'],
  ['ization', 'iz'],
  ['fulness', 'ful'],
  ['ations', 'at'],
  ['ation', 'at'],
  ['ments', 'ment'],
  ['ities', 'it'],
  ['ingly', ''],
  ['ity', 'it'],
  ['ies', 'y'],
  ['ing', ''],
  ['ers', 'er'],
  ['ed', ''],
  ['es', 'e'],
  ['ly', ''],
  ['s', ''],
];

const STEM_CHARS_MIN = 3;

/** Forms that no suffix rule brings together. */
const IRREGULAR: ReadonlyMap<string, string> = new Map(
  Object.entries({
    began: 'begin',
    begun: 'begin',
    broke: 'break',
    broken: 'break',
    built: 'build',
    children: 'child',
    chose: 'choose',
    chosen: 'choose',
    dead: 'die',
    death: 'die',
    died: 'die',
    dies: 'die',
    dying: 'die',
    found: 'find',
    held: 'hold',
    kept: 'keep',
    lost: 'lose',
    made: 'make',
    paid: 'pay',
    ran: 'run',
    sent: 'send',
    spent: 'spend',
    written: 'write',
    wrote: 'write',
  }),
);

/** A light suffix cutter: enough that `spawns`, `spawned` and `spawning` meet. */
export function stem(raw: string): string {
  const word = IRREGULAR.get(raw) ?? raw;
  if (word.length <= STEM_CHARS_MIN || /\d/.test(word) || word.endsWith('ss')) return word;
  for (const [suffix, put] of SUFFIXES) {
    if (!word.endsWith(suffix)) continue;
    const root = word.slice(0, -suffix.length) + put;
    if (root.length < STEM_CHARS_MIN) continue;
    return withoutDouble(root).replace(/e$/, '');
  }
  return word.replace(/e$/, '');
}

/** `stopp` and `stop` are one stem. */
function withoutDouble(root: string): string {
  const last = root.at(-1);
  const isDouble = last !== undefined && last === root.at(-2) && !'lse'.includes(last);
  return isDouble ? root.slice(0, -1) : root;
}

/** What an instruction is made of; it says nothing about the matter asked after. */
const TASK_WORDS = new Set(
  `answer based below briefly cite citation combine concise describe document explain finding
    following give given happen list mean please provide question quote read reply report
    respond return say sentence short source summarise summarize summary tell text use using
    write`
    .split(/\s+/)
    .map((word) => stem(word)),
);

/** The stems of a text in order, repeats included. */
export function termsOf(text: string): string[] {
  const terms: string[] = [];
  for (const [word] of text.toLowerCase().matchAll(WORD)) {
    if (WIDE.test(word)) terms.push(...pairs(word));
    else if (word.length > 1 && !SMALL_WORDS.has(word)) {
      terms.push(stem(word.slice(0, TERM_CHARS_MAX)));
    }
  }
  return terms;
}

/** Scripts without spaces: pairs of neighbouring characters stand for words. */
function pairs(word: string): string[] {
  const chars = Array.from(word.slice(0, TERM_CHARS_MAX));
  if (chars.length < 2) return chars;
  return chars.slice(1).map((char, at) => `${chars[at] ?? ''}${char}`);
}

/** What a question asks after: its stems, each once, without the words of instruction. */
export function queryTerms(question: string): string[] {
  return [...new Set(termsOf(question))].filter((term) => !TASK_WORDS.has(term));
}

/** The words themselves, for people: the longest-lived nouns of a question, in its order. */
export function keyWords(question: string, countMax: number): string[] {
  const seen = new Set<string>();
  const words: string[] = [];
  for (const [word] of question.matchAll(WORD)) {
    const [term] = termsOf(word);
    if (term === undefined || TASK_WORDS.has(term) || seen.has(term)) continue;
    seen.add(term);
    words.push(word);
    if (words.length >= countMax) break;
  }
  return words;
}

/** Fields called by one of the words, in the singular or plural, or by a name that ends in it. */
export function nameEnding(words: string): RegExp {
  return new RegExp(`(?:${words.split(' ').join('|')})s?$`, 'i');
}
