// Requests to one OpenAI-compatible base URL, with the key and with retries.
//   U1. Only what failed before the first byte of an answer is tried again, triesMax times in all,
//       with growing, jittered waits; `Retry-After` is obeyed, and handed on when it is too long.
//   U2. The key goes into one header and nowhere else: not into errors, whatever a provider echoes.

import { KernelError } from '@hivekernel/kernel';
import { abortError, Exchange } from './exchange.ts';
import { LLM_LIMITS } from './llm-limits.ts';
import { isRetriable, retryAfterMs, upstreamError } from './upstream-errors.ts';
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
  readonly triesMax?: number | undefined;
  readonly clock?: LlmClock | undefined;
}

interface Failure {
  readonly error: KernelError;
  readonly isRetriable: boolean;
  readonly retryAfterMs?: number | undefined;
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
    return this.#withRetries({ path, init, signal: call.signal });
  }

  /** Asks once, in short: listing must not hold anybody up. */
  async get(path: string, call: { timeoutMs: number; bytesMax: number }): Promise<string> {
    const outcome = await this.#try({
      path,
      init: { headers: this.#headers() },
      signal: AbortSignal.timeout(call.timeoutMs),
      bytesMax: call.bytesMax,
    });
    if (!(outcome instanceof Exchange)) throw outcome.error;
    return outcome.text();
  }

  /** An error object that came inside an answer. */
  refusal(status: number, body: string): KernelError {
    return upstreamError({
      provider: this.#options.name,
      status,
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

  async #withRetries(call: {
    path: string;
    init: RequestInit;
    signal: AbortSignal;
  }): Promise<Exchange> {
    for (let tries = 1; ; tries++) {
      const outcome = await this.#try({ ...call, bytesMax: LLM_LIMITS.answerBytesMax });
      if (outcome instanceof Exchange) return outcome;
      const waitMs = this.#waitMs(outcome, tries);
      if (waitMs === undefined) throw outcome.error;
      await this.#clock.sleep(waitMs, call.signal).catch(() => {
        throw abortError(call.signal);
      });
    }
  }

  /** Undefined: not again (U1). */
  #waitMs(failure: Failure, tries: number): number | undefined {
    const triesMax = this.#options.triesMax ?? LLM_LIMITS.triesMax;
    if (!failure.isRetriable || tries >= triesMax) return undefined;
    if (failure.retryAfterMs !== undefined) {
      return failure.retryAfterMs <= LLM_LIMITS.retryAfterMaxMs ? failure.retryAfterMs : undefined;
    }
    const ceilingMs = Math.min(
      LLM_LIMITS.backoffMaxMs,
      LLM_LIMITS.backoffFirstMs * 2 ** (tries - 1),
    );
    return ceilingMs * (0.5 + this.#clock.chance() / 2);
  }

  async #try(call: {
    path: string;
    init: RequestInit;
    signal: AbortSignal;
    bytesMax: number;
  }): Promise<Exchange | Failure> {
    let exchange: Exchange;
    try {
      exchange = await Exchange.open({
        provider: this.#options.name,
        url: `${this.#options.baseUrl.replace(/\/+$/, '')}/${call.path}`,
        init: call.init,
        signal: call.signal,
        firstByteTimeoutMs: this.#options.firstByteTimeoutMs ?? LLM_LIMITS.firstByteTimeoutMs,
        idleTimeoutMs: this.#options.idleTimeoutMs ?? LLM_LIMITS.idleTimeoutMs,
        bytesMax: call.bytesMax,
      });
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      return { error, isRetriable: error.code === 'unavailable' && !call.signal.aborted };
    }
    return exchange.response.ok ? exchange : this.#refused(exchange);
  }

  async #refused(exchange: Exchange): Promise<Failure> {
    const { status, headers } = exchange.response;
    const waitMs = retryAfterMs(headers, this.#clock.nowMs());
    const body = await exchange.text().catch(() => '');
    const error = upstreamError({
      provider: this.#options.name,
      status,
      body: status >= 300 && status < 400 ? redirectHint(headers) : body,
      retryAfterMs: waitMs,
      secret: this.#apiKey,
    });
    return { error, isRetriable: isRetriable(status), retryAfterMs: waitMs };
  }
}

/** A redirect is not followed: the key would go where nobody sent it. */
function redirectHint(headers: Headers): string {
  const to = headers.get('location') ?? 'another address';
  return `it moved to ${to}; set base_url to the address that answers`;
}
