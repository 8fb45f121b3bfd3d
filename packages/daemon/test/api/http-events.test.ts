// GET /v1/events over a real port: both forms, every way back, and what is refused.
import { createConnection } from 'node:net';
import type { Socket } from 'node:net';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createHttp } from '../../src/api/http/http-server.ts';
import type { HttpServer } from '../../src/api/http/http-server.ts';
import type { EventsRouteOptions } from '../../src/api/http/events-route.ts';
import { AccessKeys } from '../../src/boot/access-keys.ts';
import { DEFAULT_ALIASES } from '../../src/llm/aliases.ts';
import { Catalog } from '../../src/llm/catalog.ts';
import { Gateway } from '../../src/llm/gateway.ts';
import { SimProvider } from '../../src/llm/sim/sim-provider.ts';
import { DoorGround, TOKEN } from './door-ground.ts';

let ground: DoorGround;
let http: HttpServer;
let url: string;
let ending: AbortController;
const keys = new AccessKeys(TOKEN);

beforeEach(async () => {
  ground = await DoorGround.open();
  ending = new AbortController();
  await serve();
});
afterEach(async () => {
  ending.abort();
  await http.stop({ graceMs: 0 });
  await ground.close();
});

async function serve(wish: Partial<EventsRouteOptions> = {}): Promise<void> {
  const { host, feed } = ground;
  const provider = new SimProvider({ firstTokenMs: 0, tokensPerSecond: 0 });
  const serving = { provider, mapsUnknown: false };
  const ports = {
    identify: () => undefined,
    reserve: () => Promise.reject(new Error('no model is called here')),
    observe: () => undefined,
    progressed: () => undefined,
  };
  const catalog = new Catalog({ serving, others: [], aliases: DEFAULT_ALIASES });
  http = createHttp({
    gateway: new Gateway({ catalog, ports }),
    health: () => ({ status: 'ok', version: '0', seq: 0 }),
    port: 0,
    events: {
      ...{ host, feed, ...wish },
      holderOf: (key) => {
        const holder = keys.holderOf(key);
        if (holder === undefined) return undefined;
        return 'operator' in holder ? 'operator' : 'process';
      },
    },
  });
  url = await http.start();
}

