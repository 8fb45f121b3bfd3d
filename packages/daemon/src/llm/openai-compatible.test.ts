import type { KernelError } from '@hivekernel/kernel';
import { afterEach, describe, expect, it } from 'vitest';
import type { ChatChunk, ChatRequest } from './chat.ts';
import {
  chunk,
  completion,
  cut,
  FakeUpstream,
  hanging,
  json,
  refusal,
  stream,
  usageChunk,
} from './fake-upstream.ts';
import type { Behaviour } from './fake-upstream.ts';
import { OpenAiCompatible } from './openai-compatible.ts';
import type { OpenAiCompatibleOptions } from './openai-compatible.ts';
import { ManualClock } from './testing-clock.ts';

const KEY = 'sk-secret-123';
const never = new AbortController().signal;
const running: FakeUpstream[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.stop()));
});

async function serve(
  script: Behaviour[],
  options: Partial<OpenAiCompatibleOptions> = {},
): Promise<{ provider: OpenAiCompatible; upstream: FakeUpstream }> {
  const upstream = new FakeUpstream(...script);
  running.push(upstream);
  const baseUrl = await upstream.start();
  const provider = new OpenAiCompatible({
    name: 'fake',
    baseUrl,
    apiKey: KEY,
    clock: new ManualClock(),
    ...options,
  });
  return { provider, upstream };
}

/** A body as it is written, numbers included. */
const text200 =
  (body: string): Behaviour =>
  (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(body);
  };

const ask = (more: Partial<ChatRequest> = {}): ChatRequest => ({
  model: 'm',
  messages: [{ role: 'user', content: 'hi' }],
  ...more,
});

async function read(
  provider: OpenAiCompatible,
  request = ask(),
  signal = never,
): Promise<ChatChunk[]> {
  const chunks: ChatChunk[] = [];
  for await (const one of provider.complete(request, signal)) chunks.push(one);
  return chunks;
}

const text = (chunks: ChatChunk[]): string =>
  chunks.map((one) => one.choices[0]?.delta.content ?? '').join('');

