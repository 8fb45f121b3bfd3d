// An OpenAI-compatible server for tests, of their own: it speaks real HTTP on loopback, streams
// where it is asked to, and tells a usage of its own invention, another one for each call.

import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ServedCall {
  readonly model: string;
  /** The Authorization header. */
  readonly key: string;
  readonly isStreamed: boolean;
  readonly promptTokens: number;
  readonly completionTokens: number;
}

interface ChatBody {
  readonly model: string;
  readonly messages: readonly { readonly role: string; readonly content: string }[];
  readonly stream?: boolean;
  readonly response_format?: unknown;
}

const STREAM_PIECE_CHARS = 40;

export class ModelServer {
  readonly calls: ServedCall[] = [];
  /** Calls that came and are not answered yet. */
  openCalls = 0;
  /** Which calls hang until their caller goes away. */
  mutes: 'none' | 'streams' | 'all' = 'none';
  readonly #server: Server;
  #onCall: () => void = () => undefined;

  private constructor() {
    this.#server = createServer((request, response) => {
      void this.#answer(request, response).catch(() => response.destroy());
    });
  }

  static async start(): Promise<ModelServer> {
    const server = new ModelServer();
    await new Promise<void>((resolve) => {
      server.#server.listen(0, '127.0.0.1', resolve);
    });
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`;
  }

  /** Resolves when as many calls as that are open. */
  async untilOpen(count: number): Promise<void> {
    while (this.openCalls !== count) {
      await new Promise<void>((resolve) => {
        this.#onCall = resolve;
      });
    }
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    this.#changeOpen(1);
    response.once('close', () => this.#changeOpen(-1));
    const body = JSON.parse(Buffer.concat(pieces).toString('utf8')) as ChatBody;
    if (this.mutes === 'all' || (this.mutes === 'streams' && body.stream === true)) {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.flushHeaders();
      return;
    }
    const call = this.#record(body, request.headers.authorization ?? '');
    const text = answerTo(body);
    if (call.isStreamed) stream(response, { call, text });
    else complete(response, { call, text });
  }

  #changeOpen(by: number): void {
    this.openCalls += by;
    this.#onCall();
  }

  #record(body: ChatBody, key: string): ServedCall {
    const n = this.calls.length + 1;
    const call = {
      model: body.model,
      key,
      isStreamed: body.stream === true,
      promptTokens: 1_000 + 7 * n,
      completionTokens: 100 + n,
    };
    this.calls.push(call);
    return call;
  }
}

/** A plan as JSON, a quote of each document's first sentence, or a report. */
function answerTo(body: ChatBody): string {
  const prompt = body.messages.at(-1)?.content ?? '';
  if (body.response_format !== undefined) {
    return JSON.stringify({ subquestions: ['How are boats kept safe?', 'Who pays?'] });
  }
  const documents = [...prompt.matchAll(/<document name="([^"]+)">\n# .*\n\n(.+?\.)/g)];
  if (documents.length === 0) return 'The gate and the wall keep the boats safe. [README.md]';
  return documents.map(([, name, sentence]) => `- “${sentence}” [${name}]`).join('\n');
}

const usageOf = ({ promptTokens, completionTokens }: ServedCall) => ({
  prompt_tokens: promptTokens,
  completion_tokens: completionTokens,
  total_tokens: promptTokens + completionTokens,
});

function complete(response: ServerResponse, made: { call: ServedCall; text: string }): void {
  const message = { role: 'assistant', content: made.text };
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(
    JSON.stringify({
      id: 'chatcmpl-test',
      object: 'chat.completion',
      created: 1,
      model: made.call.model,
      choices: [{ index: 0, message, finish_reason: 'stop' }],
      usage: usageOf(made.call),
    }),
  );
}

function stream(response: ServerResponse, made: { call: ServedCall; text: string }): void {
  const { call, text } = made;
  const send = (rest: object): void => {
    const chunk = { id: 'chatcmpl-test', object: 'chat.completion.chunk', created: 1 };
    response.write(`data: ${JSON.stringify({ ...chunk, model: call.model, ...rest })}\n\n`);
  };
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (let at = 0; at < text.length; at += STREAM_PIECE_CHARS) {
    const content = text.slice(at, at + STREAM_PIECE_CHARS);
    send({ choices: [{ index: 0, delta: { content }, finish_reason: null }] });
  }
  send({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] });
  send({ choices: [], usage: usageOf(call) });
  response.end('data: [DONE]\n\n');
}
