// The report: the model's answer, the quotes behind it, the sources, and how it was made. Pure: it
// asks no model and stores nothing.
import type { DocumentFile, Skipped } from './documents.ts';
import { describeSkipped } from './documents.ts';
import { groupFindings } from './findings.ts';
import type { Finding } from './findings.ts';

export interface Spending {
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly llmCalls: number;
}

/** A share that nobody could read, after all tries. */
export interface Gap {
  readonly files: readonly string[];
  readonly why: string;
}

export interface ReportParts {
  readonly question: string;
  /** The model's Markdown; empty when there was nothing to answer from. */
  readonly answer: string;
  readonly findings: readonly Finding[];
  /** Which worker read which file. */
  readonly readers: ReadonlyMap<string, string>;
  readonly files: readonly DocumentFile[];
  readonly skipped: readonly Skipped[];
  readonly gaps: readonly Gap[];
  readonly dropped: number;
  /** Prompts' worth of long documents that no worker read. */
  readonly partsLeftOut: number;
  readonly workers: number;
  readonly models: readonly string[];
  readonly providers: readonly string[];
  readonly isSimulated: boolean;
  readonly spending: Spending;
}

const SLUG_CHARS_MAX = 60;
const TITLE_CHARS_MAX = 200;
const BYTES_PER_KIB = 1024;

/** Of a question, for a key: `what-is-a-kernel`. */
export function slugOf(question: string): string {
  const words =
    question
      .toLowerCase()
      .normalize('NFKD')
      .match(/[a-z0-9]+/g) ?? [];
  const [first = 'report', ...rest] = words;
  let slug = first.slice(0, SLUG_CHARS_MAX);
  for (const word of rest) {
    if (slug.length + 1 + word.length > SLUG_CHARS_MAX) break;
    slug += `-${word}`;
  }
  return slug;
}

export function writeReport(parts: ReportParts): string {
  const sections = [
    `# ${titleOf(parts.question)}`,
    answerSection(parts),
    findingsSection(parts.findings),
    gapsSection(parts.gaps),
    sourcesSection(parts),
    makingSection(parts),
  ];
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`;
}

function titleOf(question: string): string {
  const flat = question.replace(/\s+/g, ' ').trim();
  return flat.length > TITLE_CHARS_MAX ? `${flat.slice(0, TITLE_CHARS_MAX)}…` : flat;
}

function answerSection({ answer, findings, files }: ReportParts): string {
  if (findings.length === 0) {
    return `The ${count(files.length, 'document')} hold nothing that answers this question.`;
  }
  // The model's own title would be a second one.
  return answer.replace(/^\s*# .*\n+/, '').trim();
}

function findingsSection(findings: readonly Finding[]): string {
  if (findings.length === 0) return '';
  const groups = [...groupFindings(findings, 'source')].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const sections = groups.map(([source, group]) => {
    const quotes = group.map(({ quote }) => `> ${quote}`).join('\n>\n');
    return `### [${source}]\n\n${quotes}`;
  });
  return ['## Findings by document', ...sections].join('\n\n');
}

function gapsSection(gaps: readonly Gap[]): string {
  if (gaps.length === 0) return '';
  const lines = gaps.map(({ files, why }) => `- ${files.join(', ')}: ${why}`);
  return `## Not read\n\n${lines.join('\n')}`;
}

function sourcesSection({ files, findings, readers }: ReportParts): string {
  const quotes = groupFindings(findings, 'source');
  const rows = files.map(({ name, sizeBytes }) => {
    const size = `${(sizeBytes / BYTES_PER_KIB).toFixed(1)} KiB`;
    return `| ${name} | ${size} | ${readers.get(name) ?? '-'} | ${quotes.get(name)?.length ?? 0} |`;
  });
  const head = '| document | size | read by | quotes |\n| --- | ---: | --- | ---: |';
  return `## Sources\n\n${[head, ...rows].join('\n')}`;
}

function makingSection(parts: ReportParts): string {
  const { spending, skipped, dropped } = parts;
  const tokens = spending.promptTokens + spending.completionTokens;
  const models = parts.models.join(', ') || 'no model';
  const provider = parts.providers.length === 0 ? '' : ` (${parts.providers.join(', ')})`;
  const facts = [
    `Made by ${count(parts.workers, 'worker')} with ${models}${provider}: ` +
      `${count(spending.llmCalls, 'model call')}, ${tokens} tokens ` +
      `(${spending.promptTokens} in, ${spending.completionTokens} out).`,
    'Every quote above was looked up in its document' +
      (dropped === 0
        ? '.'
        : `; ${count(dropped, 'quote')} that stood in none ${wasWere(dropped)} dropped.`),
  ];
  if (parts.isSimulated) {
    facts.push(
      'Simulated model: the sentences are quoted from the documents, nobody thought about them.',
    );
  }
  if (parts.partsLeftOut > 0) {
    facts.push(
      `${count(parts.partsLeftOut, 'part')} of long documents that share few words with the ` +
        `question ${wasWere(parts.partsLeftOut)} not read.`,
    );
  }
  if (skipped.length > 0) facts.push(`Left out: ${describeSkipped(skipped)}.`);
  return `---\n\n${facts.map((fact) => `_${fact}_`).join('\n\n')}`;
}

const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`;
const wasWere = (n: number): string => (n === 1 ? 'was' : 'were');
