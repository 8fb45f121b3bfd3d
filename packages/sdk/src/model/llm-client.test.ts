import { createServer } from 'node:http';
import type { RequestListener } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { runInTask } from '../current-task.ts';
import { HiveError } from '../hive-error.ts';
import { TestModel } from '../testing/test-model.ts';
import type { AnswerRequest } from '../testing/test-model.ts';
import { LLMClient } from './llm-client.ts';

const cleanups: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

async function clientOf(answer: AnswerRequest) {
  const model = await TestModel.start(answer);
  cleanups.push(() => model.stop());
  return { model, client: new LLMClient({ env: model.env }) };
}

/** A client of a server that answers by hand. */
async function clientOfServer(listener: RequestListener): Promise<LLMClient> {
  const server = createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  const { port } = server.address() as AddressInfo;
  return new LLMClient({ baseURL: `http://127.0.0.1:${port}/v1/` });
}

const failure = (work: Promise<unknown>): Promise<unknown> => work.catch((error: unknown) => error);

describe('LLMClient.chat()', () => {
  it('asks the endpoint of the environment and tells who answered', async () => {
    const { client, model } = await clientOf(() => 'forty-two');
    const result = await client.chat([{ role: 'user', content: 'what is it?' }], { seed: 7 });
    expect(result).toMatchObject({
      text: 'forty-two',
      finishReason: 'stop',
      model: 'test/default',
      provider: 'test',
      simulated: true,
    });
    expect(model.requests[0]).toMatchObject({ model: 'default', seed: 7 });
    expect(model.requests[0]).not.toHaveProperty('temperature');
  });

  it('counts calls and tokens', async () => {
    const { client } = await clientOf(() => 'four char answers');
    expect(await client.complete('12345678')).toBe('four char answers');
    await client.complete('12345678');
    expect(client.calls).toBe(2);
    expect([client.promptTokens, client.completionTokens, client.totalTokens]).toEqual([4, 10, 14]);
    expect(client.simulated).toBe(true);
  });

  it('passes tools on and reads the calls of the model', async () => {
    const toolCalls = [
      { id: 'c1', type: 'function', function: { name: 'add', arguments: '{"a":1}' } },
    ];
    const message = { role: 'assistant', content: null, tool_calls: toolCalls };
    const body = { model: 'm', choices: [{ message, finish_reason: 'tool_calls' }] };
    let asked = '';
    const client = await clientOfServer((request, response) => {
      request.on('data', (piece: Buffer) => (asked += piece.toString()));
      request.on('end', () => response.end(JSON.stringify(body)));
    });
    const tools = [{ name: 'add', parameters: { type: 'object' } }];
    const result = await client.chat([{ role: 'user', content: 'add' }], {
      tools,
      toolChoice: 'required',
    });
    expect(result.toolCalls).toEqual([{ id: 'c1', name: 'add', arguments: '{"a":1}' }]);
    expect(result.text).toBe('');
    expect(JSON.parse(asked)).toMatchObject({
      tools: [{ type: 'function', function: { name: 'add' } }],
      tool_choice: 'required',
    });
  });

  it.each([
    [429, 'budget_exhausted', 'budget_exhausted'],
    [429, 'rate_limit_exceeded', 'rate_limited'],
    [429, 'whatever', 'rate_limited'],
    [401, 'invalid_api_key', 'unauthenticated'],
    [400, 'bad_thing', 'invalid_argument'],
    [503, 'overloaded', 'unavailable'],
  ])('throws a HiveError for status %i with code %s', async (status, code, expected) => {
    const { client } = await clientOf(() => ({ status, error: { code, message: 'no: 12 left' } }));
    const error = await failure(client.complete('x'));
    expect(error).toBeInstanceOf(HiveError);
    expect(error).toMatchObject({ code: expected, message: 'no: 12 left', details: { status } });
  });

  it('keeps the wait that the endpoint asks for', async () => {
    const refusal = {
      status: 429,
      error: { code: '', message: 'slow down' },
      headers: { 'retry-after': '2' },
    };
    const { client } = await clientOf(() => refusal);
    expect(await failure(client.complete('x'))).toMatchObject({ details: { retryAfterMs: 2000 } });
  });

  it('says plainly when no endpoint is known, or it cannot be reached', async () => {
    const nowhere = new LLMClient({ env: {} });
    expect(await failure(nowhere.complete('x'))).toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('OPENAI_BASE_URL') as string,
    });
    const closed = new LLMClient({ baseURL: 'http://127.0.0.1:1/v1' });
    expect(await failure(closed.complete('x'))).toMatchObject({ code: 'unavailable' });
  });

  it('says so when the endpoint answers with something else than JSON', async () => {
    const client = await clientOfServer((_request, response) => response.end('<html>'));
    expect(await failure(client.complete('x'))).toMatchObject({ code: 'unavailable' });
  });

  it('ends with the signal, the deadline, or the task that it runs in (L1)', async () => {
    const { client } = await clientOf(() => new Promise<string>(() => {}));
    const abort = new AbortController();
    const aborted = failure(client.complete('x', { signal: abort.signal }));
    abort.abort();
    expect(await aborted).toMatchObject({ code: 'cancelled' });
    expect(await failure(client.complete('x', { timeoutMs: 20 }))).toMatchObject({
      code: 'timed_out',
    });
    const task = new AbortController();
    const inTask = runInTask({ id: 't1', signal: task.signal }, () =>
      failure(client.complete('x')),
    );
    task.abort(new HiveError('cancelled', 'cancelled: enough'));
    expect(await inTask).toMatchObject({ code: 'cancelled', message: 'cancelled: enough' });
  });

  it('tells the endpoint which task it works for', async () => {
    let header: string | string[] | undefined;
    const client = await clientOfServer((request, response) => {
      header = request.headers['x-hive-task'];
      response.end(
        JSON.stringify({ choices: [{ message: { content: 'ok' }, finish_reason: 'stop' }] }),
      );
    });
    const signal = new AbortController().signal;
    await runInTask({ id: 't12', signal }, () => client.complete('x'));
    expect(header).toBe('t12');
  });
});