describe('OpenAiCompatible.complete()', () => {
  it('reads a stream to its mark and asks for usage', async () => {
    const events = [
      chunk({ role: 'assistant' }),
      chunk({ content: 'Hel' }),
      chunk({ content: 'lo' }),
      chunk({}, 'stop'),
    ];
    const { provider, upstream } = await serve([stream(...events, usageChunk(7, 2), '[DONE]')]);
    const chunks = await read(provider, ask({ stream: true, temperature: 0.5 }));
    expect(text(chunks)).toBe('Hello');
    expect(chunks.at(-1)?.usage).toMatchObject({
      prompt_tokens: 7,
      completion_tokens: 2,
      total_tokens: 9,
    });
    expect(upstream.seen[0]).toMatchObject({
      path: '/v1/chat/completions',
      headers: { authorization: `Bearer ${KEY}` },
      body: { stream: true, stream_options: { include_usage: true }, temperature: 0.5 },
    });
  });

  it('uses the connection again after a stream', async () => {
    const script = [stream(chunk({ content: 'a' }, 'stop'), '[DONE]')];
    const { provider, upstream } = await serve(script);
    for (let n = 0; n < 3; n++) await read(provider, ask({ stream: true }));
    expect(upstream.seen).toHaveLength(3);
  });

  it('gives a whole answer as one chunk, unknown fields kept', async () => {
    const { provider, upstream } = await serve([
      completion('Hi.', { prompt_tokens: 3, completion_tokens: 1, cost: 0.1 }),
    ]);
    const [only, ...rest] = await read(provider);
    expect(rest).toEqual([]);
    expect(only).toMatchObject({
      system_fingerprint: 'fp',
      choices: [{ delta: { role: 'assistant', content: 'Hi.' }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 3, completion_tokens: 1, total_tokens: 4, cost: 0.1 },
    });
    expect(upstream.seen[0]?.body).not.toHaveProperty('stream_options');
  });

  it.each(['1e300', '1e15', '-1', '1.5', '"7"', 'null'])(
    'takes a usage of %s tokens as not reported (B3)',
    async (sick) => {
      for (const [prompt, answer] of [
        [sick, '1'],
        ['1', sick],
      ]) {
        const usage = `{"prompt_tokens":${prompt},"completion_tokens":${answer}}`;
        const body = `{"choices":[{"message":{"content":"hi"}}],"usage":${usage}}`;
        const { provider } = await serve([text200(body)]);
        const [whole] = await read(provider);
        expect(whole?.usage).toBeUndefined();
      }
    },
  );

  it('adds up a total that cannot be', async () => {
    const usage = { prompt_tokens: 3, completion_tokens: 1, total_tokens: -4 };
    const body = { choices: [{ message: { content: 'hi' } }], usage };
    const { provider } = await serve([json(body)]);
    expect((await read(provider))[0]?.usage).toMatchObject({ total_tokens: 4 });
  });

  it('numbers the tool calls of a whole answer', async () => {
    const call = { id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } };
    const message = { role: 'assistant', content: null, tool_calls: [call, call] };
    const { provider } = await serve([
      json({ choices: [{ message, finish_reason: 'tool_calls' }] }),
    ]);
    const [only] = await read(provider);
    expect(only?.choices[0]?.delta.tool_calls?.map(({ index }) => index)).toEqual([0, 1]);
  });

  it('renames the maximum for providers that want it', async () => {
    const options = { maxTokensField: 'max_completion_tokens' as const };
    const { provider, upstream } = await serve([completion('x')], options);
    await read(provider, ask({ max_tokens: 5 }));
    expect(upstream.seen[0]?.body).toMatchObject({ max_completion_tokens: 5 });
    expect(upstream.seen[0]?.body).not.toHaveProperty('max_tokens');
  });

  it.each([
    [refusal(429, { 'retry-after': '2' }), 'rate_limited', 2_000],
    [refusal(429, { 'retry-after': 'Thu, 01 Jan 1970 00:01:00 GMT' }), 'rate_limited', 60_000],
    [refusal(503, { 'retry-after-ms': '70' }), 'unavailable', 70],
    [refusal(500), 'unavailable', undefined],
    [json({ error: { code: 429, message: 'slow down' } }), 'rate_limited', undefined],
  ])('asks once, and says what may be tried again and when: %# (U1)', async (...row) => {
    const [behaviour, code, retryAfterMs] = row;
    const { provider, upstream } = await serve([behaviour]);
    const error: unknown = await read(provider).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code, details: { isRetriable: true } });
    expect((error as KernelError).details['retryAfterMs']).toBe(retryAfterMs);
    expect(upstream.seen).toHaveLength(1);
  });

  it('does not say so of an error inside an answer that has no status (U1)', async () => {
    const { provider } = await serve([json({ error: { code: 'bad', message: 'no' } })]);
    const error: unknown = await read(provider).catch((caught: unknown) => caught);
    expect((error as KernelError).details).not.toHaveProperty('isRetriable');
  });

  it.each([
    [400, 'invalid_argument'],
    [401, 'unavailable'],
    [402, 'unavailable'],
    [404, 'not_found'],
    [413, 'too_large'],
  ])('lets nobody repeat a %i and calls it %s', async (status, code) => {
    const { provider, upstream } = await serve([refusal(status)]);
    const error: unknown = await read(provider).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code });
    expect((error as KernelError).details).not.toHaveProperty('isRetriable');
    expect(upstream.seen).toHaveLength(1);
  });

  it('may be tried again when nobody listens, and says so', async () => {
    const { provider, upstream } = await serve([completion('x')]);
    await upstream.stop();
    await expect(read(provider)).rejects.toMatchObject({
      code: 'unavailable',
      details: { isRetriable: true },
    });
  });

  it('never shows the key, whatever the provider echoes (U2)', async () => {
    const echo = json({ error: { message: `bad key ${KEY}` } }, 401);
    const { provider } = await serve([echo]);
    const error: unknown = await read(provider).catch((caught: unknown) => caught);
    expect(String(error)).toContain('[key]');
    expect(JSON.stringify([error, provider]) + String(error)).not.toContain(KEY);
  });

  it('does not follow a redirect with the key', async () => {
    const moved: Behaviour = (_request, response) => {
      response.writeHead(308, { location: 'http://127.0.0.1:1/v2' }).end();
    };
    const { provider } = await serve([moved]);
    await expect(read(provider)).rejects.toThrow('set base_url');
  });

  it('ends with an error when the stream is cut in the middle, without another try', async () => {
    const { provider, upstream } = await serve([cut(chunk({ content: 'Hel' }))]);
    const seen: ChatChunk[] = [];
    const reading = (async () => {
      for await (const one of provider.complete(ask({ stream: true }), never)) seen.push(one);
    })();
    await expect(reading).rejects.toMatchObject({ code: 'unavailable' });
    expect(text(seen)).toBe('Hel');
    expect(upstream.seen).toHaveLength(1);
  });

  it('ends with an error when the stream ends politely but unfinished', async () => {
    const { provider } = await serve([stream(chunk({ content: 'Hel' }))]);
    await expect(read(provider, ask({ stream: true }))).rejects.toThrow('in the middle');
  });

  it('takes a finished stream without a mark', async () => {
    const { provider } = await serve([stream(chunk({ content: 'x' }, 'stop'))]);
    expect(text(await read(provider, ask({ stream: true })))).toBe('x');
  });

  it.each([
    ['text that is not JSON', stream('{not json')],
    ['a list', stream('[1]')],
    ['a page', json('<html>proxy</html>')],
    ['no choices', json({ hello: 1 })],
  ])('refuses %s', async (_what, behaviour) => {
    const { provider } = await serve([behaviour]);
    await expect(read(provider, ask({ stream: true }))).rejects.toMatchObject({
      code: 'unavailable',
    });
  });

  it('raises an error that comes inside the stream', async () => {
    const error = JSON.stringify({ error: { code: 429, message: 'slow down' }, choices: [] });
    const { provider } = await serve([stream(chunk({ content: 'x' }), error)]);
    await expect(read(provider, ask({ stream: true }))).rejects.toMatchObject({
      code: 'rate_limited',
    });
  });

  it('times out without a first byte, and when the stream falls silent', async () => {
    const silent = await serve([() => undefined], { firstByteTimeoutMs: 50 });
    await expect(read(silent.provider)).rejects.toMatchObject({ code: 'timed_out' });
    const stuck = await serve([hanging(chunk({ content: 'x' }))], { idleTimeoutMs: 50 });
    await expect(read(stuck.provider, ask({ stream: true }))).rejects.toMatchObject({
      code: 'timed_out',
    });
  });

  it('hangs up when the signal fires, before and within the answer (L2)', async () => {
    for (const behaviour of [() => undefined, hanging(chunk({ content: 'x' }))]) {
      const controller = new AbortController();
      let arrived: () => void = () => undefined;
      const arrival = new Promise<void>((resolve) => (arrived = resolve));
      const { provider, upstream } = await serve([
        async (request, response) => {
          await behaviour(request, response);
          arrived();
        },
      ]);
      const reading = read(provider, ask({ stream: true }), controller.signal);
      await arrival;
      controller.abort();
      await expect(reading).rejects.toMatchObject({ code: 'cancelled' });
      await upstream.seen[0]?.closed;
    }
  });

  it('hangs up when the reader leaves early (L2)', async () => {
    const { provider, upstream } = await serve([hanging(chunk({ content: 'x' }))]);
    for await (const one of provider.complete(ask({ stream: true }), never)) {
      expect(text([one])).toBe('x');
      break;
    }
    await upstream.seen[0]?.closed;
  });
});

describe('OpenAiCompatible.models()', () => {
  it('lists, and refuses what is no list', async () => {
    const good = await serve([
      json({ object: 'list', data: [{ id: 'a', owned_by: 'me' }, { id: 'b' }] }),
    ]);
    expect(await good.provider.models()).toEqual([
      { id: 'a', ownedBy: 'me' },
      { id: 'b', ownedBy: '' },
    ]);
    const bad = await serve([json({ hello: 1 })]);
    await expect(bad.provider.models()).rejects.toMatchObject({ code: 'unavailable' });
  });
});
