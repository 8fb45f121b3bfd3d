import { KernelError } from '@hivekernel/kernel';
import { afterEach, describe, expect, it } from 'vitest';
import { DEFAULT_ALIASES } from './aliases.ts';
import { Catalog } from './catalog.ts';
import type { ChatChunk, ChatRequest } from './chat.ts';
import {
  chunk,
  completion,
  FakeUpstream,
  hanging,
  refusal,
  stream,
  usageChunk,
} from './fake-upstream.ts';
import type { Behaviour } from './fake-upstream.ts';
import { Gateway } from './gateway.ts';
import { OpenAiCompatible } from './openai-compatible.ts';
import type { CallEstimate, Caller, GatewayPorts, LlmCallRecord, ReserveWish } from './ports.ts';
import { SimProvider } from './sim/sim-provider.ts';

const caller: Caller = {
  pid: 7,
  name: 'lead',
  tier: 'tactical',
  model: 'sonnet',
  user: 'root',
  firstTokenMs: 0,
};
const running: FakeUpstream[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.stop()));
});

interface World {
  readonly gateway: Gateway;
  readonly upstream: FakeUpstream;
  readonly records: LlmCallRecord[];
  readonly estimates: CallEstimate[];
  readonly observed: number[];
}

async function world(
  script: Behaviour[],
  options: {
    concurrentMax?: number;
    admit?: (wish: ReserveWish) => void | Promise<void>;
    instead?: string;
    progressed?: GatewayPorts['progressed'];
  } = {},
): Promise<World> {
  const upstream = new FakeUpstream(...script);
  running.push(upstream);
  const provider = new OpenAiCompatible({
    name: 'fake',
    baseUrl: await upstream.start(),
    concurrentMax: options.concurrentMax,
    triesMax: 1,
  });
  const records: LlmCallRecord[] = [];
  const estimates: CallEstimate[] = [];
  const observed: number[] = [];
  const ports: GatewayPorts = {
    identify: (bearer) => (bearer === 'key' ? caller : undefined),
    reserve: async (wish) => {
      estimates.push(wish.estimate);
      await options.admit?.(wish);
      const { instead } = options;
      const tier = instead === undefined ? wish.caller.tier : 'operational';
      return { tier, instead, settle: (call) => void records.push(call) };
    },
    observe: (_pid, tokens) => observed.push(tokens),
    progressed: (pid, quietMs) => options.progressed?.(pid, quietMs),
  };
  const sim = {
    provider: new SimProvider({ firstTokenMs: 0, tokensPerSecond: 0 }),
    mapsUnknown: false,
  };
  const catalog = new Catalog({
    serving: { provider, mapsUnknown: false },
    others: [sim],
    aliases: DEFAULT_ALIASES,
  });
  const gateway = new Gateway({ catalog, ports });
  return { gateway, upstream, records, estimates, observed };
}

const ask = (more: Partial<ChatRequest> = {}): ChatRequest => ({
  model: 'sonnet',
  messages: [{ role: 'user', content: 'say something nice' }],
  ...more,
});

async function read(
  gateway: Gateway,
  request: ChatRequest,
  signal = new AbortController().signal,
): Promise<ChatChunk[]> {
  const { chunks } = await gateway.open({ caller, request, signal });
  const all: ChatChunk[] = [];
  for await (const one of chunks) all.push(one);
  return all;
}

/** A call that was made before is as far as it gets by itself. */
const inLine = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const said = [
  chunk({ role: 'assistant', content: '' }),
  chunk({ content: 'Good day' }),
  chunk({}, 'stop'),
];

