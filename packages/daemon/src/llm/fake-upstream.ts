// For tests: an OpenAI-compatible server on loopback that does what each test scripts, request by
// request. It speaks real HTTP, so that what is tested is what runs.

import { createServer } from 'node:http';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Record<string, unknown>;
  /** Resolves when the other side went away or the answer was finished. */
  readonly closed: Promise<void>;
}

export type Behaviour = (request: SeenRequest, response: ServerResponse) => void | Promise<void>;

export class FakeUpstream {
  readonly seen: SeenRequest[] = [];
  readonly #script: Behaviour[];
  readonly #server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    const closed = new Promise<void>((resolve) => response.once('close', resolve));
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const text = Buffer.concat(pieces).toString('utf8');
      const seen: SeenRequest = {
        method: request.method ?? '',
        path: request.url ?? '',
        headers: request.headers,
        body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
        closed,
      };
      this.seen.push(seen);
      // The last one of the script stays in force.
      const act = this.#script.length > 1 ? this.#script.shift() : this.#script[0];
      void Promise.resolve(act?.(seen, response)).catch(() => response.destroy());
    });
  });

  constructor(...script: Behaviour[]) {
    this.#script = script;
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${this.port}/v1`;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

export function json(value: unknown, status = 200): Behaviour {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(typeof value === 'string' ? value : JSON.stringify(value));
  };
}

export function refusal(status: number, headers: Record<string, string> = {}): Behaviour {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(
      JSON.stringify({ error: { message: `scripted ${status}`, type: 'x', code: null } }),
    );
  };
}

export function completion(text: string, usage?: object): Behaviour {
  return json({
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1,
    model: 'fake-model',
    system_fingerprint: 'fp',
    choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }],
    ...(usage === undefined ? {} : { usage }),
  });
}

export function chunk(delta: object, finishReason: string | null = null): string {
  return JSON.stringify({
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'fake-model',
    choices: [{ index: 0, delta, finish_reason: finishReason }],
  });
}

export function usageChunk(promptTokens: number, completionTokens: number): string {
  const usage = {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
  };
  return JSON.stringify({ ...(JSON.parse(chunk({})) as object), choices: [], usage });
}

/** The events of a stream; `[DONE]` is one of them where it is wanted. */
export function stream(...events: string[]): Behaviour {
  return (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const event of events) response.write(`data: ${event}\n\n`);
    response.end();
  };
}

/** The events, and then silence. */
export function hanging(...events: string[]): Behaviour {
  return (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const event of events) response.write(`data: ${event}\n\n`);
  };
}

/** The events, and then the connection breaks. */
export function cut(...events: string[]): Behaviour {
  return (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(events.map((event) => `data: ${event}\n\n`).join(''), () => response.destroy());
  };
}
