// Findings: quotes with the document that they stand in, sorted by the sub-question that they
// answer. Read from a model's answer, checked against the documents, written as Markdown and read
// back.
//   F1. A finding's quote stands in its document, but for blanks, case and marks; what does not is
//       dropped and counted.
import type { Passage } from './reading.ts';

export interface Finding {
  readonly quote: string;
  /** The document's name. */
  readonly source: string;
  /** The sub-question that it answers. */
  readonly aspect: string;
}

export interface CheckedFindings {
  readonly findings: readonly Finding[];
  /** Quotes that stand in no document. */
  readonly dropped: number;
}

const HEADING = /^#{1,6}\s+(.+?)\s*$/;
const QUOTE = /^[\s>*\-\d.)]*[“"«](.+)[”"»][\s.,:—–-]*\[([^\][]+)\]/;

/** Lines of the form `- “quote” [document]`, under headings or not; other lines are skipped. */
export function parseFindings(text: string, aspects: readonly string[]): Finding[] {
  const findings: Finding[] = [];
  let heading: string | undefined;
  for (const line of text.split('\n')) {
    heading = HEADING.exec(line)?.[1] ?? heading;
    const [, quote, source] = QUOTE.exec(line) ?? [];
    if (quote === undefined || source === undefined) continue;
    const aspect = aspects.find((one) => one === heading) ?? closestAspect(quote, aspects);
    findings.push({ quote: quote.trim(), source: source.trim(), aspect });
  }
  return findings;
}

/** Drops what is not in the documents (F1), and puts right a citation of the wrong one. */
export function checkFindings(
  findings: readonly Finding[],
  documents: readonly Passage[],
): CheckedFindings {
  const texts = documents.map(({ name, text }) => ({ name, letters: lettersOf(text) }));
  const seen = new Set<string>();
  const checked: Finding[] = [];
  for (const finding of findings) {
    const letters = lettersOf(finding.quote);
    const homes = letters === '' ? [] : texts.filter((text) => text.letters.includes(letters));
    const home = homes.find(({ name }) => name === finding.source) ?? homes[0];
    if (home === undefined || seen.has(letters)) continue;
    seen.add(letters);
    checked.push({ ...finding, source: home.name });
  }
  const repeated = findings.filter(({ quote }) => seen.has(lettersOf(quote))).length;
  return { findings: checked, dropped: findings.length - repeated };
}

function lettersOf(text: string): string {
  return text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '');
}

/** The aspect that shares most words with a text; the first when none does. */
export function closestAspect(text: string, aspects: readonly string[]): string {
  const words = wordsOf(text);
  let best = aspects[0] ?? '';
  let bestScore = 0;
  for (const aspect of aspects) {
    const own = wordsOf(aspect);
    const shared = [...own].filter((word) => words.has(word)).length;
    const score = own.size === 0 ? 0 : shared / Math.sqrt(own.size);
    if (score > bestScore) [best, bestScore] = [aspect, score];
  }
  return best;
}

const WORD_CHARS_MIN = 4;
/** Enough of a word to tell it from others, whatever its ending. */
const STEM_CHARS = 6;

/** The stems of a text's longer words. */
export function wordsOf(text: string): Set<string> {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  const long = words.filter((word) => word.length >= WORD_CHARS_MIN);
  return new Set(long.map((word) => word.slice(0, STEM_CHARS)));
}

/** Findings of one value of `by`, in the order of first appearance. */
export function groupFindings(
  findings: readonly Finding[],
  by: 'aspect' | 'source',
): Map<string, Finding[]> {
  const groups = new Map<string, Finding[]>();
  for (const finding of findings) {
    const group = groups.get(finding[by]) ?? [];
    groups.set(finding[by], group);
    group.push(finding);
  }
  return groups;
}

export const findingLine = ({ quote, source }: Finding): string => `- “${quote}” [${source}]`;

/** As an artifact: under each sub-question its quotes. `parseFindings` reads it back. */
export function writeFindings(title: string, findings: readonly Finding[]): string {
  const groups = [...groupFindings(findings, 'aspect')];
  const sections = groups.map(
    ([aspect, group]) => `## ${aspect}\n\n${group.map(findingLine).join('\n')}`,
  );
  return `${[`# ${title}`, ...sections].join('\n\n')}\n`;
}
