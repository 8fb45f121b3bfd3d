// Cuts a Markdown text into sentences that can be quoted: word for word as they stand there, but
// for line breaks. Code, tables, comments and bare links are left out; headings are kept as
// context.

export interface Document {
  readonly name: string;
  readonly text: string;
}

export interface Sentence {
  readonly text: string;
  /** The document's name; where the sentence carries a citation of its own, that. */
  readonly source: string;
  /** The document that it stands in. */
  readonly document: string;
  /** The nearest heading above; empty where there is none. */
  readonly heading: string;
  /** Its place in its section, from 0. */
  readonly position: number;
}

export interface Heading {
  readonly level: number;
  readonly text: string;
}

const CHARS_MIN = 25;
const CHARS_MAX = 700;
/** A sentence with its citations. */
const PIECE_CHARS_MAX = 1_200;
const WORDS_MIN = 5;
/** A longer line is data or one endless paragraph: no heading, no table. */
const MARKUP_LINE_CHARS_MAX = 4_000;
/** Beyond this an open code span is not looked for. */
const TICK_WINDOW_CHARS = 2_000;

const FENCE = /^\s{0,3}(`{3,}|~{3,})/;
const HEADING = /^\s{0,3}(#{1,6})\s+(.*?)\s*#*\s*$/;
const SETEXT = /^\s{0,3}(=+|-+)\s*$/;
const LIST_ITEM = /^\s*(?:[-*+•]|\d{1,3}[.)])\s+(?:\[[ xX]\]\s+)?/;
const TABLE_ROW = /^\s*\||\s\|\s.*\s\|\s/;
const NOT_PROSE =
  /^\s*(?:<\/?[a-zA-Z!][^>]*>\s*$|\[!\[|\[[^\]]+\]:\s|={3,}|\*{3,}\s*$|_{3,}\s*$|---)/;
const COMMENT_START = '<!--';
const COMMENT_END = '-->';

/** `[docs/x.md]` at an end or a beginning; not the text of a link. */
const CITATION_LAST = /\s*((?:\[[^[\]\n]{1,200}\](?!\())+)[.\s]*$/;
const CITATION_FIRST = /^((?:\[[^[\]\n]{1,200}\](?!\())+)\s*/;

const ABBREVIATION =
  /(?:^|[\s(])(?:e\.g|i\.e|etc|vs|cf|no|fig|approx|dr|mr|mrs|ms|st|inc|al|p|pp)\.$/i;
const END_MARKS = '.!?';
const WIDE_END_MARKS = '。！？';
const CLOSERS = '"\'”’)]*`_」』）';
const SENTENCE_START = /^\s*(?:\[|["'“‘(*`_]*[\p{Lu}\p{N}\p{Lo}])/u;

/** Yields every sentence worth quoting and every heading, in the order of the text. */
export function* readDocument(document: Document): Generator<Sentence | Heading, void, void> {
  const reader = new MarkdownReader(document.name);
  const { text } = document;
  for (let from = 0; from <= text.length;) {
    const end = text.indexOf('\n', from);
    const stop = end < 0 ? text.length : end;
    yield* reader.line(text.slice(from, stop));
    from = stop + 1;
  }
  yield* reader.flush();
}

export function isSentence(item: Sentence | Heading): item is Sentence {
  return 'source' in item;
}

class MarkdownReader {
  readonly #document: string;
  #fence: string | undefined;
  #isComment = false;
  #heading = '';
  #position = 0;
  #paragraph: string[] = [];
  #wasBlank = true;

  constructor(document: string) {
    this.#document = document;
  }

  *line(raw: string): Generator<Sentence | Heading, void, void> {
    const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
    if (this.#isSkipped(line)) {
      yield* this.flush();
      return;
    }
    const heading = this.#headingIn(line);
    if (heading !== undefined) {
      yield* heading.level > 0 ? this.flush() : [];
      this.#paragraph = [];
      this.#heading = heading.text;
      this.#position = 0;
      yield { level: Math.abs(heading.level), text: heading.text };
      return;
    }
    const isItem = LIST_ITEM.test(line);
    const isCode = this.#wasBlank && !isItem && /^(?: {4}|\t)/.test(line);
    this.#wasBlank = line.trim() === '';
    if (this.#wasBlank || isItem) yield* this.flush();
    if (!this.#wasBlank && !isCode) this.#add(line.replace(LIST_ITEM, ''));
  }

  *flush(): Generator<Sentence, void, void> {
    if (this.#paragraph.length === 0) return;
    const paragraph = this.#paragraph.join(' ');
    this.#paragraph = [];
    for (const piece of withCitations(splitSentences(paragraph))) {
      const sentence = this.#quotable(piece);
      if (sentence !== undefined) yield sentence;
    }
  }

  #add(line: string): void {
    const text = line.replace(/^\s*(?:>\s?)+/, '').replace(LIST_ITEM, '');
    this.#paragraph.push(text.trim());
  }

  /** Code, tables, comments, markup without prose. */
  #isSkipped(line: string): boolean {
    const fence = FENCE.exec(line)?.[1]?.slice(0, 3);
    if (this.#fence !== undefined) {
      if (fence === this.#fence) this.#fence = undefined;
      return true;
    }
    if (fence !== undefined) {
      this.#fence = fence;
      return true;
    }
    if (this.#isComment || line.includes(COMMENT_START)) {
      const start = this.#isComment ? 0 : line.indexOf(COMMENT_START);
      this.#isComment = line.indexOf(COMMENT_END, start) < 0;
      return true;
    }
    if (line.length > MARKUP_LINE_CHARS_MAX) return false;
    if (this.#paragraph.length === 1 && SETEXT.test(line)) return false;
    return TABLE_ROW.test(line) || NOT_PROSE.test(line);
  }

  /** Level below 0: the line underlines the paragraph before it. */
  #headingIn(line: string): Heading | undefined {
    if (line.length > MARKUP_LINE_CHARS_MAX) return undefined;
    const match = HEADING.exec(line);
    if (match?.[1] !== undefined) return { level: match[1].length, text: plain(match[2] ?? '') };
    const [only] = this.#paragraph;
    if (this.#paragraph.length !== 1 || only === undefined || !SETEXT.test(line)) return undefined;
    return { level: line.trim().startsWith('=') ? -1 : -2, text: plain(only) };
  }

  #quotable(piece: string): Sentence | undefined {
    if (piece.length > PIECE_CHARS_MAX) return undefined;
    const cited = CITATION_LAST.exec(piece);
    const bare = unquoted(cited === null ? piece : piece.slice(0, cited.index));
    if (!isWorthQuoting(bare)) return undefined;
    const source = cited?.[1]?.replaceAll('][', ', ').slice(1, -1) ?? this.#document;
    return {
      text: bare,
      source,
      document: this.#document,
      heading: this.#heading,
      position: this.#position++,
    };
  }
}

/** Pieces that joined by single spaces are the paragraph. Linear, whatever the text. */
function splitSentences(paragraph: string): string[] {
  const pieces: string[] = [];
  let from = 0;
  for (let at = 0; at < paragraph.length; at++) {
    const char = paragraph.charAt(at);
    const isWide = WIDE_END_MARKS.includes(char);
    if (!isWide && !END_MARKS.includes(char)) continue;
    const mark = at;
    at = skip(paragraph, { at, chars: isWide ? WIDE_END_MARKS : END_MARKS });
    at = skip(paragraph, { at, chars: CLOSERS });
    if (!isWide && !isRealEnd(paragraph, { from, end: at, mark })) {
      at--;
      continue;
    }
    pieces.push(paragraph.slice(from, at).trim());
    from = at;
    at--;
  }
  const rest = paragraph.slice(from).trim();
  if (rest !== '') pieces.push(rest);
  return pieces;
}

/** The first place at or behind `at` that is none of `chars`. */
function skip(text: string, run: { at: number; chars: string }): number {
  let { at } = run;
  while (at < text.length && run.chars.includes(text.charAt(at))) at++;
  return at;
}

function isRealEnd(text: string, at: { from: number; end: number; mark: number }): boolean {
  if (!/\s/.test(text.charAt(at.end))) return false;
  const before = text.slice(Math.max(at.from, at.mark - 12), at.mark + 1);
  if (ABBREVIATION.test(before)) return false;
  if (!SENTENCE_START.test(text.slice(at.end, at.end + 12))) return false;
  if (at.end - at.from > TICK_WINDOW_CHARS) return true;
  // A code span that is open here goes on behind.
  return text.slice(at.from, at.end).split('`').length % 2 === 1;
}

/** A citation at the beginning of a piece belongs to the sentence before it. */
function withCitations(pieces: readonly string[]): string[] {
  const out: string[] = [];
  for (const piece of pieces) {
    const cited = CITATION_FIRST.exec(piece);
    if (cited === null || out.length === 0) {
      out.push(piece);
      continue;
    }
    out.push(`${out.pop() ?? ''} ${cited[1] ?? ''}`);
    const rest = piece.slice(cited[0].length);
    if (rest !== '') out.push(rest);
  }
  return out;
}

/** A quote of a quote is the quote. */
function unquoted(text: string): string {
  const trimmed = text.trim();
  const match = /^[“"]([^“”"]+)[”"][.,;]?$/.exec(trimmed);
  return match?.[1]?.trim() ?? trimmed;
}

function isWorthQuoting(text: string): boolean {
  if (text.length < CHARS_MIN / 2 || text.length > CHARS_MAX || text.endsWith(':')) return false;
  const letters = text.match(/\p{L}/gu)?.length ?? 0;
  if (letters < text.length * 0.5) return false;
  if (/[\u3040-\u9fff\uac00-\ud7af]/.test(text)) return true;
  const words = text.split(/\s+/).length;
  const isLink = /^\[[^\]]*\]\([^)]*\)\.?$/.test(text);
  return text.length >= CHARS_MIN && words >= WORDS_MIN && !isLink;
}

/** A heading without its marks, for people. */
function plain(text: string): string {
  return text
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/[*_`]/g, '')
    .trim();
}
