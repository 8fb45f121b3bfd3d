// Writes server-sent events to one response, as fast as its reader reads and no faster.
// Not what the events mean (chat-route.ts), and not their reading (llm/sse.ts).

import type { ServerResponse } from 'node:http';
import { abortError } from '../../llm/exchange.ts';

export class EventWriter {
  readonly #response: ServerResponse;
  readonly #signal: AbortSignal;

  constructor(response: ServerResponse, signal: AbortSignal) {
    this.#response = response;
    this.#signal = signal;
  }

  head(headers: Readonly<Record<string, string>>): void {
    this.#response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
      ...headers,
    });
  }

  /** Resolves when there is room for the next one. Rejects when the signal fires. */
  async data(text: string): Promise<void> {
    if (this.#signal.aborted) throw abortError(this.#signal);
    if (this.#response.write(`data: ${text}\n\n`)) return;
    await this.#drained();
  }

  end(): void {
    if (!this.#response.writableEnded) this.#response.end();
  }

  #drained(): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (): void => {
        this.#response.off('drain', onDrain);
        this.#signal.removeEventListener('abort', onAbort);
      };
      const onDrain = (): void => {
        done();
        resolve();
      };
      const onAbort = (): void => {
        done();
        reject(abortError(this.#signal));
      };
      this.#response.once('drain', onDrain);
      this.#signal.addEventListener('abort', onAbort, { once: true });
    });
  }
}
