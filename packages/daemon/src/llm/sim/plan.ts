// Splits a question: into its own parts where it has several, else along the headings of the texts
// that are given, else along the usual sides of any matter. Each part names the documents it is
// about.

import type { Breath } from './breath.ts';
import { isSentence, readDocument } from './sentences.ts';
import type { Document } from './sentences.ts';
import { keyWords, queryTerms, termsOf } from './words.ts';

export interface SubQuestion {
  readonly question: string;
  /** A few words for it. */
  readonly title: string;
  /** Names of the documents where the answer may stand, most likely first. */
  readonly documents: readonly string[];
  /** One of the usual sides, which is only given where more parts are demanded than there are. */
  readonly isForced?: boolean;
}

const TOPICS_MAX = 5_000;
const FILES_PER_PART_MAX = 8;
/** A heading that fits far worse than the best one is not a part of the question. */
const FIT_MIN = 0.3;
const HEADING_CHARS_MAX = 90;
const CLAUSE =
  /(?:\?|;|,?\s+and(?=\s+(?:how|what|why|when|where|who|which|whether|does|is|are|can)\b))/i;

/** `- docs/x.md: First heading; Second heading`, as an outline of files is written. */
const OUTLINE_LINE = /^\s*(?:[-*+]\s+)?`?([\w@./-]+\.[a-z][a-z0-9]{0,5})`?\s*(?:[:—–-]+\s*(.*))?$/i;

interface Topic {
  readonly heading: string;
  /** A document's title says what all its sections share. */
  readonly isTitle: boolean;
  readonly document: string;
  readonly terms: ReadonlySet<string>;
  readonly body: Set<string>;
}

export interface PlanRequest {
  readonly question: string;
  readonly instruction: string;
  readonly documents: readonly Document[];
  readonly count: number;
  readonly breath: Breath;
}

export async function planParts(request: PlanRequest): Promise<SubQuestion[]> {
  const topics = await topicsOf(request);
  const parts = clausesOf(request.question);
  if (parts.length >= 2) {
    const own = parts.slice(0, request.count).map((part) => ({
      question: part,
      title: keyWords(part, 4).join(' ') || part,
      documents: filesFor(part, topics),
    }));
    if (own.length >= request.count) return own;
    return [...own, ...byTopic(request, topics)].slice(0, request.count);
  }
  const found = byTopic(request, topics);
  return [...found, ...bySides(request, topics)].slice(0, request.count);
}

const NUMBER_WORDS = ['two', 'three', 'four', 'five', 'six', 'seven', 'eight'];
const COUNTED =
  'sub-?questions?|questions?|parts?|tasks?|steps?|topics?|groups?|sentences?|quotes?|points?|' +
  'findings?|bullets?';
const COUNT_ASKED = new RegExp(
  `\\b(\\d{1,2}|${NUMBER_WORDS.join('|')})\\s+(?:\\w+[\\s-]){0,2}(?:${COUNTED})`,
  'i',
);

const PARTS_MIN = 2;

/** How many parts there are to tell without being pressed for more. */
export function countUnforced(parts: readonly SubQuestion[]): number {
  const own = parts.filter(({ isForced }) => isForced !== true).length;
  return Math.min(parts.length, Math.max(own, PARTS_MIN));
}

/** How many parts the instruction asks for. */
export function countAsked(instruction: string): number | undefined {
  const word = COUNT_ASKED.exec(instruction)?.[1]?.toLowerCase();
  if (word === undefined) return undefined;
  const at = NUMBER_WORDS.indexOf(word);
  return at >= 0 ? at + 2 : Number(word) || undefined;
}

function clausesOf(question: string): string[] {
  return question
    .split(CLAUSE)
    .map((part) => part.trim().replace(/^(?:and|or|also)\s+/i, ''))
    .filter((part) => queryTerms(part).length > 0)
    .map((part) => `${part.charAt(0).toUpperCase()}${part.slice(1).replace(/[.,]$/, '')}?`);
}

async function topicsOf(request: PlanRequest): Promise<Topic[]> {
  const topics: Topic[] = outlineTopics(request.instruction);
  for (const document of request.documents) {
    let topic: Topic | undefined;
    for (const item of readDocument(document)) {
      if (request.breath.isDue) await request.breath.take();
      if (isSentence(item)) addTerms(topic, item.text);
      else if (topics.length < TOPICS_MAX)
        topics.push((topic = newTopic(item.text, { document: document.name, level: item.level })));
    }
    topics.push(...outlineTopics(document.text.slice(0, 200_000)));
    if (topic === undefined && document.name !== '')
      topics.push(newTopic('', { document: document.name }));
  }
  return topics.slice(0, TOPICS_MAX);
}

function addTerms(topic: Topic | undefined, text: string): void {
  if (topic === undefined) return;
  for (const term of termsOf(text)) topic.body.add(term);
}

