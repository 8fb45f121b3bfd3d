// LLMClient: calls a model over an OpenAI-compatible endpoint. In an agent that endpoint is the
// kernel's, which knows the caller, keeps its budget and its keys; outside, any server will do.
// Not the retries: the kernel's gateway does those. Not an agent: see llm-agent.ts.
//   L1. A call ends with its signal, its deadline, or the task that it runs in.
//   L2. A stream that broke off throws; half an answer is never taken for a whole one.
import { currentTask } from '../current-task.ts';
import type { CallOptions } from '../deadline.ts';
import { asHiveError, HiveError, messageOf } from '../hive-error.ts';
import { modelWaits } from '../open-waits.ts';
import { AnswerBuilder } from './answer.ts';
import type { WireAnswer } from './answer.ts';
import { requestToWire } from './chat.ts';
import type { ChatMessage, ChatRequest, ChatResult, JsonSchema } from './chat.ts';
import { errorInStream, errorOfResponse } from './endpoint-error.ts';
import { SseReader } from './sse.ts';
import { processMeter, TokenMeter } from './token-meter.ts';

export interface LLMClientOptions {
  /** Default: `OPENAI_BASE_URL`. */
  readonly baseURL?: string | undefined;
  /** Default: `OPENAI_API_KEY`; a local server may need none. */
  readonly apiKey?: string | undefined;
  /** Default: `default`, which the kernel takes for the process's own model. */
  readonly model?: string | undefined;
  /** Where the defaults are looked up. Default: the environment of this process. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
}

/** All of a request but its messages, and how to end the call. Default deadline: 10 minutes. */
export type ChatOptions = Omit<ChatRequest, 'messages'> & CallOptions;

export type ChatInput = readonly ChatMessage[] | ChatRequest;

const DEFAULT_TIMEOUT_MS = 600_000;
const END_OF_STREAM = '[DONE]';

export class LLMClient {
  readonly baseURL: string;
  readonly model: string;
  readonly #apiKey: string;
  readonly #meter = new TokenMeter();
  #last: ChatResult | undefined;

  constructor(options: LLMClientOptions = {}) {
    const env = options.env ?? process.env;
    this.baseURL = (options.baseURL ?? env['OPENAI_BASE_URL'] ?? '').replace(/\/+$/, '');
    this.#apiKey = options.apiKey ?? env['OPENAI_API_KEY'] ?? '';
    this.model = options.model ?? 'default';
  }

  get promptTokens(): number {
    return this.#meter.promptTokens;
  }

  get completionTokens(): number {
    return this.#meter.completionTokens;
  }

  get totalTokens(): number {
    return this.#meter.totalTokens;
  }

  /** Answers that arrived whole. */
  get calls(): number {
    return this.#meter.calls;
  }

  /** Whether the newest answer came from a simulated model. */
  get simulated(): boolean {
    return this.#last?.simulated ?? false;
  }

  /** The newest answer. */
  get last(): ChatResult | undefined {
    return this.#last;
  }

  /** One answer. Throws `budget_exhausted`, `rate_limited`, `unavailable`, … */
  async chat(input: ChatInput, options: ChatOptions = {}): Promise<ChatResult> {
    const signal = this.#signal(options);
    const request = requestOf(input, options);
    const done = this.#begin(request);
    try {
      const response = await this.#post(request, { stream: false, signal });
      const builder = new AnswerBuilder(response.headers);
      builder.add(await jsonOf(response));
      return this.#finish(builder);
    } catch (error) {
      throw endOfCall(error, signal);
    } finally {
      done();
    }
  }

  /** The answer's text as it comes; the generator returns the whole answer. */
  async *stream(input: ChatInput, options: ChatOptions = {}): AsyncGenerator<string, ChatResult> {
    const signal = this.#signal(options);
    const request = requestOf(input, options);
    const done = this.#begin(request);
    try {
      const response = await this.#post(request, { stream: true, signal });
      const builder = new AnswerBuilder(response.headers);
      yield* this.#read(response, builder);
      return this.#finish(builder);
    } catch (error) {
      throw endOfCall(error, signal);
    } finally {
      done();
    }
  }

  /** The answer's text to one prompt. */
  async complete(prompt: string, options: ChatOptions = {}): Promise<string> {
    const result = await this.chat([{ role: 'user', content: prompt }], options);
    return result.text;
  }

  /**
   * The answer as JSON of the given schema; not checked against it beyond being JSON. Throws
   * `data_loss` when the model wrote something else.
   */
  async json(
    input: ChatInput,
    format: { readonly name: string; readonly schema: JsonSchema },
    options: ChatOptions = {},
  ): Promise<unknown> {
    const result = await this.chat(input, { ...options, responseFormat: format });
    const text = result.text.replace(/^\s*```(?:json)?\s*|\s*```\s*$/g, '');
    try {
      return JSON.parse(text) as unknown;
    } catch (error) {
      const start = JSON.stringify(text.slice(0, 80));
      throw new HiveError('data_loss', `The model was asked for JSON and wrote ${start}.`, {
        cause: error,
      });
    }
  }

