import { KernelError } from '@hivekernel/kernel';
import { request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { DEFAULT_ALIASES } from '../../llm/aliases.ts';
import { Catalog } from '../../llm/catalog.ts';
import type { ChatChunk } from '../../llm/chat.ts';
import { chunk, FakeUpstream, hanging, json, refusal, stream } from '../../llm/fake-upstream.ts';
import type { Behaviour } from '../../llm/fake-upstream.ts';
import { Gateway } from '../../llm/gateway.ts';
import { OpenAiCompatible } from '../../llm/openai-compatible.ts';
import type { Caller, LlmCallRecord } from '../../llm/ports.ts';
import { SimProvider } from '../../llm/sim/sim-provider.ts';
import { createHttp } from './http-server.ts';
import type { HttpServer } from './http-server.ts';

const caller: Caller = {
  pid: 7,
  name: 'lead',
  tier: 'tactical',
  model: 'mini',
  user: 'root',
  firstTokenMs: 0,
};
const KEY = 'hk-test';
/** Of a process that waits hardly any time for a first token. */
const HASTY_KEY = 'hk-hasty';
const CALLERS = new Map([
  [KEY, caller],
  [HASTY_KEY, { ...caller, pid: 8, firstTokenMs: 50 }],
]);
const cleanups: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Door {
  readonly http: HttpServer;
  readonly url: string;
  readonly records: LlmCallRecord[];
  /** Resolves with the next record. */
  readonly recorded: () => Promise<LlmCallRecord>;
  readonly upstream: FakeUpstream;
}

async function door(script: Behaviour[] = [], admit: () => void = () => undefined): Promise<Door> {
  const upstream = new FakeUpstream(...script);
  const provider = new OpenAiCompatible({
    name: 'fake',
    baseUrl: await upstream.start(),
    triesMax: 1,
  });
  cleanups.push(() => upstream.stop());
  const sim = {
    provider: new SimProvider({ firstTokenMs: 0, tokensPerSecond: 0 }),
    mapsUnknown: false,
  };
  const real = { provider, mapsUnknown: false };
  const [serving = sim, ...others] = script.length > 0 ? [real, sim] : [sim];
  const catalog = new Catalog({ serving, others, aliases: DEFAULT_ALIASES });
  const records: LlmCallRecord[] = [];
  const waiting: ((record: LlmCallRecord) => void)[] = [];
  const gateway = new Gateway({
    catalog,
    ports: {
      identify: (bearer) => CALLERS.get(bearer ?? ''),
      reserve: async ({ caller: { tier } }) => {
        admit();
        const settle = (call: LlmCallRecord): void => {
          records.push(call);
          waiting.splice(0).forEach((take) => take(call));
        };
        return { tier, instead: undefined, settle };
      },
      observe: () => undefined,
      progressed: () => undefined,
    },
  });
  const http = createHttp({
    gateway,
    health: () => ({ status: 'ok', version: '0.1.0', seq: 42 }),
    port: 0,
  });
  cleanups.push(() => http.stop({ graceMs: 0 }));
  const url = await http.start();
  const recorded = (): Promise<LlmCallRecord> => new Promise((resolve) => waiting.push(resolve));
  return { http, url, records, recorded, upstream };
}

const QUESTION = [
  {
    role: 'user',
    content:
      'Question: Who keeps the tree?\n' +
      '<document name="a.md">The kernel keeps the whole tree of processes.</document>',
  },
];

function post(url: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${KEY}`, ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

function events(text: string): string[] {
  expect(text.endsWith('\n\n')).toBe(true);
  return text
    .slice(0, -2)
    .split('\n\n')
    .map((event) => {
      expect(event.startsWith('data: ')).toBe(true);
      return event.slice('data: '.length);
    });
}

/** The status of a request whose target is written as given, in any form that HTTP has. */
function statusOfTarget(url: string, line: { method: string; target: string }): Promise<number> {
  const { hostname, port, host } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port) });
    socket.once('error', reject).once('data', (bytes: Buffer) => {
      resolve(Number(bytes.toString('latin1').split(' ')[1]));
      socket.destroy();
    });
    socket.write(`${line.method} ${line.target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  });
}

