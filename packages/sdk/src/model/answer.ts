// Puts a ChatResult together from what the endpoint sends: one completion, or the chunks of a
// stream. Reads only what it knows, since every provider adds fields of its own.
import { HiveError } from '../hive-error.ts';
import type { ChatResult, ToolCall } from './chat.ts';

interface WireToolCall {
  readonly index?: number;
  readonly id?: string | null;
  readonly function?: { readonly name?: string | null; readonly arguments?: string | null };
}

interface WireDelta {
  readonly content?: string | null;
  readonly tool_calls?: readonly WireToolCall[] | null;
}

interface WireChoice {
  readonly message?: WireDelta;
  readonly delta?: WireDelta;
  readonly finish_reason?: string | null;
}

/** A completion or one chunk of a streamed one. */
export interface WireAnswer {
  readonly model?: string;
  readonly choices?: readonly WireChoice[];
  readonly usage?: {
    readonly prompt_tokens?: number;
    readonly completion_tokens?: number;
    readonly total_tokens?: number;
  } | null;
  readonly hive?: { readonly provider?: string; readonly simulated?: boolean };
}

interface OpenToolCall {
  id: string;
  name: string;
  arguments: string;
}

/** More than any model asks for at once; an endpoint that sends more is broken. */
const TOOL_CALLS_MAX = 1_024;

export class AnswerBuilder {
  #text = '';
  readonly #toolCalls: OpenToolCall[] = [];
  #finishReason = '';
  #model = '';
  #provider: string;
  #simulated: boolean;
  #usage: WireAnswer['usage'];

  constructor(headers: Headers) {
    this.#provider = headers.get('x-hive-provider') ?? '';
    this.#simulated = headers.get('x-hive-simulated') === 'true';
  }

  get isFinished(): boolean {
    return this.#finishReason !== '';
  }

  /** Takes a completion or a chunk; returns the text that it added. */
  add(answer: WireAnswer): string {
    this.#model = answer.model ?? this.#model;
    this.#usage = answer.usage ?? this.#usage;
    this.#provider = answer.hive?.provider ?? this.#provider;
    this.#simulated = answer.hive?.simulated ?? this.#simulated;
    const choice = answer.choices?.[0];
    const part = choice?.delta ?? choice?.message;
    this.#finishReason = choice?.finish_reason ?? this.#finishReason;
    part?.tool_calls?.forEach((call, position) => this.#addToolCall(call, position));
    const text = part?.content ?? '';
    this.#text += text;
    return text;
  }

  result(): ChatResult {
    const promptTokens = this.#usage?.prompt_tokens ?? 0;
    const completionTokens = this.#usage?.completion_tokens ?? 0;
    const totalTokens = this.#usage?.total_tokens ?? promptTokens + completionTokens;
    return {
      text: this.#text,
      toolCalls: this.#toolCalls.filter((call): call is ToolCall => call.name !== ''),
      finishReason: this.#finishReason,
      usage: { promptTokens, completionTokens, totalTokens },
      model: this.#model,
      provider: this.#provider,
      simulated: this.#simulated,
    };
  }

  #addToolCall(part: WireToolCall, position: number): void {
    const index = part.index ?? position;
    if (!(index >= 0 && index < TOOL_CALLS_MAX)) {
      throw new HiveError('unavailable', `The model's answer has a tool call numbered ${index}.`);
    }
    while (this.#toolCalls.length <= index) {
      this.#toolCalls.push({ id: '', name: '', arguments: '' });
    }
    const call = this.#toolCalls[index];
    if (call === undefined) return;
    call.id = part.id ?? call.id;
    call.name += part.function?.name ?? '';
    call.arguments += part.function?.arguments ?? '';
  }
}
