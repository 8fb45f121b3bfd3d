// A provider behind any OpenAI-compatible base URL: OpenRouter, OpenAI, a local server, and the
// fake ones of our tests. Streams and whole answers; usage is always asked for (B3).

import { KernelError, LIMITS } from '@hivekernel/kernel';
import type { ChatChunk, ChatRequest, ChunkChoice, Delta, ModelInfo, Usage } from './chat.ts';
import type { Exchange } from './exchange.ts';
import { LLM_LIMITS } from './llm-limits.ts';
import { parseModelList } from './model-list.ts';
import type { ModelLimits, Provider } from './provider.ts';
import { SseParser } from './sse.ts';
import { Upstream } from './upstream.ts';
import type { UpstreamOptions } from './upstream.ts';

export interface OpenAiCompatibleOptions extends UpstreamOptions {
  readonly concurrentMax?: number | undefined;
  readonly limits?: ModelLimits | undefined;
  readonly triesMax?: number | undefined;
  /** OpenAI's newer models refuse `max_tokens`; other servers know nothing else. */
  readonly maxTokensField?: 'max_tokens' | 'max_completion_tokens' | undefined;
}

type Json = Record<string, unknown>;

const END_MARK = '[DONE]';

export class OpenAiCompatible implements Provider {
  readonly name: string;
  readonly simulated = false;
  readonly concurrentMax: number;
  readonly limits: ModelLimits | undefined;
  readonly triesMax: number | undefined;
  readonly #upstream: Upstream;
  readonly #maxTokensField: 'max_tokens' | 'max_completion_tokens';

  constructor(options: OpenAiCompatibleOptions) {
    this.name = options.name;
    this.concurrentMax = options.concurrentMax ?? LLM_LIMITS.remoteConcurrentMax;
    this.limits = options.limits;
    this.triesMax = options.triesMax;
    this.#maxTokensField = options.maxTokensField ?? 'max_tokens';
    this.#upstream = new Upstream(options);
  }

  async *complete(
    request: ChatRequest,
    signal: AbortSignal,
  ): AsyncGenerator<ChatChunk, void, void> {
    const body = this.#bodyOf(request);
    const exchange = await this.#upstream.post('chat/completions', { body, signal });
    const kind = exchange.response.headers.get('content-type') ?? '';
    const isWhole = /json/i.test(kind) || (request.stream !== true && !/event-stream/i.test(kind));
    if (isWhole) yield this.#whole(await exchange.text(), request);
    else yield* this.#streamed(exchange, request);
  }