describe('Gateway.complete()', () => {
  it('resolves the alias, bills what the provider reports, records once (B3)', async () => {
    const { gateway, upstream, records, estimates } = await world([
      completion('Good day', { prompt_tokens: 11, completion_tokens: 2 }),
    ]);
    const signal = new AbortController().signal;
    const request = ask();
    const answer = await gateway.complete({
      caller,
      request,
      signal,
      taskId: 't9',
      idempotencyKey: 'k',
    });
    expect(answer).toMatchObject({
      object: 'chat.completion',
      system_fingerprint: 'fp',
      choices: [{ message: { role: 'assistant', content: 'Good day' }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 11, completion_tokens: 2, total_tokens: 13 },
      hive: { provider: 'fake', simulated: false },
    });
    expect(upstream.seen[0]?.body).toMatchObject({
      model: DEFAULT_ALIASES['sonnet'],
      max_tokens: 4_096,
    });
    expect(estimates).toMatchObject([{ alias: 'sonnet', completionTokensMax: 4_096 }]);
    expect(records).toMatchObject([
      {
        pid: 7,
        model: DEFAULT_ALIASES['sonnet'],
        alias: 'sonnet',
        provider: 'fake',
        simulated: false,
        promptTokens: 11,
        completionTokens: 2,
        estimated: false,
        streamed: false,
        outcome: 'ok',
        taskId: 't9',
        idempotencyKey: 'k',
      },
    ]);
  });

  it.each(['', 'default'])('serves model %j with the caller’s', async (model) => {
    const { gateway, records } = await world([completion('x')]);
    await gateway.complete({
      caller,
      request: ask({ model }),
      signal: new AbortController().signal,
    });
    expect(records).toMatchObject([{ alias: 'sonnet' }]);
  });

  it('estimates usage by its own count where none is reported, and says so', async () => {
    const { gateway, records } = await world([completion('Good day')]);
    const signal = new AbortController().signal;
    const answer = await gateway.complete({ caller, request: ask(), signal });
    expect(answer.usage).toEqual({ prompt_tokens: 11, completion_tokens: 2, total_tokens: 13 });
    expect(answer.hive).toEqual({ provider: 'fake', simulated: false, estimated: true });
    expect(records).toMatchObject([{ promptTokens: 11, completionTokens: 2, estimated: true }]);
  });

  it('sends nothing and records nothing when admission refuses', async () => {
    const admit = (): never => {
      throw new KernelError('budget_exhausted', 'No tokens are left.');
    };
    const { gateway, upstream, records } = await world([completion('x')], { admit });
    const signal = new AbortController().signal;
    const call = gateway.complete({ caller, request: ask(), signal });
    await expect(call).rejects.toMatchObject({ code: 'budget_exhausted' });
    expect([upstream.seen, records]).toEqual([[], []]);
  });

  it('records a refusal by the provider once, at no cost', async () => {
    const { gateway, records } = await world([refusal(500)]);
    const signal = new AbortController().signal;
    const call = gateway.complete({ caller, request: ask(), signal });
    await expect(call).rejects.toMatchObject({ code: 'unavailable' });
    expect(records).toMatchObject([
      { outcome: 'error', errorCode: 'unavailable', promptTokens: 0, completionTokens: 0 },
    ]);
  });

  it('serves sim models beside the real provider, labelled', async () => {
    const { gateway, records, upstream } = await world([completion('x')]);
    const signal = new AbortController().signal;
    const answer = await gateway.complete({ caller, request: ask({ model: 'sim/mini' }), signal });
    expect(answer).toMatchObject({ model: 'sim/mini', hive: { provider: 'sim', simulated: true } });
    expect(records).toMatchObject([{ provider: 'sim', simulated: true, estimated: false }]);
    expect(upstream.seen).toEqual([]);
  });
});

describe('Gateway.open()', () => {
  it('takes usage out where the caller did not ask (G3)', async () => {
    const { gateway, records, observed } = await world([
      stream(...said, usageChunk(9, 2), '[DONE]'),
    ]);
    const chunks = await read(gateway, ask({ stream: true }));
    expect(chunks).toHaveLength(3);
    expect(chunks.filter((one) => one.usage != null)).toEqual([]);
    expect(chunks.at(-1)?.hive).toEqual({ provider: 'fake', simulated: false });
    expect(records).toMatchObject([{ promptTokens: 9, completionTokens: 2, streamed: true }]);
    expect(observed).toEqual([2]);
  });

  it('takes usage out of a chunk that holds more than it (G3)', async () => {
    const last = JSON.stringify({
      ...(JSON.parse(chunk({}, 'stop')) as object),
      usage: { prompt_tokens: 9, completion_tokens: 2 },
    });
    const { gateway } = await world([stream(chunk({ content: 'Good day' }), last, '[DONE]')]);
    const chunks = await read(gateway, ask({ stream: true }));
    expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe('stop');
    expect(chunks.at(-1)).not.toHaveProperty('usage');
  });

  it('gives usage to who asked, its own count where the provider has none (G3)', async () => {
    const { gateway } = await world([
      stream(...said, usageChunk(9, 2), '[DONE]'),
      stream(...said, '[DONE]'),
    ]);
    const request = ask({ stream: true, stream_options: { include_usage: true } });
    const given = await read(gateway, request);
    expect(given.filter((one) => one.usage != null)).toMatchObject([
      { usage: { prompt_tokens: 9 } },
    ]);
    const made = await read(gateway, request);
    expect(made.at(-1)).toMatchObject({
      choices: [],
      usage: { prompt_tokens: 11, completion_tokens: 2 },
      hive: { estimated: true },
    });
  });

  it('records an aborted stream with the prompt and what was received (B3)', async () => {
    const { gateway, records, upstream } = await world([hanging(chunk({ content: 'Good day' }))]);
    const controller = new AbortController();
    const { chunks } = await gateway.open({
      caller,
      request: ask({ stream: true }),
      signal: controller.signal,
    });
    await chunks.next();
    controller.abort();
    await expect(chunks.next()).rejects.toMatchObject({ code: 'cancelled' });
    expect(records).toMatchObject([
      { outcome: 'aborted', promptTokens: 11, completionTokens: 2, estimated: true },
    ]);
    await upstream.seen[0]?.closed;
  });

  it('records and hangs up when the answer is left unread or early (G2)', async () => {
    const { gateway, records, upstream } = await world([hanging(chunk({ content: 'Good day' }))]);
    const controller = new AbortController();
    const request = ask({ stream: true });
    await gateway.open({ caller, request, signal: controller.signal });
    controller.abort();
    await upstream.seen[0]?.closed;
    const { chunks } = await gateway.open({
      caller,
      request,
      signal: new AbortController().signal,
    });
    for await (const one of chunks) if (one.choices.length > 0) break;
    await upstream.seen[1]?.closed;
    expect(records).toMatchObject([{ outcome: 'aborted' }, { outcome: 'aborted' }]);
  });

  it('keeps callers over the bound in line, and lets them leave it at no cost (G2)', async () => {
    const { gateway, records, upstream } = await world([hanging(chunk({ content: 'x' }))], {
      concurrentMax: 1,
    });
    const first = new AbortController();
    await gateway.open({ caller, request: ask({ stream: true }), signal: first.signal });
    const second = new AbortController();
    const waiting = gateway.open({ caller, request: ask({ stream: true }), signal: second.signal });
    await inLine();
    second.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'cancelled' });
    expect(upstream.seen).toHaveLength(1);
    expect(records).toMatchObject([{ outcome: 'aborted', promptTokens: 0 }]);
    const third = gateway.open({
      caller,
      request: ask({ stream: true }),
      signal: new AbortController().signal,
    });
    first.abort();
    (await third).close();
    expect(records).toHaveLength(3);
    await Promise.all(upstream.seen.map(({ closed }) => closed));
  });

  it('fails in the middle of a stream with one record', async () => {
    const { gateway, records } = await world([stream(chunk({ content: 'Good day' }))]);
    await expect(read(gateway, ask({ stream: true }))).rejects.toMatchObject({
      code: 'unavailable',
    });
    expect(records).toMatchObject([{ outcome: 'error', promptTokens: 11, completionTokens: 2 }]);
  });
});