  #signal(options: CallOptions): AbortSignal {
    const signals = [options.signal, currentTask()?.signal].filter(
      (signal) => signal !== undefined,
    );
    return AbortSignal.any([
      ...signals,
      AbortSignal.timeout(options.timeoutMs ?? DEFAULT_TIMEOUT_MS),
    ]);
  }

  /** For a dump: call what it returns when the answer is there, or will not come. */
  #begin({ model }: ChatRequest): () => void {
    const target = model ?? this.model;
    return modelWaits.begin({ kind: 'model', target, taskId: currentTask()?.id ?? '' });
  }

  async #post(
    request: ChatRequest,
    { stream, signal }: { stream: boolean; signal: AbortSignal },
  ): Promise<Response> {
    if (this.baseURL === '') {
      const hint = 'set OPENAI_BASE_URL, or give `baseURL`; under the kernel it is always set';
      throw new HiveError('unavailable', `No model endpoint is known: ${hint}.`);
    }
    const body = { ...requestToWire(request, this.model), ...(stream && STREAMED) };
    const response = await fetch(`${this.baseURL}/chat/completions`, {
      method: 'POST',
      headers: this.#headers(),
      body: JSON.stringify(body),
      signal,
    });
    if (!response.ok) throw await errorOfResponse(response);
    return response;
  }

  #headers(): Record<string, string> {
    const taskId = currentTask()?.id;
    return {
      'content-type': 'application/json',
      ...(this.#apiKey !== '' && { authorization: `Bearer ${this.#apiKey}` }),
      ...(taskId !== undefined && { 'x-hive-task': taskId }),
    };
  }

  async *#read(response: Response, builder: AnswerBuilder): AsyncGenerator<string, void> {
    for await (const data of eventsOf(response)) {
      if (data === END_OF_STREAM) return;
      const text = builder.add(parseChunk(data));
      if (text !== '') yield text;
    }
    if (!builder.isFinished) {
      throw new HiveError('unavailable', 'The model broke off its answer in the middle.');
    }
  }

  #finish(builder: AnswerBuilder): ChatResult {
    const result = builder.result();
    this.#last = result;
    this.#meter.add(result.usage);
    processMeter.add(result.usage);
    return result;
  }
}

const STREAMED = { stream: true, stream_options: { include_usage: true } } as const;

function requestOf(input: ChatInput, options: ChatOptions): ChatRequest {
  const { signal: _signal, timeoutMs: _timeoutMs, ...fields } = options;
  return 'messages' in input ? { ...input, ...fields } : { messages: input, ...fields };
}

async function jsonOf(response: Response): Promise<WireAnswer> {
  const text = await response.text();
  try {
    return JSON.parse(text) as WireAnswer;
  } catch (error) {
    const message = `The model's endpoint answered with no JSON: ${messageOf(error)}`;
    throw new HiveError('unavailable', message, { cause: error });
  }
}

async function* eventsOf(response: Response): AsyncGenerator<string, void> {
  const reader = new SseReader();
  const body: AsyncIterable<Uint8Array> | null = response.body;
  if (body === null) return;
  for await (const bytes of body) yield* reader.push(bytes);
  yield* reader.end();
}

function parseChunk(data: string): WireAnswer {
  let chunk: WireAnswer & { readonly error?: unknown };
  try {
    chunk = JSON.parse(data) as typeof chunk;
  } catch (error) {
    throw new HiveError('unavailable', 'A piece of the model’s answer is no JSON.', {
      cause: error,
    });
  }
  if (chunk.error !== undefined && chunk.error !== null) throw errorInStream(chunk.error);
  return chunk;
}

function endOfCall(error: unknown, signal: AbortSignal): HiveError {
  if (error instanceof HiveError) return error;
  if (signal.aborted) {
    const reason: unknown = signal.reason;
    if (reason instanceof HiveError) return reason;
    const isTimeout = reason instanceof DOMException && reason.name === 'TimeoutError';
    const [code, what] = isTimeout
      ? ['timed_out', 'passed its deadline']
      : ['cancelled', 'was cancelled'];
    return new HiveError(code, `The model call ${what}.`, { cause: error });
  }
  if (error instanceof TypeError) {
    const cause = error.cause === undefined ? '' : `: ${messageOf(error.cause)}`;
    return new HiveError('unavailable', `The model's endpoint cannot be reached${cause}.`, {
      cause: error,
    });
  }
  return asHiveError(error);
}
