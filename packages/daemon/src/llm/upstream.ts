// Requests to one OpenAI-compatible base URL, with the key. Not the retries (retry.ts).
//   U1. Each is sent once. What failed before the first byte of an answer and may pass by itself
//       says so in its details, `isRetriable`, with the `retryAfterMs` that was asked for.
//   U2. The key goes into one header and nowhere else: not into errors, whatever a provider echoes.

import type { KernelError } from '@hivekernel/kernel';
import { Exchange } from './exchange.ts';
import { LLM_LIMITS } from './llm-limits.ts';
import { retryAfterMs, upstreamError } from './upstream-errors.ts';
import type { LlmClock } from './wait.ts';
import { SYSTEM_CLOCK } from './wait.ts';

export interface UpstreamOptions {
  readonly name: string;
  /** With its version: `https://openrouter.ai/api/v1`. */
  readonly baseUrl: string;
  readonly apiKey?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly firstByteTimeoutMs?: number | undefined;
  readonly idleTimeoutMs?: number | undefined;
  readonly clock?: LlmClock | undefined;
}

export class Upstream {
  readonly #options: UpstreamOptions;
  readonly #clock: LlmClock;
  readonly #apiKey: string | undefined;

  constructor(options: UpstreamOptions) {
    const { apiKey, ...rest } = options;
    this.#options = rest;
    this.#apiKey = apiKey;
    this.#clock = options.clock ?? SYSTEM_CLOCK;
  }

  /** An answer of status 200-299, or the error that its refusal means. */
  async post(path: string, call: { body: unknown; signal: AbortSignal }): Promise<Exchange> {
    const init = {
      method: 'POST',
      body: JSON.stringify(call.body),
      headers: { ...this.#headers(), 'content-type': 'application/json' },
    };
    return this.#send({ path, init, signal: call.signal, bytesMax: LLM_LIMITS.answerBytesMax });
  }

  /** Asks once, in short: listing must not hold anybody up. */
  async get(path: string, call: { timeoutMs: number; bytesMax: number }): Promise<string> {
    const exchange = await this.#send({
      path,
      init: { headers: this.#headers() },
      signal: AbortSignal.timeout(call.timeoutMs),
      bytesMax: call.bytesMax,
    });
    return exchange.text();
  }

  /** An error object that came inside an answer; without a status it is final. */
  refusal(status: number | undefined, body: string): KernelError {
    return upstreamError({
      provider: this.#options.name,
      status: status ?? 502,
      isFinal: status === undefined,
      body,
      retryAfterMs: undefined,
      secret: this.#apiKey,
    });
  }

  #headers(): Record<string, string> {
    const key: Record<string, string> =
      this.#apiKey === undefined ? {} : { authorization: `Bearer ${this.#apiKey}` };
    return { accept: 'text/event-stream, application/json', ...this.#options.headers, ...key };
  }

  async #send(call: {
    path: string;
    init: RequestInit;
    signal: AbortSignal;
    bytesMax: number;
  }): Promise<Exchange> {
    const exchange = await Exchange.open({
      provider: this.#options.name,
      url: `${this.#options.baseUrl.replace(/\/+$/, '')}/${call.path}`,
      init: call.init,
      signal: call.signal,
      firstByteTimeoutMs: this.#options.firstByteTimeoutMs ?? LLM_LIMITS.firstByteTimeoutMs,
      idleTimeoutMs: this.#options.idleTimeoutMs ?? LLM_LIMITS.idleTimeoutMs,
      bytesMax: call.bytesMax,
    });
    if (exchange.response.ok) return exchange;
    throw await this.#refused(exchange);
  }

  async #refused(exchange: Exchange): Promise<KernelError> {
    const { status, headers } = exchange.response;
    const body = await exchange.text().catch(() => '');
    return upstreamError({
      provider: this.#options.name,
      status,
      body: status >= 300 && status < 400 ? redirectHint(headers) : body,
      retryAfterMs: retryAfterMs(headers, this.#clock.nowMs()),
      secret: this.#apiKey,
    });
  }
}

/** A redirect is not followed: the key would go where nobody sent it. */
function redirectHint(headers: Headers): string {
  const to = headers.get('location') ?? 'another address';
  return `it moved to ${to}; set base_url to the address that answers`;
}