describe('a call without a first token', () => {
  const impatient: Caller = { ...caller, firstTokenMs: 50 };
  const silent: Behaviour = () => undefined;
  const headOnly = hanging(chunk({ role: 'assistant', content: '' }));

  it.each([
    { what: 'a whole answer that does not come', stream: false, behaviour: silent },
    { what: 'a stream that does not begin', stream: true, behaviour: silent },
    { what: 'a stream that begins and says nothing', stream: true, behaviour: headOnly },
  ])('is given up upstream and told apart: $what (S6)', async ({ behaviour, ...row }) => {
    const { gateway, upstream, records } = await world([behaviour]);
    const request = ask({ stream: row.stream });
    const { signal } = new AbortController();
    const answer = async (): Promise<void> => {
      const { chunks } = await gateway.open({ caller: impatient, request, signal });
      for await (const one of chunks) expect(one.choices[0]?.delta.content).toBe('');
    };
    await expect(answer()).rejects.toMatchObject({
      code: 'timed_out',
      message: expect.stringContaining(
        `${DEFAULT_ALIASES['sonnet']} at fake gave no first token within 0.05 s`,
      ),
    });
    await upstream.seen[0]?.closed;
    expect(upstream.seen).toHaveLength(1);
    expect(records).toMatchObject([{ outcome: 'aborted', errorCode: 'timed_out' }]);
  });

  it('is not one that waits in line: there the limit does not run', async () => {
    const isInLine = Promise.withResolvers<void>();
    const limitMs = 20_000;
    const { gateway, upstream } = await world([hanging(chunk({ content: 'x' }))], {
      concurrentMax: 1,
      // More than the limit of a request: the time in line comes on top.
      progressed: (_pid, quietMs) => void (quietMs > limitMs + 5_000 && isInLine.resolve()),
    });
    const first = new AbortController();
    const request = ask({ stream: true });
    await gateway.open({ caller, request, signal: first.signal });
    const { signal } = new AbortController();
    const hurried: Caller = { ...caller, pid: 8, firstTokenMs: limitMs };
    const second = gateway.open({ caller: hurried, request, signal });
    await isInLine.promise;
    first.abort();
    const { chunks, close } = await second;
    expect(await chunks.next()).toMatchObject({ done: false });
    close();
    await Promise.all(upstream.seen.map(({ closed }) => closed));
  });
});

