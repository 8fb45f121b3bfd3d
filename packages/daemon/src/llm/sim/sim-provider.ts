// The simulated model (D9): a Provider that answers from the text it is given, in quotes, offline
// and for nothing. Deterministic per (seed, request); every answer is labelled `sim/…`.
//   D1. Usage is exact by our counter: the stream's pieces are the tokens that are counted.
//   D2. It waits by its clock only; with no latency set it never waits.

import { KernelError } from '@hivekernel/kernel';
import { SIM_PREFIX } from '../aliases.ts';
import type { ChatChunk, ChatRequest, ChunkChoice, Delta, ModelInfo, Usage } from '../chat.ts';
import { abortError } from '../exchange.ts';
import { LLM_LIMITS } from '../llm-limits.ts';
import type { ModelLimits, Provider } from '../provider.ts';
import { countPrompt, tokenPieces } from '../tokens.ts';
import type { LlmClock } from '../wait.ts';
import { SYSTEM_CLOCK } from '../wait.ts';
import { think } from './answer.ts';
import type { SimAnswer } from './answer.ts';
import { hashText } from './chance.ts';

export interface SimOptions {
  /** Default 1. */
  readonly seed?: number | undefined;
  /** Until the first token. Default 5. */
  readonly firstTokenMs?: number | undefined;
  /** Default 2,000. 0: as fast as it can. */
  readonly tokensPerSecond?: number | undefined;
  readonly concurrentMax?: number | undefined;
  /** B7: absent: it is not governed. */
  readonly limits?: ModelLimits | undefined;
  readonly clock?: LlmClock | undefined;
}

const FIRST_TOKEN_MS = 5;
const TOKENS_PER_SECOND = 2_000;
/** Tokens a chunk where nothing is waited for; else what came due. */
const TOKENS_PER_CHUNK = 8;
const MODELS = ['opus', 'sonnet', 'mini', 'haiku'];

/** One answer on its way out. */
interface Speech {
  readonly pieces: readonly string[];
  readonly answer: SimAnswer;
  readonly usage: Usage;
  readonly finishReason: 'stop' | 'length' | 'tool_calls';
  readonly head: Pick<ChatChunk, 'id' | 'object' | 'created' | 'model'>;
}

export class SimProvider implements Provider {
  readonly name = 'sim';
  readonly simulated = true;
  readonly concurrentMax: number;
  readonly limits: ModelLimits | undefined;
  readonly #seed: number;
  readonly #firstTokenMs: number;
  readonly #tokensPerSecond: number;
  readonly #clock: LlmClock;

  constructor(options: SimOptions = {}) {
    this.#seed = options.seed ?? 1;
    this.#firstTokenMs = options.firstTokenMs ?? FIRST_TOKEN_MS;
    this.#tokensPerSecond = options.tokensPerSecond ?? TOKENS_PER_SECOND;
    this.concurrentMax = options.concurrentMax ?? LLM_LIMITS.simConcurrentMax;
    this.limits = options.limits;
    this.#clock = options.clock ?? SYSTEM_CLOCK;
  }

  models(): Promise<readonly ModelInfo[]> {
    return Promise.resolve(MODELS.map((one) => ({ id: `${SIM_PREFIX}${one}`, ownedBy: 'sim' })));
  }

  async *complete(
    request: ChatRequest,
    signal: AbortSignal,
  ): AsyncGenerator<ChatChunk, void, void> {
    try {
      const speech = await this.#prepare(request, signal);
      if (request.stream === true) yield* this.#stream(speech, signal);
      else yield await this.#whole(speech, signal);
    } catch (error) {
      throw signal.aborted ? abortError(signal) : error;
    }
  }

