// Reads `.env` text. Not where the file lies, nor what wins over it (load.ts).
//   E1. NAME=value, with an optional `export`; blank lines and lines that start with # are skipped.
//   E2. Unquoted: as it stands, without outer blanks, up to a # that follows a blank.
//   E3. '…' is literal; "…" reads \n \r \t \" \\ \$; both may span lines. Nothing is expanded.
//   E4. After a closing quote only a comment may follow. A name given twice: the last one holds.
//   E5. A line that reads as none of these is an error with its number; values are never shown.

export interface DotenvEntry {
  readonly name: string;
  readonly value: string;
  /** Where it starts, from 1. */
  readonly line: number;
}

export interface DotenvProblem {
  readonly line: number;
  readonly what: string;
}

export interface Dotenv {
  readonly entries: readonly DotenvEntry[];
  readonly problems: readonly DotenvProblem[];
}

const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  '"': '"',
  '\\': '\\',
  $: '$',
};
const BLANK_OR_COMMENT = /^\s*(?:#.*)?$/;
const ASSIGNMENT = /^\s*(?:export\s+)?([A-Za-z_][\w.-]*)\s*=[ \t]*(.*)$/s;

/** Reads the whole text; lines that do not read become problems, the others still count. */
export function parseDotenv(source: string): Dotenv {
  const text = source.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n');
  const entries = new Map<string, DotenvEntry>();
  const problems: DotenvProblem[] = [];
  for (let at = 0, line = 1; at < text.length;) {
    const step = readStep(text, at);
    if (step.kind === 'bad') problems.push({ line, what: step.what });
    if (step.kind === 'entry') entries.set(step.name, { name: step.name, value: step.value, line });
    line += text.slice(at, step.next).split('\n').length - 1;
    at = step.next;
  }
  return { entries: [...entries.values()], problems };
}

/** `next` is the offset of the line after what was read. */
type Step =
  | { readonly kind: 'nothing'; readonly next: number }
  | { readonly kind: 'bad'; readonly what: string; readonly next: number }
  | {
      readonly kind: 'entry';
      readonly name: string;
      readonly value: string;
      readonly next: number;
    };

function lineEnd(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  return end < 0 ? text.length : end;
}

function readStep(text: string, at: number): Step {
  const end = lineEnd(text, at);
  const line = text.slice(at, end);
  const next = end + 1;
  if (BLANK_OR_COMMENT.test(line)) return { kind: 'nothing', next };
  const parts = ASSIGNMENT.exec(line);
  if (!parts) return { kind: 'bad', what: 'this is not NAME=value', next };
  const [, name = '', rest = ''] = parts;
  if (!rest.startsWith('"') && !rest.startsWith("'")) {
    return { kind: 'entry', name, value: unquoted(rest), next };
  }
  return readQuoted({ text, name, open: end - rest.length });
}

function readQuoted({ text, name, open }: { text: string; name: string; open: number }): Step {
  const quote = text[open] ?? '';
  const close = closingQuote(text, open);
  if (close < 0) {
    return { kind: 'bad', what: `the ${quote} is never closed`, next: lineEnd(text, open) + 1 };
  }
  const end = lineEnd(text, close);
  const next = end + 1;
  if (!BLANK_OR_COMMENT.test(text.slice(close + 1, end))) {
    return { kind: 'bad', what: `text follows the closing ${quote}`, next };
  }
  const inner = text.slice(open + 1, close);
  return { kind: 'entry', name, value: quote === '"' ? unescaped(inner) : inner, next };
}

function closingQuote(text: string, open: number): number {
  const quote = text[open];
  for (let at = open + 1; at < text.length; at++) {
    if (text[at] === quote) return at;
    if (quote === '"' && text[at] === '\\') at++;
  }
  return -1;
}

/** `A= # note` is empty, `A=b#c` is b#c (E2). */
const unquoted = (rest: string): string => ` ${rest}`.replace(/\s#.*$/s, '').trim();

const unescaped = (inner: string): string =>
  inner.replace(/\\(.)/g, (whole, letter: string) => ESCAPES[letter] ?? whole);