describe('Gateway.stop()', () => {
  it('ends what runs and refuses what comes', async () => {
    const { gateway, records } = await world([hanging(chunk({ content: 'x' }))]);
    const signal = new AbortController().signal;
    const { chunks } = await gateway.open({ caller, request: ask({ stream: true }), signal });
    await chunks.next();
    gateway.stop();
    await expect(chunks.next()).rejects.toMatchObject({ code: 'unavailable' });
    expect(records).toHaveLength(1);
    const late = gateway.open({ caller, request: ask({ stream: true }), signal });
    await expect(late).rejects.toMatchObject({ code: 'unavailable' });
  });
});

describe('paying for a call', () => {
  const signal = new AbortController().signal;

  it('comes before anything goes out, and ends with the caller (B3)', async () => {
    const asked = Promise.withResolvers<void>();
    const admit = ({ signal: own }: ReserveWish): Promise<void> => {
      asked.resolve();
      return new Promise((_, reject) => {
        own.addEventListener('abort', () => reject(own.reason as Error), { once: true });
      });
    };
    const { gateway, upstream, records } = await world([completion('x')], { admit });
    const controller = new AbortController();
    const reason = new KernelError('cancelled', 'The client went.');
    const call = gateway.complete({ caller, request: ask(), signal: controller.signal });
    await asked.promise;
    expect(upstream.seen).toEqual([]);
    controller.abort(reason);
    await expect(call).rejects.toBe(reason);
    const stopped = gateway.complete({ caller, request: ask(), signal });
    gateway.stop();
    await expect(stopped).rejects.toMatchObject({ code: 'unavailable' });
    expect([upstream.seen, records]).toEqual([[], []]);
  });

  it('calls and bills the model of the tier that pays instead (B5)', async () => {
    const { gateway, upstream, records } = await world([completion('x')], { instead: 'mini' });
    await gateway.complete({ caller, request: ask(), signal });
    expect(upstream.seen[0]?.body).toMatchObject({ model: DEFAULT_ALIASES['mini'] });
    expect(records).toMatchObject([{ tier: 'operational', alias: 'mini', outcome: 'ok' }]);
  });

  it('is settled with nothing where the other model cannot be found', async () => {
    const { gateway, records } = await world([], { instead: 'sim/nobody' });
    const call = gateway.complete({ caller, request: ask({ n: 2 }), signal });
    await call.catch(() => undefined);
    expect(records).toHaveLength(1);
  });

  it.each([
    ['more than the maximum', { prompt_tokens: 11, completion_tokens: 9_000 }, 9_000, false],
    ['less than nothing', { prompt_tokens: -1, completion_tokens: 3 }, 2, true],
    ['no numbers', { prompt_tokens: 'x', completion_tokens: null }, 2, true],
  ])('settles what the provider reports, or our count: %s (B3)', async (_, usage, tokens, own) => {
    const { gateway, records } = await world([completion('Good day', usage)]);
    await gateway.complete({ caller, request: ask(), signal }).catch(() => undefined);
    expect(records).toMatchObject([{ promptTokens: 11, completionTokens: tokens, estimated: own }]);
  });
});