function outlineTopics(text: string): Topic[] {
  const topics: Topic[] = [];
  for (const line of text.split('\n')) {
    if (line.length > 4_000) continue;
    const match = OUTLINE_LINE.exec(line);
    if (match?.[1] === undefined) continue;
    const list = match[2] ?? '';
    const headings = list.split(list.includes(';') ? ';' : /[|,·›]/).map((one) => one.trim());
    // The first of several is the document's title.
    const rest = headings.length > 1 ? 1 : 2;
    for (const [at, heading] of headings.entries()) {
      topics.push(newTopic(heading, { document: match[1], level: at === 0 ? rest : 2 }));
    }
  }
  return topics;
}

function newTopic(raw: string, from: { document: string; level?: number }): Topic {
  const heading = raw.replace(/^(?:[A-Z]?\d+(?:\.\d+)*[.)]?|[A-Z][.)])\s+/, '');
  const terms = new Set(termsOf(`${heading} ${from.document}`));
  return { heading, isTitle: from.level === 1, document: from.document, terms, body: new Set() };
}

/** The headings that fit the question best, no two alike, spread over the documents. */
function byTopic(request: PlanRequest, topics: readonly Topic[]): SubQuestion[] {
  const weights = weigh(queryTerms(request.question), topics);
  const used = new Set<string>();
  const perDocument = new Map<string, number>();
  const places = placesOf(topics);
  const left = topics.filter(
    ({ heading }) => isTopical(heading) && (places.get(heading)?.size ?? 0) < 2,
  );
  const least = FIT_MIN * Math.max(0, ...left.map((topic) => fit(topic, weights)));
  const parts: SubQuestion[] = [];
  while (parts.length < request.count) {
    const worth = (topic: Topic): number => {
      const isNew = [...topic.terms].some((term) => !used.has(term));
      if (!isNew) return -Infinity;
      const cost = 1.5 * (perDocument.get(topic.document) ?? 0) + (topic.isTitle ? 2 : 0);
      const fitting = fit(topic, weights);
      return fitting > least ? fitting - cost : -Infinity;
    };
    const next = largestOf(left, worth);
    if (next === undefined) break;
    left.splice(left.indexOf(next), 1);
    for (const term of next.terms) used.add(term);
    perDocument.set(next.document, (perDocument.get(next.document) ?? 0) + 1);
    const focus = `${next.heading} ${request.question}`;
    const documents = [next.document, ...filesFor(focus, topics)].filter((one) => one !== '');
    parts.push({
      question: `What do the documents say about “${next.heading}”?`,
      title: next.heading,
      documents: [...new Set(documents)].slice(0, FILES_PER_PART_MAX),
    });
  }
  return parts;
}

/** In which documents a heading stands: one that several share is a form, not a matter. */
function placesOf(topics: readonly Topic[]): Map<string, Set<string>> {
  const places = new Map<string, Set<string>>();
  for (const { heading, document } of topics) {
    places.set(heading, (places.get(heading) ?? new Set()).add(document));
  }
  return places;
}

/** A word that stands in every section tells none of them apart. */
function weigh(asked: readonly string[], topics: readonly Topic[]): Map<string, number> {
  const weights = new Map<string, number>();
  for (const term of asked) {
    const holders = topics.filter(({ terms, body }) => terms.has(term) || body.has(term)).length;
    weights.set(term, Math.log(1 + topics.length / (1 + holders)));
  }
  return weights;
}

function isTopical(heading: string): boolean {
  return heading.length > 2 && heading.length <= HEADING_CHARS_MAX && termsOf(heading).length > 0;
}

function fit(topic: Topic, weights: ReadonlyMap<string, number>): number {
  let sum = 0;
  for (const [term, weight] of weights) {
    if (topic.terms.has(term)) sum += weight;
    if (topic.body.has(term)) sum += 0.4 * weight;
  }
  return sum;
}

function largestOf(topics: readonly Topic[], worth: (topic: Topic) => number): Topic | undefined {
  let found: Topic | undefined;
  let foundWorth = -Infinity;
  for (const topic of topics) {
    const points = worth(topic);
    if (points > foundWorth) {
      found = topic;
      foundWorth = points;
    }
  }
  return found;
}

function filesFor(question: string, topics: readonly Topic[]): string[] {
  const weights = weigh(queryTerms(question), topics);
  const points = new Map<string, number>();
  for (const topic of topics) {
    if (topic.document === '') continue;
    points.set(topic.document, Math.max(points.get(topic.document) ?? 0, fit(topic, weights)));
  }
  return [...points]
    .filter(([, worth]) => worth > 0)
    .sort(([, a], [, b]) => b - a)
    .slice(0, FILES_PER_PART_MAX)
    .map(([name]) => name);
}

/** Without any headings: the sides that every matter has. */
function bySides(request: PlanRequest, topics: readonly Topic[]): SubQuestion[] {
  const matter = keyWords(request.question, 4).join(' ') || request.question;
  const sides = [
    ['What it is', `What is meant by ${matter}?`],
    ['How it works', `How does it work: ${request.question}`],
    ['Limits', `Which limits and conditions hold: ${request.question}`],
    ['Examples', `Which examples and numbers are given: ${request.question}`],
    ['Reasons', `Why is it so: ${request.question}`],
    ['Use', `How is it used: ${request.question}`],
  ] as const;
  return sides.map(([title, question]) => ({
    question,
    title: `${title}: ${matter}`,
    documents: filesFor(question, topics),
    isForced: true,
  }));
}
