// The simulated model's mind: reads a request and says what it answers, without time or transport.
// In this order: a tool, a JSON document, the parts of a question, a report, an answer in quotes.

import type { ChatRequest, JsonSchema, ToolCall } from '../chat.ts';
import { Breath } from './breath.ts';
import { hashText, SimChance } from './chance.ts';
import { composeAnswer, composeReport } from './compose.ts';
import { gather } from './material.ts';
import type { Material } from './material.ts';
import { countAsked, countUnforced } from './plan.ts';
import { readPrompt } from './prompt.ts';
import type { Prompt } from './prompt.ts';
import { fillSchema } from './schema-fill.ts';
import { exampleIn, schemaOf } from './schema-resolve.ts';
import { chooseTools } from './tool-choice.ts';

export interface SimAnswer {
  readonly content: string;
  readonly toolCalls: readonly ToolCall[];
}

const ANSWER_SENTENCES = 5;
const REPORT_SENTENCES = 14;
const PARTS_DEFAULT = 4;
const COUNT_MAX = 40;
/** Beyond the first few, what is far worse than the best is left out. */
const SURE_COUNT = 3;
const WORTH_MIN = 0.22;
const SHORT_RESULT_CHARS = 400;
const ECHO_CHARS = 300;

const SPLITS = new RegExp(
  '\\b(?:split|sub-?questions?|sub-?tasks?|decompose|divide|make a plan|plan the|' +
    'break (?:it |this |the question )?(?:down|up))\\b',
  'i',
);
const REPORTS = /\b(?:report|combine|synthesi[sz]e|merge|write up|overview)\b/i;
/** "If no sentence helps, write: nothing found." */
const NOTHING = new RegExp(
  '\\bif (?:no|none|nothing)\\b[^.\\n]{0,80}?[,:] *' +
    '(?:write|say|answer|reply)[: ]+["“\']?([^"”\'.\\n]{1,80})',
  'i',
);
const PART_FIELDS = /question|quer|task|step|plan|part|goal/i;

/** Deterministic in (seed, request); the signal ends it between two slices of work. */
export async function think(
  request: ChatRequest,
  mind: { seed: number; signal: AbortSignal },
): Promise<SimAnswer> {
  const prompt = readPrompt(request);
  const chance = new SimChance(seedOf(request, mind.seed));
  const schema = wantedSchema(request, prompt);
  const isSplit = schema === undefined && isSplitting(prompt);
  const needsParts = isSplit || (schema !== undefined && PART_FIELDS.test(JSON.stringify(schema)));
  const breath = new Breath(mind.signal);
  const material = await gather({ prompt, chance, breath, needsParts });
  const toolCalls = chooseTools(request, material);
  if (toolCalls.length > 0) return { content: '', toolCalls };
  if (schema !== undefined) return { content: inJson(schema, material), toolCalls: [] };
  return { content: inWords({ request, material, isSplit }), toolCalls: [] };
}

/** Not of the whole messages, which may be megabytes: of their ends and lengths. */
function seedOf(request: ChatRequest, seed: number): number {
  const last = JSON.stringify(request.messages.at(-1) ?? '');
  const key = `${seed} ${request.seed ?? ''} ${request.messages.length} ${last.length}`;
  return hashText(`${key} ${last.slice(0, 4_000)} ${last.slice(-4_000)}`);
}

function wantedSchema(request: ChatRequest, prompt: Prompt): JsonSchema | undefined {
  const format = request.response_format;
  if (format === undefined || format.type === 'text') return undefined;
  const given = format.json_schema?.schema;
  if (given !== undefined) return given;
  const example = exampleIn(prompt.instruction);
  if (typeof example === 'object' && example !== null) return schemaOf(example);
  return ANSWER_SCHEMA;
}

/** For `json_object` without any hint of a form. */
const ANSWER_SCHEMA: JsonSchema = {
  type: 'object',
  required: ['answer', 'quotes'],
  properties: {
    answer: { type: 'string' },
    quotes: {
      type: 'array',
      items: {
        type: 'object',
        required: ['quote', 'source'],
        properties: { quote: { type: 'string' }, source: { type: 'string' } },
      },
    },
  },
};

/** What is to be done, without the question itself, which may speak of splits and reports too. */
function commandOf(prompt: Prompt): string {
  const { instruction, question } = prompt;
  return instruction.trim() === question ? instruction : instruction.replace(question, '');
}

function isSplitting(prompt: Prompt): boolean {
  return !prompt.isAfterTools && SPLITS.test(commandOf(prompt));
}

function inJson(schema: JsonSchema, material: Material): string {
  const asked = countAsked(material.prompt.instruction);
  return JSON.stringify(fillSchema({ schema, material, isArgument: false, countAsked: asked }));
}

function inWords(from: { request: ChatRequest; material: Material; isSplit: boolean }): string {
  const { material, isSplit } = from;
  const { prompt, ranked, parts } = material;
  const asked = Math.min(countAsked(prompt.instruction) ?? 0, COUNT_MAX);
  if (isSplit && parts.length > 0) {
    const chosen = parts.slice(0, asked || Math.min(PARTS_DEFAULT, countUnforced(parts)));
    return chosen.map(({ question }, at) => `${at + 1}. ${question}`).join('\n');
  }
  if (prompt.isAfterTools) {
    const short = shortResults(prompt);
    if (short !== undefined) return short;
  }
  if (ranked.length === 0) return withoutText(material);
  if (REPORTS.test(commandOf(prompt))) {
    return composeReport(prompt.question, ranked.slice(0, Math.max(asked, REPORT_SENTENCES)));
  }
  return quotes({ material, count: asked || ANSWER_SENTENCES });
}

/** Fewer than asked for where the rest of the text has no word of the question. */
function quotes({ material, count }: { material: Material; count: number }): string {
  const { prompt, ranked } = material;
  const fitting = ranked.filter(({ isFitting }) => isFitting);
  const forNothing = NOTHING.exec(prompt.instruction)?.[1];
  if (fitting.length === 0 && forNothing !== undefined) return forNothing.trim();
  const pool = fitting.length > 0 ? fitting : ranked;
  const worth = pool.filter(({ score }, at) => at < SURE_COUNT || score >= WORTH_MIN);
  return composeAnswer(worth.slice(0, count));
}

/** What tools said in a few words is the answer, whole. Undefined: too long, to be ranked. */
function shortResults(prompt: Prompt): string | undefined {
  const results = prompt.documents.map(({ name, text }) => ({ name, text: text.trim() }));
  const chars = results.reduce((sum, { text }) => sum + text.length, 0);
  if (results.length === 0 || chars > SHORT_RESULT_CHARS) return undefined;
  return results
    .map(({ name, text }) => `${text.replace(/\s*\n+\s*/g, '; ')} [${name}]`)
    .join('\n');
}

const OPENINGS = [
  'There is no text to answer from.',
  'No text was given, so there is nothing to quote.',
  'I have no document to draw an answer from.',
] as const;

/** Honest: it knows nothing by itself. */
function withoutText(material: Material): string {
  const { prompt, chance } = material;
  const asked = prompt.question.replace(/\s+/g, ' ').trim().slice(0, ECHO_CHARS);
  const opening = OPENINGS[chance.integer(OPENINGS.length)] ?? OPENINGS[0];
  const hasTexts = prompt.documents.some(({ text }) => text.trim() !== '');
  const first = hasTexts ? 'The given text has no sentence that can be quoted.' : opening;
  const echo = asked === '' ? '' : ` You asked: “${asked}”`;
  return `${first} This is the simulated model: it only draws on the text it is given.${echo}`;
}
