// Reads one document as text and cuts texts into pieces that fit a prompt. HTML is read as its
// text; everything else as it is.
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import type { DocumentFile } from './documents.ts';

export interface Passage {
  /** The document's name. */
  readonly name: string;
  readonly text: string;
}

const HTML = /^\.(?:x?html?)$/i;
const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  mdash: '—',
  ndash: '–',
  hellip: '…',
};

export async function readText(file: Pick<DocumentFile, 'path'>): Promise<string> {
  const text = (await readFile(file.path, 'utf8')).replace(/^\uFEFF/, '').replaceAll('\r\n', '\n');
  return HTML.test(extname(file.path)) ? textOfHtml(text) : text;
}

/** Headings become Markdown headings, blocks become paragraphs, the rest of the markup goes. */
export function textOfHtml(html: string): string {
  return html
    .replace(/<!--[\s\S]*?-->/g, ' ')
    .replace(/<(script|style|noscript|svg|head)\b[\s\S]*?<\/\1\s*>/gi, ' ')
    .replace(/<h([1-6])\b[^>]*>/gi, (_tag, level: string) => `\n\n${'#'.repeat(Number(level))} `)
    .replace(/<li\b[^>]*>/gi, '\n- ')
    .replace(/<br\b[^>]*>/gi, '\n')
    .replace(/<\/?(?:p|div|section|article|ul|ol|table|tr|blockquote|pre|h[1-6])\b[^>]*>/gi, '\n\n')
    .replace(/<[^>]*>/g, ' ')
    .replace(/&(?:#(\d+)|#x([\da-f]+)|(\w+));/gi, decodeEntity)
    .replace(/[ \t]+/g, ' ')
    .replace(/ ?\n ?/g, '\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
}

function decodeEntity(entity: string, ...groups: readonly (string | undefined)[]): string {
  const [decimal, hex, name] = groups;
  if (name !== undefined) return ENTITIES[name.toLowerCase()] ?? entity;
  const code = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal);
  return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : entity;
}

/** The Markdown headings of a text; for a file without any, its first line. */
export function outlineOf(text: string, headingsMax: number): string[] {
  const headings: string[] = [];
  for (const [, heading] of text.matchAll(/^#{1,3} +(.+?)[ #]*$/gm)) {
    if (heading !== undefined) headings.push(heading.trim());
    if (headings.length === headingsMax) return headings;
  }
  if (headings.length > 0) return headings;
  const [first = ''] = text.trimStart().split('\n', 1);
  return first === '' ? [] : [first.trim().slice(0, 80)];
}

/** Cuts at paragraphs, else at lines, else anywhere; no piece is longer than `charsMax`. */
export function cut(text: string, charsMax: number): string[] {
  const pieces: string[] = [];
  let rest = text.trim();
  while (rest.length > charsMax) {
    const end = cutPlace(rest, charsMax);
    pieces.push(rest.slice(0, end).trimEnd());
    rest = rest.slice(end).trimStart();
  }
  if (rest !== '') pieces.push(rest);
  return pieces;
}

function cutPlace(text: string, charsMax: number): number {
  for (const mark of ['\n\n', '\n', ' ']) {
    const place = text.lastIndexOf(mark, charsMax);
    if (place > charsMax / 2) return place;
  }
  return charsMax;
}

/** Passages in prompts of at most `charsMax`; long documents are cut, short ones share a prompt. */
export function pack(documents: readonly Passage[], charsMax: number): Passage[][] {
  const prompts: Passage[][] = [];
  let room = 0;
  for (const { name, text } of documents) {
    for (const piece of cut(text, charsMax)) {
      if (piece.length > room) {
        prompts.push([]);
        room = charsMax;
      }
      prompts.at(-1)?.push({ name, text: piece });
      room -= piece.length;
    }
  }
  return prompts;
}
