// TestModel: an OpenAI-compatible server on loopback whose answers the test decides, for tests of
// agents that ask a model. Streams in pieces when asked to. Not the simulated model of the kernel.
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

export interface TestModelRequest {
  readonly model: string;
  readonly messages: readonly { readonly role: string; readonly content: string }[];
  readonly stream?: boolean;
  readonly response_format?: { readonly type: string };
  readonly [field: string]: unknown;
}

/** The answer's text; or a refusal. */
export type TestModelAnswer =
  | string
  | {
      readonly status: number;
      readonly error: { readonly code: string; readonly message: string };
      readonly headers?: Readonly<Record<string, string>>;
    };

/** `signal` fires when the caller goes before it was answered. */
export type AnswerRequest = (
  request: TestModelRequest,
  caller: { readonly signal: AbortSignal },
) => TestModelAnswer | Promise<TestModelAnswer>;

const CHARS_PER_TOKEN = 4;
const PIECE_CHARS = 7;

export class TestModel {
  readonly requests: TestModelRequest[] = [];
  readonly #answer: AnswerRequest;
  readonly #server: Server;

  private constructor(answer: AnswerRequest) {
    this.#answer = answer;
    this.#server = createServer((request, response) => {
      void this.#serve(request, response).catch((error: unknown) =>
        response.destroy(error as Error),
      );
    });
  }

  static async start(answer: AnswerRequest): Promise<TestModel> {
    const model = new TestModel(answer);
    model.#server.listen(0, '127.0.0.1');
    await once(model.#server, 'listening');
    return model;
  }

  get baseURL(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}/v1`;
  }

  /** For a process: where its model is. */
  get env(): Record<string, string> {
    return { OPENAI_BASE_URL: this.baseURL, OPENAI_API_KEY: 'test' };
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const pieces: Buffer[] = [];
    for await (const piece of incoming) pieces.push(piece as Buffer);
    const request = JSON.parse(Buffer.concat(pieces).toString()) as TestModelRequest;
    this.requests.push(request);
    const gone = new AbortController();
    response.once('close', () => {
      if (!response.writableFinished) gone.abort();
    });
    const answer = await this.#answer(request, { signal: gone.signal });
    if (typeof answer !== 'string') {
      response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers });
      response.end(JSON.stringify({ error: answer.error }));
    } else if (request.stream === true) {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const chunk of chunksOf(request, answer)) response.write(`data: ${chunk}\n\n`);
      response.end('data: [DONE]\n\n');
    } else {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(completionOf(request, answer)));
    }
  }
}

const HIVE = { provider: 'test', simulated: true };

function usageOf(request: TestModelRequest, answer: string) {
  const chars = request.messages.reduce((sum, { content }) => sum + content.length, 0);
  const promptTokens = Math.ceil(chars / CHARS_PER_TOKEN);
  const completionTokens = Math.ceil(answer.length / CHARS_PER_TOKEN);
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
  };
}

function completionOf(request: TestModelRequest, answer: string) {
  const message = { role: 'assistant', content: answer };
  return {
    id: 'test',
    object: 'chat.completion',
    model: `test/${request.model}`,
    choices: [{ index: 0, message, finish_reason: 'stop' }],
    usage: usageOf(request, answer),
    hive: HIVE,
  };
}

function* chunksOf(request: TestModelRequest, answer: string): Generator<string> {
  const base = { id: 'test', object: 'chat.completion.chunk', model: `test/${request.model}` };
  for (let at = 0; at < answer.length; at += PIECE_CHARS) {
    const delta = { content: answer.slice(at, at + PIECE_CHARS) };
    yield JSON.stringify({ ...base, choices: [{ index: 0, delta, finish_reason: null }] });
  }
  const choices = [{ index: 0, delta: {}, finish_reason: 'stop' }];
  yield JSON.stringify({ ...base, choices, usage: usageOf(request, answer), hive: HIVE });
}