const get = (query = '', headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${url}/v1/events${query}`, {
    headers: { authorization: `Bearer ${TOKEN}`, ...headers },
    signal: ending.signal,
  });

interface Told {
  readonly id?: string;
  readonly seq?: number;
  readonly type: string;
  readonly pid?: number;
}

const jsonOf = (line: string): Told => JSON.parse(line) as Told;

/** All of a stream that ends. */
async function lines(query: string, headers: Record<string, string> = {}): Promise<Told[]> {
  const text = await (await get(`?format=jsonl&${query}`, headers)).text();
  return text.split('\n').filter(Boolean).map(jsonOf);
}

const idsOf = (told: readonly Told[]): (string | undefined)[] => told.map(({ id }) => id);

/** What a stream says, block by block. */
async function* blocks(response: Response, end: string): AsyncGenerator<string> {
  let text = '';
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    const parts = (text + chunk).split(end);
    text = parts.pop() ?? '';
    yield* parts;
  }
}

async function next(
  from: AsyncGenerator<string>,
  isIt: (block: string) => boolean,
): Promise<string> {
  for (;;) {
    const { value, done } = await from.next();
    if (done === true) throw new Error('the stream is over');
    if (isIt(value)) return value;
  }
}

const isData = (block: string): boolean => /^data: /m.test(block);

describe('GET /v1/events', () => {
  it('tells what is kept as server-sent events whose ids are seqs, then what happens', async () => {
    await ground.log(2);
    const response = await get();
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(response.headers.get('cache-control')).toContain('no-cache');
    const stream = blocks(response, '\n\n');
    expect(await next(stream, () => true)).toBe('retry: 1000');
    for (let seq = 1; seq <= ground.host.durableSeq; seq += 1) {
      const block = await next(stream, isData);
      expect(block).toMatch(new RegExp(`^id: ${seq}\ndata: {"id":"${seq}","seq":${seq},`));
    }
    expect(await next(stream, () => true)).toBe(`: live\nid: ${ground.host.durableSeq}`);
    await ground.log(1);
    expect(await next(stream, isData)).toContain(`id: ${ground.host.durableSeq}\n`);
  });

  it.each([
    ['its address', '?format=jsonl', {}],
    ['what it accepts', '', { accept: 'application/x-ndjson' }],
  ])('tells them as JSON lines by %s', async (_, query, headers) => {
    const response = await get(query, headers);
    expect(response.headers.get('content-type')).toBe('application/x-ndjson; charset=utf-8');
    const stream = blocks(response, '\n');
    expect(jsonOf(await next(stream, () => true))).toMatchObject({ seq: 1, type: 'kernel.booted' });
  });

  it('ends after what is kept where nothing more is wanted', async () => {
    const { durableSeq } = ground.host;
    const told = await lines('follow=false');
    expect(told.map(({ seq }) => seq)).toEqual(Array.from({ length: durableSeq }, (_, i) => i + 1));
  });

  it('goes on after any id, of the address or of the reader, which beats it', async () => {
    await ground.twoParts();
    const all = idsOf(await lines('follow=false'));
    for (const [i, id] of all.entries()) {
      expect(idsOf(await lines(`follow=false&after=${id}`))).toEqual(all.slice(i + 1));
      const back = await lines('follow=false&after=1', { 'last-event-id': id ?? '' });
      expect(idsOf(back)).toEqual(all.slice(i + 1));
    }
  });

  it('filters by process, branch and type', async () => {
    const lead = await ground.spawn({ name: 'lead', role: 'lead' });
    const worker = await ground.spawn({ name: 'w' }, lead);
    await ground.log(1, worker);
    await ground.log(1);
    const pids = (told: readonly Told[]) => told.map(({ pid }) => pid);
    expect(pids(await lines(`follow=false&pid=${lead}&subtree=true&type=log,spawned`))).toEqual([
      lead,
      worker,
      worker,
    ]);
    expect(pids(await lines(`follow=false&type=log&type=metric.*&pid=1`))).toEqual([1]);
  });

  it('begins now, or at a time', async () => {
    await ground.log(3);
    const stream = blocks(await get('?format=jsonl&after=now&type=log'), '\n');
    await ground.log(1);
    const first = jsonOf(await next(stream, () => true));
    expect(first.seq).toBe(ground.host.durableSeq);
    expect(await lines(`follow=false&since=${Date.now() + 60_000}`)).toEqual([]);
  });

  it('tells what has no seq without an id, where it is asked for', async () => {
    const stream = blocks(await get('?volatile=true'), '\n\n');
    await next(stream, (block) => block.startsWith(': live'));
    ground.host.observe({ type: 'output', pid: 1, stream: 'stdout', line: 'hello' });
    const block = await next(stream, isData);
    expect(block).toMatch(/^data: {"timestamp_ms":\d+,"type":"output","pid":1,"message":"hello"/);
  });

  it('gives a sign of life that moves the place of one for whom nothing matches', async () => {
    await http.stop();
    await serve({ heartbeatMs: 1 });
    const stream = blocks(await get('?type=metric.reported'), '\n\n');
    await ground.log(5);
    const at = `: heartbeat\nid: ${ground.host.durableSeq}`;
    expect(await next(stream, (block) => block === at)).toBe(at);
  });

  it('ends with the reason when the kernel stops, and at once', async () => {
    const sse = blocks(await get('?after=now'), '\n\n');
    const jsonl = blocks(await get('?after=now&format=jsonl'), '\n');
    await next(sse, (block) => block.startsWith(': live'));
    const stopped = http.stop({ graceMs: 60_000 });
    expect(await next(sse, (block) => block.startsWith('event: end'))).toContain('"unavailable"');
    expect(await next(jsonl, () => true)).toMatch(/^{"type":"end","error":{.*"unavailable"/);
    await stopped;
  });
});

describe('GET /v1/events refuses', () => {
  const refusal = async (response: Response) => ({
    status: response.status,
    ...((await response.json()) as { error: object }).error,
  });

  it('whoever has no token, and a process', async () => {
    const bare = await fetch(`${url}/v1/events`);
    expect(bare.headers.get('www-authenticate')).toBe('Bearer');
    expect(await refusal(bare)).toMatchObject({ status: 401, code: 'unauthenticated' });
    const wrong = await get('', { authorization: 'Bearer op-wrong' });
    expect(await refusal(wrong)).toMatchObject({ status: 401 });
    const process = await get('', { authorization: `Bearer ${keys.issue(7)}` });
    expect(await refusal(process)).toMatchObject({ status: 403, code: 'permission_denied' });
  });

  it('pages of strangers, whatever they know', async () => {
    const page = await get('', { origin: 'https://evil.example' });
    expect(await refusal(page)).toMatchObject({ status: 403 });
  });

  it.each([
    ['?after=x', 'after'],
    ['?after=-1', 'after'],
    ['?pid=seven', 'pid'],
    ['?subtree=true', 'subtree'],
    ['?type=No', 'type'],
    ['?follow=perhaps', 'follow'],
    ['?format=xml', 'format'],
    ['?since=yesterday', 'since'],
    ['?what=1', 'what'],
  ])('%s, naming %s', async (query, param) => {
    const told = await refusal(await get(query));
    expect(told).toMatchObject({ status: 400, code: 'invalid_argument', param });
  });

  it('a place that is not there yet, and a bad one of the reader', async () => {
    expect(await refusal(await get('?after=999'))).toMatchObject({ status: 400 });
    const back = await get('', { 'last-event-id': 'soon' });
    expect(await refusal(back)).toMatchObject({ status: 400 });
  });

  it('a place that is gone with 410 and the first seq that is kept', async () => {
    const firstSeq = await ground.dropOldEvents();
    const told = await refusal(await get('?after=1'));
    expect(told).toMatchObject({ status: 410, code: 'gone', first_seq: firstSeq });
    const kept = await lines(`follow=false&after=${firstSeq - 1}`);
    expect(kept[0]?.seq).toBe(firstSeq);
  });
});

describe('GET /v1/events to one who stops reading', () => {
  /** A reader of whom the kernel's socket soon has enough. */
  async function deafReader(): Promise<Socket> {
    const { hostname, port, host } = new URL(url);
    const socket = createConnection({ host: hostname, port: Number(port) });
    await once(socket, 'connect');
    socket.pause();
    socket.write(
      `GET /v1/events?format=jsonl HTTP/1.1\r\nHost: ${host}\r\n` +
        `Authorization: Bearer ${TOKEN}\r\nConnection: close\r\n\r\n`,
    );
    return socket;
  }

  it('holds its place, delays no other, and loses nothing when it reads again', async () => {
    await http.stop();
    await serve({ stalledMs: 1 });
    const socket = await deafReader();
    const message = 'x'.repeat(200_000);
    for (let i = 0; i < 100; i += 1) {
      await ground.call('log', { level: 'info', message, fields: {} });
    }
    await ground.host.settled();
    const { durableSeq } = ground.host;
    expect((await lines('follow=false')).at(-1)?.seq).toBe(durableSeq);
    const seqs: number[] = [];
    let text = '';
    for await (const chunk of socket) {
      const parts = (text + String(chunk)).split('\n');
      text = parts.pop() ?? '';
      for (const part of parts) {
        const seq = /^{"id":"\d+","seq":(\d+),/.exec(part)?.[1];
        if (seq !== undefined) seqs.push(Number(seq));
      }
      if (seqs.at(-1) === durableSeq) break;
    }
    expect(seqs).toEqual(Array.from({ length: durableSeq }, (_, i) => i + 1));
  });
});