  async models(): Promise<readonly ModelInfo[]> {
    const body = await this.#upstream.get('models', {
      timeoutMs: LLM_LIMITS.modelListTimeoutMs,
      bytesMax: LLM_LIMITS.modelListBytesMax,
    });
    const models = parseModelList(body);
    if (models === undefined) throw this.#garbage('no list of models');
    return models;
  }

  #bodyOf(request: ChatRequest): Json {
    const { stream, stream_options: options, max_tokens: maxTokens, ...rest } = request;
    const body: Json = { ...rest };
    if (stream === true) {
      body['stream'] = true;
      body['stream_options'] = { ...options, include_usage: true };
    }
    const isNamed = body['max_completion_tokens'] !== undefined;
    if (maxTokens !== undefined && !isNamed) body[this.#maxTokensField] = maxTokens;
    return body;
  }

  #whole(body: string, request: ChatRequest): ChatChunk {
    const answer = this.#parse(body);
    const rows = asRows(answer['choices']);
    if (rows === undefined || rows.length === 0) throw this.#garbage('an answer without choices');
    const choices = rows.map(({ message, ...choice }, at) => ({
      ...choice,
      index: typeof choice['index'] === 'number' ? choice['index'] : at,
      delta: numbered(asJson(message) ?? {}),
      finish_reason: asText(choice['finish_reason']) ?? null,
    }));
    return this.#chunk(answer, { choices, model: request.model });
  }

  async *#streamed(
    exchange: Exchange,
    request: ChatRequest,
  ): AsyncGenerator<ChatChunk, void, void> {
    const pieces = exchange.pieces();
    let isFinished = false;
    let isMarked = false;
    try {
      for await (const data of eventData(pieces)) {
        isMarked = data === END_MARK;
        if (isMarked) break;
        const chunk = this.#piece(data, request);
        isFinished ||= chunk.choices.some((choice) => choice.finish_reason != null);
        yield chunk;
      }
    } finally {
      // The rest is drained in the background: it never rejects and has a deadline of its own.
      if (isMarked) void exchange.drain(pieces);
      else await exchange.close();
    }
    if (isFinished || isMarked) return;
    throw new KernelError('unavailable', `${this.name} ended its answer in the middle.`, {
      details: { provider: this.name },
    });
  }

  #piece(data: string, request: ChatRequest): ChatChunk {
    const piece = this.#parse(data);
    const rows = asRows(piece['choices']) ?? [];
    const choices = rows.map((choice, at) => ({
      ...choice,
      index: typeof choice['index'] === 'number' ? choice['index'] : at,
      delta: (asJson(choice['delta']) ?? {}) as Delta,
      finish_reason: asText(choice['finish_reason']) ?? null,
    }));
    return this.#chunk(piece, { choices, model: request.model });
  }

  #chunk(source: Json, made: { choices: ChunkChoice[]; model: string }): ChatChunk {
    const usage = usageOf(source['usage']);
    const { usage: _, ...rest } = source;
    return {
      ...rest,
      id: asText(source['id']) ?? '',
      object: 'chat.completion.chunk',
      created: typeof source['created'] === 'number' ? source['created'] : 0,
      model: asText(source['model']) ?? made.model,
      choices: made.choices,
      ...(usage === undefined ? {} : { usage }),
    };
  }

  #parse(text: string): Json {
    let parsed: unknown;
    try {
      parsed = JSON.parse(text);
    } catch {
      throw this.#garbage('something that is not JSON');
    }
    const json = asJson(parsed);
    if (json === undefined) throw this.#garbage('something that is not an object');
    const error = asJson(json['error']);
    if (error !== undefined) {
      const code = error['code'];
      throw this.#upstream.refusal(typeof code === 'number' ? code : undefined, text);
    }
    return json;
  }

  #garbage(what: string): KernelError {
    return new KernelError('unavailable', `${this.name} sent ${what}.`, {
      details: { provider: this.name },
    });
  }
}

/** The data of each event; does not end the pieces when it is left early. */
async function* eventData(
  pieces: AsyncGenerator<Uint8Array, void, void>,
): AsyncGenerator<string, void, void> {
  const parser = new SseParser();
  for (;;) {
    const next = await pieces.next();
    const events = next.done === true ? parser.end() : parser.push(next.value);
    for (const { data } of events) yield data;
    if (next.done === true) return;
  }
}

function asJson(value: unknown): Json | undefined {
  const isRecord = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isRecord ? (value as Json) : undefined;
}

function asRows(value: unknown): Json[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return (value as unknown[]).map((row) => asJson(row) ?? {});
}

function asText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** A whole message's tool calls carry no index; a delta's must. */
function numbered(message: Json): Delta {
  const calls = asRows(message['tool_calls']);
  if (calls === undefined) return message;
  return { ...message, tool_calls: calls.map((call, index) => ({ ...call, index })) };
}

/** Undefined where the provider reports none, or none that can be. */
function usageOf(value: unknown): Usage | undefined {
  const json = asJson(value);
  if (json === undefined) return undefined;
  const prompt = tokenCount(json['prompt_tokens']);
  const completion = tokenCount(json['completion_tokens']);
  if (prompt === undefined || completion === undefined) return undefined;
  const total = tokenCount(json['total_tokens']) ?? prompt + completion;
  return { ...json, prompt_tokens: prompt, completion_tokens: completion, total_tokens: total };
}

function tokenCount(value: unknown): number | undefined {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) return undefined;
  return value <= LIMITS.tokensPerReportMax ? value : undefined;
}
