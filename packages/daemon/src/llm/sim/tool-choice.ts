// Decides whether the simulated model calls a tool, and with which arguments: when the user's words
// name one that is offered, or tool_choice demands it. Each tool is called once a turn, so a
// conversation with tools always ends.

import type { ChatMessage, ChatRequest, JsonSchema, ToolCall, ToolOffer } from '../chat.ts';
import { textOf } from '../chat.ts';
import { hashText } from './chance.ts';
import type { Material } from './material.ts';
import { fillSchema } from './schema-fill.ts';
import { termsOf } from './words.ts';

const CALLS_MAX = 8;
const TEXT_CHARS_MAX = 20_000;

/** Words in tool names that say nothing about which tool is meant. */
const VERBS = new Set(termsOf('get set fetch do run make call tool function find read list new'));

interface Tool {
  readonly name: string;
  readonly description: string;
  readonly parameters: JsonSchema;
}

/** Empty: answer in words. */
export function chooseTools(request: ChatRequest, material: Material): ToolCall[] {
  const tools = offered(request.tools ?? []);
  const choice = request.tool_choice ?? 'auto';
  if (tools.length === 0 || choice === 'none') return [];
  const called = calledThisTurn(request.messages);
  const open = tools.filter(({ name }) => !called.has(name));
  if (typeof choice === 'object') {
    const demanded = open.filter(({ name }) => name === choice.function?.name);
    return demanded.map((tool) => callOf(tool, { material, request }));
  }
  const text = lastUserText(request.messages);
  const meant = open.filter((tool) => isMeant(tool, text));
  const isForced = choice === 'required' && called.size === 0;
  const chosen = meant.length > 0 || !isForced ? meant : nearest(open, text);
  const countMax = request.parallel_tool_calls === false ? 1 : CALLS_MAX;
  return chosen.slice(0, countMax).map((tool) => callOf(tool, { material, request }));
}

function offered(tools: readonly ToolOffer[]): Tool[] {
  return tools.flatMap(({ function: one }) =>
    one === undefined
      ? []
      : [{ name: one.name, description: one.description ?? '', parameters: one.parameters ?? {} }],
  );
}

/** Names of the tools called since the user last spoke. */
function calledThisTurn(messages: readonly ChatMessage[]): Set<string> {
  const lastUser = messages.findLastIndex(({ role }) => role === 'user');
  const calls = messages.slice(lastUser + 1).flatMap((message) => message.tool_calls ?? []);
  return new Set(calls.map((call) => call.function.name));
}

function lastUserText(messages: readonly ChatMessage[]): string {
  const message = messages.findLast(({ role }) => role === 'user');
  return message === undefined ? '' : textOf(message).slice(-TEXT_CHARS_MAX);
}

/** Its name stands there, or every word of the name that says something does. */
function isMeant(tool: Tool, text: string): boolean {
  if (text.toLowerCase().includes(tool.name.toLowerCase())) return true;
  const wanted = nameTerms(tool.name);
  if (wanted.length === 0) return false;
  const said = new Set(termsOf(text));
  return wanted.every((term) => said.has(term));
}

function nameTerms(name: string): string[] {
  const words = name.replace(/([a-z0-9])([A-Z])/g, '$1 $2').replaceAll('_', ' ');
  return termsOf(words).filter((term) => !VERBS.has(term));
}

/** The one whose name and description share most words with the text. */
function nearest(tools: readonly Tool[], text: string): Tool[] {
  const said = new Set(termsOf(text));
  const shared = (tool: Tool): number =>
    new Set(
      termsOf(`${tool.name.replaceAll('_', ' ')} ${tool.description}`).filter((t) => said.has(t)),
    ).size;
  const [first] = [...tools].sort((a, b) => shared(b) - shared(a));
  return first === undefined ? [] : [first];
}

function callOf(tool: Tool, from: { material: Material; request: ChatRequest }): ToolCall {
  const { material, request } = from;
  const filled = fillSchema({ schema: tool.parameters, material, isArgument: true });
  const isObject = typeof filled === 'object' && filled !== null;
  const text = JSON.stringify(isObject ? filled : {});
  const id = hashText(`${tool.name} ${text} ${request.messages.length}`).toString(36);
  return { id: `call_${id}`, type: 'function', function: { name: tool.name, arguments: text } };
}