  async #prepare(request: ChatRequest, signal: AbortSignal): Promise<Speech> {
    if ((request.n ?? 1) > 1) {
      throw new KernelError(
        'invalid_argument',
        `The simulated model gives one answer, not ${request.n}.`,
        {
          details: { param: 'n' },
        },
      );
    }
    signal.throwIfAborted();
    const answer = await think(request, { seed: this.#seed, signal });
    const max = request.max_completion_tokens ?? request.max_tokens ?? Infinity;
    const all = tokenPieces(untilStop(answer.content, request.stop));
    const pieces = all.length > max ? all.slice(0, max) : all;
    const isCalling = answer.toolCalls.length > 0;
    const isCut = pieces.length < all.length;
    const prompt = countPrompt(request);
    const completion = isCalling ? callTokens(answer) : pieces.length;
    const id = hashText(
      `${this.#seed} ${answer.content} ${JSON.stringify(answer.toolCalls)} ${prompt}`,
    );
    return {
      pieces,
      answer,
      finishReason: isCalling ? 'tool_calls' : isCut ? 'length' : 'stop',
      usage: {
        prompt_tokens: prompt,
        completion_tokens: completion,
        total_tokens: prompt + completion,
      },
      head: {
        id: `chatcmpl-sim-${id.toString(36)}`,
        object: 'chat.completion.chunk',
        created: Math.floor(this.#clock.nowMs() / 1000),
        model: request.model.startsWith(SIM_PREFIX)
          ? request.model
          : `${SIM_PREFIX}${request.model}`,
      },
    };
  }

  async #whole(speech: Speech, signal: AbortSignal): Promise<ChatChunk> {
    await this.#wait(this.#dueMs(speech.usage.completion_tokens), signal);
    const { answer } = speech;
    const delta: Delta =
      answer.toolCalls.length > 0
        ? { role: 'assistant', content: null, tool_calls: numbered(answer) }
        : { role: 'assistant', content: speech.pieces.join('') };
    return chunkOf(speech, { delta, finishReason: speech.finishReason, usage: speech.usage });
  }

  async *#stream(speech: Speech, signal: AbortSignal): AsyncGenerator<ChatChunk, void, void> {
    const startMs = this.#clock.monoMs();
    const content = speech.answer.toolCalls.length > 0 ? null : '';
    await this.#wait(this.#firstTokenMs, signal);
    yield chunkOf(speech, { delta: { role: 'assistant', content } });
    for (const call of numbered(speech.answer))
      yield chunkOf(speech, { delta: { tool_calls: [call] } });
    for (let sent = 0; sent < speech.pieces.length;) {
      const elapsedMs = this.#clock.monoMs() - startMs;
      await this.#wait(this.#dueMs(sent + 1) - elapsedMs, signal);
      const end = Math.min(speech.pieces.length, sent + this.#chunkTokens(sent, startMs));
      yield chunkOf(speech, { delta: { content: speech.pieces.slice(sent, end).join('') } });
      sent = end;
    }
    yield chunkOf(speech, { delta: {}, finishReason: speech.finishReason });
    yield { ...speech.head, choices: [], usage: speech.usage };
  }

  /** When so many tokens are due, counted from the start. */
  #dueMs(tokens: number): number {
    if (this.#tokensPerSecond === 0) return this.#firstTokenMs;
    return this.#firstTokenMs + (tokens * 1000) / this.#tokensPerSecond;
  }

  /** What came due while it waited: a timer's grain must not slow the speech. */
  #chunkTokens(sent: number, startMs: number): number {
    if (this.#tokensPerSecond === 0) return TOKENS_PER_CHUNK;
    const elapsedMs = this.#clock.monoMs() - startMs - this.#firstTokenMs;
    const due = Math.floor((elapsedMs * this.#tokensPerSecond) / 1000);
    return Math.max(1, due - sent);
  }

  async #wait(delayMs: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (delayMs > 0) await this.#clock.sleep(delayMs, signal);
  }
}

function chunkOf(
  speech: Speech,
  said: { delta: Delta; finishReason?: string; usage?: Usage },
): ChatChunk {
  const choice: ChunkChoice = {
    index: 0,
    delta: said.delta,
    finish_reason: said.finishReason ?? null,
  };
  const usage = said.usage === undefined ? {} : { usage: said.usage };
  return { ...speech.head, choices: [choice], ...usage };
}

function numbered(
  answer: SimAnswer,
): { index: number; id: string; type: string; function: { name: string; arguments: string } }[] {
  return answer.toolCalls.map((call, index) => ({ index, ...call }));
}

function callTokens(answer: SimAnswer): number {
  return answer.toolCalls.reduce(
    (sum, { function: one }) =>
      sum + tokenPieces(one.name).length + tokenPieces(one.arguments).length,
    0,
  );
}

/** The text before the first stop sequence. */
function untilStop(text: string, stop: ChatRequest['stop']): string {
  const stops = typeof stop === 'string' ? [stop] : (stop ?? []);
  const ends = stops.filter((one) => one !== '').map((one) => text.indexOf(one));
  const end = Math.min(...ends.filter((at) => at >= 0), text.length);
  return text.slice(0, end);
}