describe('LLMClient.json()', () => {
  it('asks for the schema and reads the answer, also out of a code fence', async () => {
    const { client, model } = await clientOf(() => '```json\n{"aspects":["a"]}\n```');
    const format = { name: 'plan', schema: { type: 'object' } };
    expect(await client.json([{ role: 'user', content: 'plan' }], format)).toEqual({
      aspects: ['a'],
    });
    expect(model.requests[0]?.response_format).toEqual({
      type: 'json_schema',
      json_schema: { name: 'plan', schema: { type: 'object' }, strict: true },
    });
  });

  it('throws data_loss when the model wrote prose', async () => {
    const { client } = await clientOf(() => 'I think that');
    const format = { name: 'plan', schema: {} };
    const error = await failure(client.json([{ role: 'user', content: 'plan' }], format));
    expect(error).toMatchObject({ code: 'data_loss' });
  });
});

describe('LLMClient.stream()', () => {
  it('yields the text piece by piece and returns the whole answer', async () => {
    const { client } = await clientOf(() => 'a rather long answer, in pieces');
    const stream = client.stream([{ role: 'user', content: 'x' }]);
    const pieces: string[] = [];
    let step = await stream.next();
    while (step.done !== true) {
      pieces.push(step.value);
      step = await stream.next();
    }
    expect(pieces.length).toBeGreaterThan(2);
    expect(pieces.join('')).toBe('a rather long answer, in pieces');
    expect(step.value).toMatchObject({ text: pieces.join(''), simulated: true, provider: 'test' });
    expect(client.totalTokens).toBe(step.value.usage.totalTokens);
  });

  it('throws when the stream breaks off (L2), or carries an error', async () => {
    const half = 'data: {"choices":[{"delta":{"content":"half"}}]}\n\n';
    const cut = await clientOfServer((_request, response) => response.end(half));
    const text = async (client: LLMClient): Promise<string> => {
      let all = '';
      for await (const piece of client.stream([{ role: 'user', content: 'x' }])) all += piece;
      return all;
    };
    expect(await failure(text(cut))).toMatchObject({ code: 'unavailable' });
    const wrong = await clientOfServer((_request, response) =>
      response.end(`${half}data: {"error":{"code":"budget_exhausted","message":"spent"}}\n\n`),
    );
    expect(await failure(text(wrong))).toMatchObject({
      code: 'budget_exhausted',
      message: 'spent',
    });
    const broken = await clientOfServer((_request, response) => {
      response.write(half);
      response.socket?.destroySoon();
    });
    expect(await failure(text(broken))).toMatchObject({ code: 'unavailable' });
  });

  it('closes the connection when its reader leaves', async () => {
    const closed = Promise.withResolvers<void>();
    const client = await clientOfServer((_request, response) => {
      response.on('close', () => closed.resolve());
      response.write('data: {"choices":[{"delta":{"content":"first"}}]}\n\n');
    });
    for await (const piece of client.stream([{ role: 'user', content: 'x' }])) {
      expect(piece).toBe('first');
      break;
    }
    await closed.promise;
  });
});
