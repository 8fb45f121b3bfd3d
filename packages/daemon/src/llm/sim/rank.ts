// Ranks the sentences of a text against a question: BM25 for what is asked, closeness to the whole
// text, place in the section, the headings above; then picks the best that differ (MMR).
//   R1. Time and memory grow with the text, up to named bounds; the loop breathes in between.
//   R2. Equal scores keep the order of the text, so the same input gives the same answer.

import type { Breath } from './breath.ts';
import { isSentence, readDocument } from './sentences.ts';
import type { Document, Sentence } from './sentences.ts';
import { termsOf } from './words.ts';

const SENTENCES_MAX = 50_000;
const CHARS_MAX = 16 * 1024 * 1024;
/** Only so many of the best are compared with each other. */
const POOL_MAX = 200;
const BM25_K1 = 1.2;
/** Below the usual 0.75: fragments must not win by being short. */
const BM25_B = 0.4;
/** A name that stands in few sentences must not outweigh all else that is asked. */
const RARITY_MAX = 3.2;
/** More words of the question than this in one sentence are no better. */
const BREADTH_MAX = 4;
/** How much being new counts against being fitting, in MMR. */
const NOVELTY = 0.35;
const SAME_SOURCE_COST = 0.06;

const WEIGHTS = { match: 1, heading: 0.35, centre: 0.2, place: 0.08 } as const;
const WEIGHTS_WITHOUT_QUESTION = { match: 0, heading: 0, centre: 1, place: 0.35 } as const;

export interface RankedSentence extends Sentence {
  /** In [0, 1]: the best of this text has about 1. */
  readonly score: number;
  /** Its place among all sentences, to restore the order of the text. */
  readonly order: number;
  /** It, its heading or its document's name shares a word with the question, if there is one. */
  readonly isFitting: boolean;
}

interface Entry {
  readonly sentence: Sentence;
  readonly order: number;
  readonly terms: Int32Array;
  score: number;
  isFitting: boolean;
}

interface Corpus {
  readonly entries: Entry[];
  readonly ids: Map<string, number>;
  /** In how many sentences a term stands. */
  readonly frequency: number[];
  readonly lengthMean: number;
}

export interface RankRequest {
  readonly documents: readonly Document[];
  /** Stems; empty: what is central to the text is wanted. */
  readonly query: readonly string[];
  readonly countMax: number;
  readonly breath: Breath;
}

/** The best sentences, best first, no two alike. */
export async function rank(request: RankRequest): Promise<RankedSentence[]> {
  const corpus = await readCorpus(request);
  await score(corpus, request);
  const pool = best(corpus.entries);
  return pick(pool, request.countMax);
}

async function readCorpus(request: RankRequest): Promise<Corpus> {
  const corpus: Corpus = { entries: [], ids: new Map(), frequency: [], lengthMean: 1 };
  let chars = 0;
  let length = 0;
  for (const document of request.documents) {
    const text = document.text.slice(0, Math.max(0, CHARS_MAX - chars));
    chars += text.length;
    for (const item of readDocument({ name: document.name, text })) {
      if (corpus.entries.length >= SENTENCES_MAX) break;
      if (!isSentence(item)) continue;
      const terms = intern(corpus, termsOf(item.text));
      length += terms.length;
      const order = corpus.entries.length;
      corpus.entries.push({ sentence: item, order, terms, score: 0, isFitting: true });
      if (request.breath.isDue) await request.breath.take();
    }
  }
  return { ...corpus, lengthMean: Math.max(1, length / Math.max(1, corpus.entries.length)) };
}

function intern(corpus: Corpus, terms: readonly string[]): Int32Array {
  const ids = new Int32Array(terms.length);
  const seen = new Set<number>();
  for (const [at, term] of terms.entries()) {
    let id = corpus.ids.get(term);
    if (id === undefined) {
      id = corpus.ids.size;
      corpus.ids.set(term, id);
      corpus.frequency.push(0);
    }
    ids[at] = id;
    if (seen.has(id)) continue;
    seen.add(id);
    corpus.frequency[id] = (corpus.frequency[id] ?? 0) + 1;
  }
  return ids;
}

async function score(corpus: Corpus, request: RankRequest): Promise<void> {
  const count = corpus.entries.length;
  const rarity = corpus.frequency.map((n) => Math.log(1 + (count - n + 0.5) / (n + 0.5)));
  const query = new Set<number>();
  for (const term of request.query) {
    const id = corpus.ids.get(term);
    if (id !== undefined) query.add(id);
  }
  const weightAll =
    [...query].reduce((sum, id) => sum + Math.min(rarity[id] ?? 0, RARITY_MAX), 0) || 1;
  const asked = new Set(request.query);
  const weights = asked.size > 0 ? WEIGHTS : WEIGHTS_WITHOUT_QUESTION;
  const headings = new HeadingMatch(asked);
  const matches = new Float64Array(count);
  const centres = new Float64Array(count);
  for (const [at, entry] of corpus.entries.entries()) {
    matches[at] = matchOf(entry, { query, rarity, weightAll, lengthMean: corpus.lengthMean });
    centres[at] = centreOf(entry, { rarity, frequency: corpus.frequency, count });
    if (request.breath.isDue) await request.breath.take();
  }
  const matchMax = largest(matches);
  const centreMax = largest(centres);
  for (const [at, entry] of corpus.entries.entries()) {
    const match = (matches[at] ?? 0) / matchMax;
    // A fitting heading lifts what says something, not every line below it.
    const heading = headings.of(entry.sentence);
    const lift = heading * (0.4 + match);
    entry.isFitting = asked.size === 0 || match > 0 || heading > 0;
    entry.score =
      weights.match * match +
      weights.heading * lift +
      (weights.centre * (centres[at] ?? 0)) / centreMax +
      weights.place / (1 + entry.sentence.position);
  }
}