/** A request with headers that fetch does not let one set. */
function raw(url: string, headers: Record<string, string>): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    httpRequest(url, { headers }, (response) => resolve(response.resume()))
      .on('error', reject)
      .end();
  });
}

describe('GET /healthz', () => {
  it('answers without a key', async () => {
    const { url } = await door();
    const response = await fetch(`${url}/healthz`);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ status: 'ok', version: '0.1.0', seq: 42 });
  });
});

describe('every request', () => {
  it.each([
    ['a rebound name', { host: 'evil.example' }, 403],
    ['a rebound name with a port', { host: 'evil.example:7700' }, 403],
    ['a foreign page', { host: 'localhost', origin: 'https://evil.example' }, 403],
    ['a page without an address', { host: 'localhost', origin: 'null' }, 403],
    ['a page of this machine', { host: 'localhost:1', origin: 'http://127.0.0.1:5173' }, 200],
    ['the v6 name', { host: '[::1]:7700' }, 200],
  ])('is checked for its Host and Origin: %s (H1)', async (_what, headers, status) => {
    const { url } = await door();
    expect((await raw(`${url}/healthz`, headers)).statusCode).toBe(status);
  });

  it.each([
    ['GET', '/%761/models'],
    ['GET', '/v%31/models'],
    ['GET', '/v1%2Fmodels'],
    ['GET', 'HERE/v1/models'],
    ['GET', 'HERE/%761/models'],
    ['GET', '//v1/models'],
    ['GET', '/v1/../v1/models'],
    ['POST', '/%761/chat/completions'],
    ['POST', 'HERE/v1/chat/completions'],
  ])(
    'gives nothing of /v1 without a key, however it is written: %s %s (H1)',
    async (method, to) => {
      const { url } = await door();
      const target = to.replace('HERE', url);
      expect([401, 404]).toContain(await statusOfTarget(url, { method, target }));
    },
  );

  it.each([
    ['POST', '/v1/chat/completions', undefined],
    ['GET', '/v1/models', undefined],
    ['GET', '/v1/models', 'Bearer wrong'],
    ['GET', '/v1/models', `Basic ${KEY}`],
  ])('needs a key under /v1: %s %s %s (H1)', async (method, path, authorization) => {
    const { url } = await door();
    const headers = authorization === undefined ? {} : { authorization };
    const response = await fetch(url + path, { method, headers });
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({
      error: { type: 'authentication_error', code: 'unauthenticated', param: null },
    });
  });

  it('is told when there is nothing at its path', async () => {
    const { url } = await door();
    const response = await fetch(`${url}/nothing?x=1`);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({
      error: { message: 'There is nothing at GET /nothing.' },
    });
  });
});

