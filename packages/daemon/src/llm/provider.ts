// The seam between the gateway and whoever computes an answer. One implementation speaks to any
// OpenAI-compatible URL, one simulates; the gateway cannot tell them apart but by `simulated`.
//   L1. complete() yields at least one chunk or throws a KernelError; it throws nothing else. It
//       tries once; an error that may pass by itself says `isRetriable` in its details.
//   L2. The signal ends it at once, wherever it waits; nothing stays open behind it.
//   L3. Where the provider reports usage, the last chunk that carries it is the whole call's.

import type { ChatChunk, ChatRequest, ModelInfo } from './chat.ts';

/** B7: of one model at one provider, for all agents together; 0: no limit. */
export interface ModelLimits {
  readonly requestsPerMinuteMax: number;
  readonly tokensPerMinuteMax: number;
  readonly concurrentMax: number;
}

export const NO_LIMITS: ModelLimits = {
  requestsPerMinuteMax: 0,
  tokensPerMinuteMax: 0,
  concurrentMax: 0,
};

export interface Provider {
  /** Unique among the providers of a daemon: `sim`, `openrouter`, `ollama`. */
  readonly name: string;
  /** True: nothing was paid, nobody thought. Everything it produces is labelled (D9). */
  readonly simulated: boolean;
  /** Calls under way at once; the gateway keeps the rest in line. */
  readonly concurrentMax: number;
  /** B7: of each of its models; absent: none. */
  readonly limits?: ModelLimits | undefined;
  /** Tries of one call, the first included; absent: the gateway's own bound. */
  readonly triesMax?: number | undefined;
  /** The request's `model` is already this provider's own name for it. */
  complete(request: ChatRequest, signal: AbortSignal): AsyncGenerator<ChatChunk, void, void>;
  /** What it offers. Throws `unavailable` when it cannot be asked. */
  models(): Promise<readonly ModelInfo[]>;
}
