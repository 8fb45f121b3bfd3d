// For tests: a provider that answers when the test says so. It keeps what it was asked, call by
// call, and ends with the signal as real ones do (L2).

import type { ChatChunk, ChatRequest, ModelInfo } from './chat.ts';
import { abortError } from './exchange.ts';
import type { ModelLimits, Provider } from './provider.ts';

export interface HeldCall {
  readonly request: ChatRequest;
  /** The whole answer. */
  answer(text?: string): void;
  fail(error: Error): void;
}

export class HeldProvider implements Provider {
  readonly name: string;
  readonly simulated = false;
  readonly concurrentMax: number;
  readonly limits: ModelLimits | undefined;
  readonly calls: HeldCall[] = [];

  constructor(
    options: {
      name?: string;
      concurrentMax?: number | undefined;
      limits?: ModelLimits | undefined;
    } = {},
  ) {
    this.name = options.name ?? 'held';
    this.concurrentMax = options.concurrentMax ?? 1_000;
    this.limits = options.limits;
  }

  async *complete(
    request: ChatRequest,
    signal: AbortSignal,
  ): AsyncGenerator<ChatChunk, void, void> {
    const text = Promise.withResolvers<string>();
    const onAbort = (): void => text.reject(abortError(signal));
    signal.addEventListener('abort', onAbort, { once: true });
    this.calls.push({
      request,
      answer: (words = 'Good day') => text.resolve(words),
      fail: (error) => text.reject(error),
    });
    try {
      yield wholeChunk(request.model, await text.promise);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  models(): Promise<readonly ModelInfo[]> {
    return Promise.resolve([]);
  }
}

function wholeChunk(model: string, content: string): ChatChunk {
  return {
    id: 'c',
    object: 'chat.completion.chunk',
    created: 1,
    model,
    choices: [{ index: 0, delta: { role: 'assistant', content }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 10, completion_tokens: 2, total_tokens: 12 },
  };
}
