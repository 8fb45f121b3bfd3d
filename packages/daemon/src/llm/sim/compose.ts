// Puts ranked sentences together: a list of quotes, or a report in sections. Every statement is a
// quote with its source in brackets; the rest is headings that stand in the text or the question.

import type { RankedSentence } from './rank.ts';

const SECTIONS_MAX = 8;
const TITLE_CHARS_MAX = 200;

/** `“Sentence.” [docs/x.md]`; a text without a name is not cited. */
export function quoteOf(sentence: RankedSentence): string {
  const cite = sentence.source === '' ? '' : ` [${sentence.source}]`;
  return `“${sentence.text}”${cite}`;
}

/** A short answer: the best sentences, one a line, best first. */
export function composeAnswer(sentences: readonly RankedSentence[]): string {
  return sentences.map((sentence) => `- ${quoteOf(sentence)}`).join('\n');
}

interface Section {
  readonly title: string;
  readonly sentences: RankedSentence[];
}

/** A Markdown report: the question, the best sentence, the rest by section, the sources. */
export function composeReport(question: string, sentences: readonly RankedSentence[]): string {
  const [first, ...rest] = sentences;
  if (first === undefined) return '';
  const parts = [`# ${titleOf(question)}`, quoteOf(first)];
  for (const section of sectionsOf(rest)) {
    const quotes = [...section.sentences].sort((a, b) => a.order - b.order);
    parts.push(`## ${section.title}`, quotes.map((one) => `- ${quoteOf(one)}`).join('\n'));
  }
  const sources = [...new Set(sentences.map(({ source }) => source))].filter((one) => one !== '');
  if (sources.length > 0) parts.push(`Sources: ${sources.map((one) => `[${one}]`).join(', ')}`);
  return parts.join('\n\n');
}

/** The best section first; what is left over at the end goes under one heading. */
function sectionsOf(sentences: readonly RankedSentence[]): Section[] {
  const sections = new Map<string, Section>();
  for (const sentence of sentences) {
    const title = sectionTitle(sentence);
    const section = sections.get(title) ?? { title, sentences: [] };
    section.sentences.push(sentence);
    sections.set(title, section);
  }
  const all = [...sections.values()];
  if (all.length <= SECTIONS_MAX) return all;
  const more = {
    title: 'More',
    sentences: all.slice(SECTIONS_MAX - 1).flatMap((s) => s.sentences),
  };
  return [...all.slice(0, SECTIONS_MAX - 1), more];
}

/** Under findings: the question that they answer. Under a text: its own heading. */
function sectionTitle(sentence: RankedSentence): string {
  const isFinding = sentence.document !== '' && sentence.document !== sentence.source;
  if (isFinding) return titleOf(sentence.heading === '' ? sentence.document : sentence.heading);
  if (sentence.heading === '') return sentence.source === '' ? 'From the text' : sentence.source;
  return titleOf(sentence.heading);
}

function titleOf(text: string): string {
  const flat = text
    .replace(/\s+/g, ' ')
    .replace(/^#+\s*/, '')
    .trim();
  if (flat === '') return 'Report';
  return flat.length <= TITLE_CHARS_MAX ? flat : `${flat.slice(0, TITLE_CHARS_MAX)}…`;
}
