// Reads a chat request as a person would: what is asked, and which texts are given to answer it
// from. Texts are `<document name="docs/x.md">…</document>` (also doc, file, source, findings,
// artifact …), fenced Markdown, results of tools, or simply a long message. All searches are
// linear.

import type { ChatMessage, ChatRequest } from '../chat.ts';
import { textOf } from '../chat.ts';
import { proseOf } from './json-prose.ts';
import type { Document } from './sentences.ts';

const TAGS = 'documents?|docs?|files?|sources?|findings?|artifacts?|texts?|notes?|context|report';
const OPEN_TAG = new RegExp(`<(${TAGS})((?:\\s[^<>\\n]{0,500})?)>`, 'gi');
const NAME_ATTRIBUTE =
  /\b(?:name|path|file|source|key|title|id|question)\s*=\s*(?:"([^"]*)"|'([^']*)')/i;
const FENCE_OPEN = /^(`{3,}|~{3,})\s*([\w-]*)[ \t]*([^\n`]*)$/;
const PROSE_FENCES = new Set(['', 'md', 'markdown', 'text', 'txt', 'plain', 'json']);
const FILE_NAME =
  /(?:^|[\s"'`(<[])((?:[\w@.-]+\/)*[\w@.-]+\.[a-z][a-z0-9]{0,5})(?=$|[\s"'`)>\]:,;])/i;
/** Above this a message without marks is itself the text that is asked about. */
const LONG_CHARS = 1_200;
const QUESTION_CHARS_MAX = 2_000;

export interface Prompt {
  /** What is asked, without the labels and the texts. */
  readonly question: string;
  /** The whole message without the texts: instructions, formats, examples. */
  readonly instruction: string;
  readonly documents: readonly Document[];
  /** True: the last word was a tool's. */
  readonly isAfterTools: boolean;
}

export function readPrompt(request: ChatRequest): Prompt {
  const { messages } = request;
  const lastUser = messages.findLastIndex(({ role }) => role === 'user');
  const toolNames = toolNamesOf(messages);
  const documents: Document[] = [];
  let instruction = '';
  for (const [at, message] of messages.entries()) {
    const text = textOf(message);
    if (message.role === 'tool') {
      const name = toolNames.get(message.tool_call_id ?? '') ?? message.name ?? 'tool';
      if (at > lastUser) documents.push({ name, text: proseOf(text) });
    } else if (message.role !== 'assistant') {
      const rest = takeDocuments(text, documents);
      if (at === lastUser) instruction = rest;
    }
  }
  const isAfterTools = messages.at(-1)?.role === 'tool';
  return { ...splitLong(instruction, documents), documents, isAfterTools };
}

/** A long message without marked texts is text and question in one. */
function splitLong(rest: string, documents: Document[]): { question: string; instruction: string } {
  if (documents.length > 0 || rest.length <= LONG_CHARS) {
    return { question: questionIn(rest), instruction: rest };
  }
  const paragraphs = rest.split(/\n[ \t]*\n/);
  const isAsking = (text: string): boolean => text.length < LONG_CHARS && /\?\s*$/.test(text);
  const labelled =
    labelledQuestion(rest.slice(0, LONG_CHARS)) ?? labelledQuestion(rest.slice(-LONG_CHARS));
  const first = paragraphs[0] ?? '';
  const last = paragraphs.at(-1) ?? '';
  const asking = [last, first].find(isAsking) ?? [first, last].find((one) => one.length < 400);
  const question = (labelled ?? asking ?? '').slice(0, QUESTION_CHARS_MAX);
  documents.push({ name: '', text: asking === undefined ? rest : rest.replace(asking, '') });
  return { question, instruction: question };
}

function toolNamesOf(messages: readonly ChatMessage[]): Map<string, string> {
  const names = new Map<string, string>();
  for (const { tool_calls: calls } of messages) {
    for (const call of calls ?? []) names.set(call.id, call.function.name);
  }
  return names;
}

/** Moves the marked texts of a message into `documents`; gives back what is left. */
function takeDocuments(text: string, documents: Document[]): string {
  let rest = '';
  let from = 0;
  OPEN_TAG.lastIndex = 0;
  for (let open = OPEN_TAG.exec(text); open !== null; open = OPEN_TAG.exec(text)) {
    const bodyStart = open.index + open[0].length;
    const close = `</${open[1] ?? ''}>`;
    const end = text.indexOf(close, bodyStart);
    const body = text.slice(bodyStart, end < 0 ? text.length : end);
    rest += text.slice(from, open.index);
    from = end < 0 ? text.length : end + close.length;
    addTagged({ attributes: open[2] ?? '', tag: open[1] ?? '', body }, documents);
    OPEN_TAG.lastIndex = from;
  }
  return takeFenced(rest + text.slice(from), documents);
}

/** A tag around further tags is only their wrapping. */
function addTagged(
  found: { attributes: string; tag: string; body: string },
  documents: Document[],
): void {
  const named = NAME_ATTRIBUTE.exec(found.attributes);
  const name = named?.[1] ?? named?.[2];
  const head = found.body.slice(0, 2_000);
  if (name === undefined && new RegExp(`<(?:${TAGS})\\s`, 'i').test(head)) {
    takeDocuments(found.body, documents);
    return;
  }
  documents.push({ name: name ?? '', text: proseOf(found.body) });
}

/** Fences that hold prose, or JSON, are texts; code stays in the instruction. */
function takeFenced(text: string, documents: Document[]): string {
  if (!text.includes('```') && !text.includes('~~~')) return text;
  const kept: string[] = [];
  let fence: { mark: string; name: string; lines: string[] } | undefined;
  for (const line of text.split('\n')) {
    const open = FENCE_OPEN.exec(line);
    if (fence !== undefined) {
      if (line.trim() === fence.mark) {
        documents.push({ name: fence.name, text: proseOf(fence.lines.join('\n')) });
        fence = undefined;
      } else fence.lines.push(line);
    } else if (open !== null && PROSE_FENCES.has((open[2] ?? '').toLowerCase())) {
      const before = kept.findLast((one) => one.trim() !== '') ?? '';
      const name = fileNameIn(open[3] ?? '') ?? fileNameIn(before.slice(-300)) ?? '';
      fence = { mark: open[1] ?? '', name, lines: [] };
    } else kept.push(line);
  }
  // A fence that never closes was cut: it still is the text.
  if (fence !== undefined)
    documents.push({ name: fence.name, text: proseOf(fence.lines.join('\n')) });
  return kept.join('\n');
}

function fileNameIn(text: string): string | undefined {
  return FILE_NAME.exec(text)?.[1];
}

/** The sharpest label wins: a sub-question is asked, the overall one is its background. */
const LABELS: readonly RegExp[] = [
  /^[#*\s]*(?:your |the )?(?:sub-?question|part)[*\s]*:[*\s]*(.+)$/im,
  /^[#*\s]*(?:your |the |research |overall )?question[*\s]*:[*\s]*(.+)$/im,
  /^[#*\s]*(?:your |the )?(?:task|topic|goal|query|request)[*\s]*:[*\s]*(.+)$/im,
];

function labelledQuestion(text: string): string | undefined {
  for (const label of LABELS) {
    const found = label.exec(text)?.[1]?.trim();
    if (found !== undefined && found !== '') return found;
  }
  return undefined;
}

function questionIn(rest: string): string {
  const labelled = labelledQuestion(rest);
  if (labelled !== undefined) return labelled.slice(0, QUESTION_CHARS_MAX);
  const asked = rest.slice(0, 20_000).match(/[^.!?\n]{3,500}\?/g);
  const question = asked === null ? rest.trim() : asked.map((one) => one.trim()).join(' ');
  return question.slice(0, QUESTION_CHARS_MAX);
}
