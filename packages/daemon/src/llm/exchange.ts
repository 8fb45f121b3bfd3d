// One HTTP request to a provider and its answer, under watch: it ends when the caller's signal
// fires, when the answer is silent too long, and when it grows over its bound. Not the retries
// (upstream.ts).
//   X1. Every error that leaves is a KernelError: `timed_out`, `too_large`, `unavailable`, or what
//       the caller's signal says, `cancelled` where it says nothing of ours.
//       Where the connection failed before any answer, it may be tried again: `isRetriable`.
//   X2. After close() or the end nothing is left open: no timer, no listener, no socket in use.

import { KernelError } from '@hivekernel/kernel';

/** How long the rest of an answer may take after its end mark, to keep the connection for reuse. */
const DRAIN_MS = 1_000;

export interface ExchangeOptions {
  readonly provider: string;
  readonly url: string;
  readonly init: RequestInit;
  readonly signal: AbortSignal;
  readonly firstByteTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly bytesMax: number;
}

export class Exchange {
  readonly #options: ExchangeOptions;
  readonly #controller = new AbortController();
  readonly #onAbort = (): void => this.#controller.abort(this.#options.signal.reason);
  #timer: NodeJS.Timeout | undefined;
  #idleTimeoutMs: number;
  #isRead = false;
  #response: Response | undefined;

  private constructor(options: ExchangeOptions) {
    this.#options = options;
    this.#idleTimeoutMs = options.idleTimeoutMs;
  }

  /** Resolves with the headers of the answer, whatever its status. */
  static async open(options: ExchangeOptions): Promise<Exchange> {
    const exchange = new Exchange(options);
    await exchange.#start();
    return exchange;
  }

  get status(): number {
    return this.response.status;
  }

  get response(): Response {
    if (this.#response === undefined) throw new Error('an exchange has a response once open');
    return this.#response;
  }

  /** The answer's bytes as they come. Closes itself. */
  async *pieces(): AsyncGenerator<Uint8Array, void, void> {
    const reader = readerOf(this.response);
    let total = 0;
    try {
      while (reader !== undefined) {
        this.#watch(total === 0 ? this.#options.firstByteTimeoutMs : this.#idleTimeoutMs);
        const { done, value } = await reader.read();
        this.#unwatch();
        this.#isRead = done;
        if (done) return;
        total += value.byteLength;
        if (total > this.#options.bytesMax) throw this.#tooLarge();
        yield value;
      }
    } catch (error) {
      throw this.#translate(error);
    } finally {
      await this.close();
    }
  }

  /** Reads and drops what follows the end mark, so that the connection can be used again. */
  async drain(pieces: AsyncGenerator<Uint8Array, void, void>): Promise<void> {
    this.#idleTimeoutMs = DRAIN_MS;
    try {
      while (!(await pieces.next()).done);
    } catch {
      // The answer is whole already; how its connection ends is nobody's concern.
    }
  }

  async text(): Promise<string> {
    const decoder = new TextDecoder();
    let text = '';
    for await (const piece of this.pieces()) text += decoder.decode(piece, { stream: true });
    return text + decoder.decode();
  }

  /** Gives up what has not been read. May be called twice. */
  async close(): Promise<void> {
    this.#unwatch();
    this.#options.signal.removeEventListener('abort', this.#onAbort);
    if (this.#isRead) return;
    this.#isRead = true;
    const body = this.#response?.body;
    if (body?.locked === false) await body.cancel().catch(() => undefined);
    this.#controller.abort();
  }

  async #start(): Promise<void> {
    const { signal, url, init } = this.#options;
    if (signal.aborted) throw this.#translate(signal.reason);
    signal.addEventListener('abort', this.#onAbort, { once: true });
    this.#watch(this.#options.firstByteTimeoutMs);
    try {
      this.#response = await fetch(url, {
        ...init,
        redirect: 'manual',
        signal: this.#controller.signal,
      });
    } catch (error) {
      const failure = this.#translate(error);
      await this.close();
      throw failure;
    }
    this.#unwatch();
  }

  #watch(timeoutMs: number): void {
    this.#unwatch();
    this.#timer = setTimeout(() => {
      const message = `${this.#options.provider} was silent for ${timeoutMs} ms.`;
      this.#controller.abort(new KernelError('timed_out', message));
    }, timeoutMs);
  }

  #unwatch(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  get #isAnswered(): boolean {
    return this.#response !== undefined;
  }

  #tooLarge(): KernelError {
    const { provider, bytesMax } = this.#options;
    return new KernelError('too_large', `${provider} sent more than ${bytesMax} bytes.`);
  }

  #translate(error: unknown): KernelError {
    if (this.#options.signal.aborted) return abortError(this.#options.signal);
    if (error instanceof KernelError) return error;
    const { provider, url } = this.#options;
    const why = causeOf(error);
    return new KernelError(
      'unavailable',
      `${provider} cannot be reached at ${new URL(url).origin}: ${why}.`,
      { cause: error, details: { provider, ...(!this.#isAnswered && { isRetriable: true }) } },
    );
  }
}

/** The type of a body's pieces is left open by the declarations. */
function readerOf(response: Response): ReadableStreamDefaultReader<Uint8Array> | undefined {
  const body: ReadableStream<Uint8Array> | null = response.body;
  return body?.getReader();
}

export function abortError(signal: AbortSignal): KernelError {
  const reason: unknown = signal.reason;
  if (reason instanceof KernelError) return reason;
  return new KernelError('cancelled', 'The caller gave up the call.', { cause: reason });
}

function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause as { code?: unknown; message?: unknown } | undefined;
  const parts = [cause?.code, cause?.message].filter((part) => typeof part === 'string');
  const text = parts.length > 0 ? parts.join(' ') : error.message;
  return text.replace(/\.$/, '');
}
