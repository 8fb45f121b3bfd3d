// The seam between the gateway and whoever computes an answer. One implementation speaks to any
// OpenAI-compatible URL, one simulates; the gateway cannot tell them apart but by `simulated`.
//   L1. complete() yields at least one chunk or throws a KernelError; it throws nothing else.
//   L2. The signal ends it at once, wherever it waits; nothing stays open behind it.
//   L3. Where the provider reports usage, the last chunk that carries it is the whole call's.

import type { ChatChunk, ChatRequest, ModelInfo } from './chat.ts';

export interface Provider {
  /** Unique among the providers of a daemon: `sim`, `openrouter`, `ollama`. */
  readonly name: string;
  /** True: nothing was paid, nobody thought. Everything it produces is labelled (D9). */
  readonly simulated: boolean;
  /** Calls under way at once; the gateway keeps the rest in line. */
  readonly concurrentMax: number;
  /** The request's `model` is already this provider's own name for it. */
  complete(request: ChatRequest, signal: AbortSignal): AsyncGenerator<ChatChunk, void, void>;
  /** What it offers. Throws `unavailable` when it cannot be asked. */
  models(): Promise<readonly ModelInfo[]>;
}
