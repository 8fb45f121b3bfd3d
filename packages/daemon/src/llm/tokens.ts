// Our own token counter: simple, exact and stable, so that the simulated model's usage can be
// reproduced. It cuts text into pieces about as large as a real tokeniser's; not any vendor's one.
//   K1. The pieces joined are the text.
//   K2. A prefix that ends at a piece's end counts exactly its pieces; so streamed and cut answers
//       are counted like whole ones.

import type { ChatMessage, ChatRequest, ContentPart } from './chat.ts';

/** A word up to this length is one piece; a longer one is cut into pieces of `WORD_CUT`. */
const WORD_WHOLE = 7;
const WORD_CUT = 5;
const DIGITS_CUT = 3;
const PUNCTUATION_RUN_CUT = 4;
const SPACES_CUT = 8;

const MESSAGE_OVERHEAD = 4;
const REQUEST_OVERHEAD = 3;
/** An image or a file, whose tokens we cannot see. */
const OTHER_PART_TOKENS = 256;

type CharClass = 'space' | 'letter' | 'digit' | 'wide' | 'mark';

function classOf(code: number): CharClass {
  if (code === 32 || (code >= 9 && code <= 13)) return 'space';
  if ((code >= 97 && code <= 122) || (code >= 65 && code <= 90)) return 'letter';
  if (code >= 48 && code <= 57) return 'digit';
  if (code < 128) return 'mark';
  if (code < 0x2000) return 'letter';
  return 'wide';
}

function runEnd(text: string, start: number, kind: CharClass): number {
  let at = start + 1;
  while (at < text.length && classOf(text.charCodeAt(at)) === kind) at++;
  return at;
}

function markEnd(text: string, start: number): number {
  let at = start + 1;
  while (
    at < text.length &&
    at - start < PUNCTUATION_RUN_CUT &&
    text.charCodeAt(at) === text.charCodeAt(start)
  ) {
    at++;
  }
  return at;
}

/** A surrogate pair stays together; anything else above U+2000 is a piece of its own. */
function wideEnd(text: string, start: number): number {
  const code = text.charCodeAt(start);
  const isPair = code >= 0xd800 && code <= 0xdbff && start + 1 < text.length;
  return isPair ? start + 2 : start + 1;
}

/** Calls `take` with the end of each piece, in order. */
function eachPiece(text: string, take: (end: number) => void): void {
  let at = 0;
  while (at < text.length) {
    const kind = classOf(text.charCodeAt(at));
    if (kind === 'space') at = takeSpaces(text, { at, take });
    else if (kind === 'letter' || kind === 'digit') at = takeRun(text, { at, kind, take });
    else take((at = kind === 'mark' ? markEnd(text, at) : wideEnd(text, at)));
  }
}

/** One space before a word or a number belongs to it; longer runs are pieces of their own. */
function takeSpaces(text: string, step: { at: number; take: (end: number) => void }): number {
  const end = runEnd(text, step.at, 'space');
  const next = end < text.length ? classOf(text.charCodeAt(end)) : 'mark';
  const joins = end - step.at === 1 && (next === 'letter' || next === 'digit');
  if (joins) return takeRun(text, { at: end, kind: next, take: step.take });
  for (let at = step.at; at < end; at += SPACES_CUT) step.take(Math.min(end, at + SPACES_CUT));
  return end;
}

function takeRun(
  text: string,
  step: { at: number; kind: CharClass; take: (end: number) => void },
): number {
  const end = runEnd(text, step.at, step.kind);
  const isWhole = step.kind === 'letter' && end - step.at <= WORD_WHOLE;
  if (isWhole) {
    step.take(end);
    return end;
  }
  const cut = step.kind === 'digit' ? DIGITS_CUT : WORD_CUT;
  for (let at = step.at; at < end; at += cut) step.take(Math.min(end, at + cut));
  return end;
}

export function countTokens(text: string): number {
  let count = 0;
  eachPiece(text, () => count++);
  return count;
}

/** The pieces of `text`, in order. */
export function tokenPieces(text: string): string[] {
  const pieces: string[] = [];
  let from = 0;
  eachPiece(text, (end) => {
    pieces.push(text.slice(from, end));
    from = end;
  });
  return pieces;
}

function countContent(content: ChatMessage['content']): number {
  if (typeof content === 'string') return countTokens(content);
  if (!Array.isArray(content)) return 0;
  return (content as readonly ContentPart[]).reduce((sum, part) => {
    const isText = part.type === 'text' && typeof part['text'] === 'string';
    return sum + (isText ? countTokens(part['text']) : OTHER_PART_TOKENS);
  }, 0);
}

function countMessage(message: ChatMessage): number {
  const calls = message.tool_calls ? countTokens(JSON.stringify(message.tool_calls)) : 0;
  return MESSAGE_OVERHEAD + countContent(message.content) + calls;
}

// A request is counted by the gateway's estimate and again by the simulated model, which gets a
// copy with another model name but the same array of messages.
const counted = new WeakMap<readonly ChatMessage[], number>();

/** Prompt tokens of a request: messages, offered tools and the schema of the answer. */
export function countPrompt(request: ChatRequest): number {
  let messages = counted.get(request.messages);
  if (messages === undefined) {
    messages = request.messages.reduce((sum, message) => sum + countMessage(message), 0);
    counted.set(request.messages, messages);
  }
  const tools = request.tools?.length ? countTokens(JSON.stringify(request.tools)) : 0;
  const format = request.response_format?.json_schema
    ? countTokens(JSON.stringify(request.response_format.json_schema))
    : 0;
  return REQUEST_OVERHEAD + messages + tools + format;
}