describe('POST /v1/chat/completions', () => {
  it('answers whole, labelled as simulated', async () => {
    const { url, records } = await door();
    const response = await post(url, { model: 'mini', messages: QUESTION });
    expect(response.headers.get('x-hive-simulated')).toBe('true');
    expect(await response.json()).toMatchObject({
      object: 'chat.completion',
      model: 'sim/mini',
      choices: [
        { message: { content: '- “The kernel keeps the whole tree of processes.” [a.md]' } },
      ],
      hive: { provider: 'sim', simulated: true },
    });
    expect(records).toMatchObject([{ pid: 7, outcome: 'ok', streamed: false }]);
  });

  it('streams events to [DONE], the last chunk labelled', async () => {
    const { url, records } = await door();
    const response = await post(
      url,
      { model: '', messages: QUESTION, stream: true, stream_options: { include_usage: true } },
      { 'x-hive-task': 't5' },
    );
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    expect(response.headers.get('x-hive-simulated')).toBe('true');
    const all = events(await response.text());
    expect(all.pop()).toBe('[DONE]');
    const chunks = all.map((one) => JSON.parse(one) as ChatChunk);
    const said = chunks.map((one) => one.choices[0]?.delta.content ?? '').join('');
    expect(said).toContain('keeps the whole tree');
    const [record] = records;
    expect(chunks.at(-1)).toMatchObject({
      choices: [],
      usage: { prompt_tokens: record?.promptTokens, completion_tokens: record?.completionTokens },
      hive: { provider: 'sim', simulated: true },
    });
    expect(record).toMatchObject({ taskId: 't5', alias: 'mini', streamed: true, outcome: 'ok' });
  });

  it.each([
    ['{not json', 400, 'invalid_argument', null],
    [{}, 400, 'invalid_argument', 'messages'],
    [{ messages: [] }, 400, 'invalid_argument', 'messages'],
    [{ messages: [{ role: 'king', content: 'x' }] }, 400, 'invalid_argument', 'messages.0.role'],
    [{ messages: QUESTION, max_tokens: -1 }, 400, 'invalid_argument', 'max_tokens'],
    [{ messages: QUESTION, temperature: 'hot' }, 400, 'invalid_argument', 'temperature'],
    [{ messages: QUESTION, n: 2 }, 400, 'invalid_argument', 'n'],
  ])('refuses %j in the words of OpenAI', async (body, status, code, param) => {
    const { url } = await door();
    const response = await post(url, body);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({
      error: { type: 'invalid_request_error', code, param },
    });
  });

  it('refuses a body over the bound', async () => {
    const { url } = await door();
    const response = await post(
      url,
      JSON.stringify({ messages: [{ role: 'user', content: 'x'.repeat(17 * 1024 * 1024) }] }),
    );
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ error: { code: 'too_large' } });
  });

  it('passes unknown fields on and nulls not', async () => {
    const answer = json({
      choices: [{ message: { role: 'assistant', content: 'x' }, finish_reason: 'stop' }],
    });
    const { url, upstream } = await door([answer]);
    await post(url, { model: 'm', messages: QUESTION, reasoning: { effort: 'low' }, stop: null });
    expect(upstream.seen[0]?.body).toMatchObject({ reasoning: { effort: 'low' } });
    expect(upstream.seen[0]?.body).not.toHaveProperty('stop');
    expect(upstream.seen[0]?.headers).not.toHaveProperty('authorization');
  });

  it('says that a budget is empty without a hint to try again', async () => {
    const { url } = await door([], () => {
      throw new KernelError('budget_exhausted', 'Process 7 has no tokens left.');
    });
    const response = await post(url, { model: 'mini', messages: QUESTION });
    expect(response.status).toBe(429);
    expect(response.headers.get('retry-after')).toBeNull();
    expect(response.headers.get('x-should-retry')).toBe('false');
    expect(await response.json()).toMatchObject({ error: { code: 'budget_exhausted' } });
  });

  it('hands a provider’s Retry-After on, also for streams', async () => {
    const { url } = await door([refusal(429, { 'retry-after': '90' })]);
    for (const isStream of [false, true]) {
      const response = await post(url, { model: 'm', messages: QUESTION, stream: isStream });
      expect([response.status, response.headers.get('retry-after')]).toEqual([429, '90']);
    }
  });

  it.each([true, false])(
    'gives a call up without a first token, and tells the caller: stream %j (S6)',
    async (isStream) => {
      const { url, upstream } = await door([() => undefined]);
      const body = { model: 'm/slow', messages: QUESTION, stream: isStream };
      const response = await post(url, body, { authorization: `Bearer ${HASTY_KEY}` });
      expect(response.status).toBe(504);
      expect(await response.json()).toMatchObject({
        error: {
          code: 'timed_out',
          message: expect.stringMatching(/^m\/slow at fake gave no first token within 0\.05 s/),
        },
      });
      await upstream.seen[0]?.closed;
    },
  );

  it('ends a stream that fails with an error event', async () => {
    const { url } = await door([stream(chunk({ content: 'Hel' }))]);
    const response = await post(url, { model: 'm', messages: QUESTION, stream: true });
    const all = events(await response.text());
    expect(all).toHaveLength(2);
    expect(JSON.parse(all[1] ?? '')).toMatchObject({ error: { code: 'unavailable' } });
  });

  it.each([true, false])(
    'ends the provider’s call when the client goes away (stream %s)',
    async (isStream) => {
      let arrived: () => void = () => undefined;
      const arrival = new Promise<void>((resolve) => (arrived = resolve));
      const hang: Behaviour = async (request, response) => {
        if (isStream) await hanging(chunk({ content: 'x' }))(request, response);
        arrived();
      };
      const { url, upstream, recorded } = await door([hang]);
      const controller = new AbortController();
      const record = recorded();
      const calling = fetch(`${url}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${KEY}` },
        body: JSON.stringify({ model: 'm', messages: QUESTION, stream: isStream }),
        signal: controller.signal,
      }).catch(() => undefined);
      await arrival;
      if (isStream) await calling;
      controller.abort();
      expect(await record).toMatchObject({ outcome: 'aborted' });
      await upstream.seen[0]?.closed;
      await calling;
    },
  );

  it('reads from the provider no faster than the client does', async () => {
    let written = 0;
    let isBlocked: () => void = () => undefined;
    const blocked = new Promise<void>((resolve) => (isBlocked = resolve));
    const big = `data: ${chunk({ content: 'x'.repeat(64 * 1024) })}\n\n`;
    const flood: Behaviour = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const pour = (): void => {
        while (written < 1_000 && !response.destroyed) {
          written++;
          if (!response.write(big)) {
            setTimeout(isBlocked, 300).unref();
            response.once('drain', pour);
            return;
          }
        }
      };
      pour();
    };
    const { url, recorded } = await door([flood]);
    const record = recorded();
    const socket = connect({ host: '127.0.0.1', port: Number(new URL(url).port) });
    const body = JSON.stringify({ model: 'm', messages: QUESTION, stream: true });
    const path = '/v1/chat/completions';
    const head = `POST ${path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${KEY}`;
    const length = Buffer.byteLength(body);
    socket.pause();
    socket.write(
      `${head}\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n${body}`,
    );
    await blocked;
    // 64 MiB would come; the sockets on the way hold a small part of it.
    expect(written).toBeLessThan(500);
    socket.destroy();
    expect(await record).toMatchObject({ outcome: 'aborted' });
  });
});