function matchOf(
  entry: Entry,
  by: {
    query: ReadonlySet<number>;
    rarity: readonly number[];
    lengthMean: number;
    weightAll: number;
  },
): number {
  if (by.query.size === 0) return 0;
  const counts = new Map<number, number>();
  for (const id of entry.terms) if (by.query.has(id)) counts.set(id, (counts.get(id) ?? 0) + 1);
  const norm = BM25_K1 * (1 - BM25_B + (BM25_B * entry.terms.length) / by.lengthMean);
  let sum = 0;
  let covered = 0;
  for (const [id, n] of counts) {
    const weight = Math.min(by.rarity[id] ?? 0, RARITY_MAX);
    sum += (weight * n * (BM25_K1 + 1)) / (n + norm);
    covered += weight;
  }
  // Two words of the question in one sentence say more than one of them twice.
  const breadth = 0.4 + 0.3 * Math.min(counts.size, BREADTH_MAX);
  return sum * breadth * (0.5 + covered / by.weightAll);
}

/** How much of what the whole text is about stands in this sentence. */
function centreOf(
  entry: Entry,
  by: { rarity: readonly number[]; frequency: readonly number[]; count: number },
): number {
  let sum = 0;
  for (const id of entry.terms) sum += ((by.frequency[id] ?? 0) / by.count) * (by.rarity[id] ?? 0);
  return sum / Math.sqrt(entry.terms.length + 4);
}

function largest(numbers: Float64Array): number {
  let max = 0;
  for (const n of numbers) if (n > max) max = n;
  return max > 0 ? max : 1;
}

/** Which part of the question the heading and the document's name share; few, so remembered. */
class HeadingMatch {
  readonly #asked: ReadonlySet<string>;
  readonly #known = new Map<string, number>();

  constructor(asked: ReadonlySet<string>) {
    this.#asked = asked;
  }

  of(sentence: Sentence): number {
    if (this.#asked.size === 0) return 0;
    const key = `${sentence.document}\n${sentence.heading}`;
    let share = this.#known.get(key);
    if (share === undefined) {
      const terms = new Set(termsOf(key));
      const shared = [...this.#asked].filter((term) => terms.has(term)).length;
      share = Math.min(1, shared / Math.min(3, this.#asked.size));
      this.#known.set(key, share);
    }
    return share;
  }
}

function best(entries: readonly Entry[]): Entry[] {
  return [...entries].sort((a, b) => b.score - a.score || a.order - b.order).slice(0, POOL_MAX);
}

/** Maximal marginal relevance: each next one fits best for what the chosen do not say already. */
function pick(pool: Entry[], countMax: number): RankedSentence[] {
  const top = pool[0]?.score ?? 1;
  const left = new Set(pool);
  const overlap = new Map<Entry, number>();
  const perSource = new Map<string, number>();
  const chosen: Entry[] = [];
  while (chosen.length < countMax) {
    const next = mostFitting(left, (entry) => {
      const likeness = overlap.get(entry) ?? 0;
      if (likeness >= 0.9) return -1;
      const sourceCost = SAME_SOURCE_COST * (perSource.get(entry.sentence.source) ?? 0);
      return (entry.score / top) * (1 - sourceCost) - NOVELTY * likeness;
    });
    if (next === undefined) break;
    left.delete(next);
    chosen.push(next);
    const { source } = next.sentence;
    perSource.set(source, (perSource.get(source) ?? 0) + 1);
    for (const entry of left) {
      overlap.set(entry, Math.max(overlap.get(entry) ?? 0, likenessOf(entry, next)));
    }
  }
  return chosen.map(({ sentence, order, isFitting, score: points }) => ({
    ...sentence,
    order,
    isFitting,
    score: Math.max(0, Math.min(1, points / top)),
  }));
}

function mostFitting(
  entries: ReadonlySet<Entry>,
  worth: (entry: Entry) => number,
): Entry | undefined {
  let found: Entry | undefined;
  let foundWorth = -1;
  for (const entry of entries) {
    const points = worth(entry);
    if (points > foundWorth) {
      found = entry;
      foundWorth = points;
    }
  }
  return found;
}

function likenessOf(a: Entry, b: Entry): number {
  if (a.sentence.text === b.sentence.text) return 1;
  const inA = new Set(a.terms);
  const inB = new Set(b.terms);
  if (inA.size === 0 || inB.size === 0) return 0;
  let shared = 0;
  for (const id of inA) if (inB.has(id)) shared++;
  return shared / Math.min(inA.size, inB.size);
}