describe('GET /v1/models', () => {
  it('lists aliases and models', async () => {
    const { url } = await door();
    const response = await fetch(`${url}/v1/models`, {
      headers: { authorization: `Bearer ${KEY}` },
    });
    const list = (await response.json()) as { object: string; data: { id: string }[] };
    expect(list.object).toBe('list');
    expect(list.data.map(({ id }) => id)).toEqual(expect.arrayContaining(['opus', 'sim/opus']));
  });
});

describe('start() and stop()', () => {
  it('may be called unstarted, twice, and again', async () => {
    const { http } = await door();
    await http.stop();
    await http.stop();
    expect(http.url).toBeUndefined();
    const again = await http.start();
    expect(await http.start()).toBe(again);
    expect((await fetch(`${again}/healthz`)).status).toBe(200);
  });

  it('end as the last call says, after 50 races', async () => {
    const { http } = await door();
    const calls: Promise<unknown>[] = [];
    for (let n = 0; n < 50; n++) calls.push(n % 3 === 0 ? http.start() : http.stop({ graceMs: 0 }));
    await Promise.all(calls);
    expect(http.url).toBeUndefined();
    expect((await fetch(`${await http.start()}/healthz`)).status).toBe(200);
  });

  it('refuses a port that is taken, and a host that others reach', async () => {
    const { url, http } = await door();
    await http.stop();
    const taken = await door();
    const options = {
      gateway: {} as Gateway,
      health: () => ({ status: 'ok' as const, version: '', seq: 0 }),
    };
    const busy = createHttp({ ...options, port: Number(new URL(taken.url).port) });
    await expect(busy.start()).rejects.toMatchObject({ code: 'conflict' });
    await busy.stop();
    const open = createHttp({ ...options, port: 0, host: '0.0.0.0' });
    await expect(open.start()).rejects.toMatchObject({ code: 'invalid_argument' });
    expect(url).toContain('127.0.0.1');
  });

  it('end open streams within the grace (H2)', async () => {
    const { http, url, upstream } = await door([hanging(chunk({ content: 'x' }))]);
    const response = await post(url, { model: 'm', messages: QUESTION, stream: true });
    await http.stop({ graceMs: 50 }); // The stream itself would never end.
    const all = events(await response.text());
    expect(JSON.parse(all.at(-1) ?? '')).toMatchObject({ error: { code: 'unavailable' } });
    await upstream.seen[0]?.closed;
  });
});
