import { KernelError } from '@hivekernel/kernel';
import { afterEach, describe, expect, it } from 'vitest';
import { DEFAULT_ALIASES } from './aliases.ts';
import { Catalog } from './catalog.ts';
import type { ChatCompletion } from './chat.ts';
import { chunk, completion, FakeUpstream, refusal, stream } from './fake-upstream.ts';
import type { Behaviour } from './fake-upstream.ts';
import { Gateway } from './gateway.ts';
import { HeldProvider } from './held-provider.ts';
import { OpenAiCompatible } from './openai-compatible.ts';
import type { Caller, LlmCallRecord, Reservation } from './ports.ts';
import type { ModelLimits, Provider } from './provider.ts';
import { NO_LIMITS } from './provider.ts';
import { ManualClock, settled } from './testing-clock.ts';

const LEAD: Caller = {
  ...{ pid: 7, name: 'lead', tier: 'tactical', model: 'm', user: 'root', firstTokenMs: 0 },
};
const WORKER: Caller = { ...LEAD, pid: 8, name: 'worker' };
const down = (): KernelError =>
  new KernelError('unavailable', 'held cannot be reached.', { details: { isRetriable: true } });
const broken = (): KernelError => new KernelError('unavailable', 'held sent garbage.');
/** Long enough for whatever is waited for. */
const LONG_MS = 300_000;

const upstreams: FakeUpstream[] = [];
afterEach(() => Promise.all(upstreams.splice(0).map((one) => one.stop())));

interface Ask {
  readonly caller?: Caller;
  readonly model?: string;
  readonly signal?: AbortSignal;
  readonly priority?: Reservation['priority'];
}

/** What is held and not settled is counted: nothing may be left of it. */
function gatewayOf(provider: Provider, clock = new ManualClock()) {
  const records: LlmCallRecord[] = [];
  const told: { pid: number; quietMs: number }[] = [];
  const priorities = new Map<string, Reservation['priority']>();
  let held = 0;
  let onSettled = (): void => undefined;
  const serving = { provider, mapsUnknown: false };
  const gateway = new Gateway({
    catalog: new Catalog({ serving, others: [], aliases: DEFAULT_ALIASES }),
    clock,
    ports: {
      identify: () => LEAD,
      reserve: async ({ caller, taskId }) => {
        held += 1;
        const settle = (call: LlmCallRecord): void => {
          held -= 1;
          records.push(call);
          onSettled();
        };
        const priority = priorities.get(taskId ?? '');
        return { tier: caller.tier, instead: undefined, priority, settle };
      },
      observe: () => undefined,
      progressed: (pid, quietMs) => void told.push({ pid, quietMs }),
    },
  });
  const ask = (how: Ask = {}): Promise<ChatCompletion> => {
    const taskId = `t${how.priority}`;
    priorities.set(taskId, how.priority);
    return gateway.complete({
      caller: how.caller ?? LEAD,
      request: { model: how.model ?? 'm', messages: [{ role: 'user', content: 'hi' }] },
      signal: how.signal ?? new AbortController().signal,
      taskId,
    });
  };
  /** A try ends from now on. */
  const settles = (): Promise<void> => new Promise((resolve) => (onSettled = resolve));
  return { gateway, clock, records, told, ask, settles, held: () => held };
}

function heldWorld(limits: Partial<ModelLimits> = {}) {
  const provider = new HeldProvider({ limits: { ...NO_LIMITS, ...limits } });
  return { provider, calls: provider.calls, ...gatewayOf(provider) };
}

async function upstreamWorld(...script: Behaviour[]) {
  const upstream = new FakeUpstream(...script);
  upstreams.push(upstream);
  const clock = new ManualClock();
  const provider = new OpenAiCompatible({ name: 'fake', baseUrl: await upstream.start(), clock });
  return { upstream, ...gatewayOf(provider, clock) };
}

/** The answer, or what it failed with. */
const outcomeOf = (answer: Promise<unknown>): Promise<unknown> =>
  answer.catch((error: unknown) => error);

describe('a call that is refused for a while', () => {
  it.each([
    ['seconds', { 'retry-after': '20' }, 20_000],
    ['a date', { 'retry-after': new Date(25_000).toUTCString() }, 25_000],
    ['milliseconds', { 'retry-after-ms': '1500' }, 1_500],
    ['nothing, by its own pause', {}, 250],
  ])('is tried again when the provider said so, in %s (B7)', async (_, headers, pauseMs) => {
    const world = await upstreamWorld(
      refusal(429, headers),
      completion('ok', { prompt_tokens: 3, completion_tokens: 1 }),
    );
    const { upstream, clock, records, ask, held } = world;
    const refused = world.settles();
    const answer = ask();
    await refused;
    await settled();
    // Between two tries nothing is held, and no place is taken.
    expect([held(), world.gateway.load.inside]).toEqual([0, 0]);
    await clock.advanceMs(pauseMs - 1);
    expect(upstream.seen).toHaveLength(1);
    const done = world.settles();
    await clock.advanceMs(LONG_MS);
    await done;
    expect((await answer).choices[0]?.message.content).toBe('ok');
    expect(records).toMatchObject([
      { outcome: 'error', errorCode: 'rate_limited', promptTokens: 0, completionTokens: 0 },
      { outcome: 'ok', promptTokens: 3, completionTokens: 1 },
    ]);
  });

  it('hands a long Retry-After on, to all who call that model meanwhile (B7)', async () => {
    const { upstream, clock, records, ask } = await upstreamWorld(
      refusal(429, { 'retry-after': '3600' }),
      completion('ok'),
    );
    const refused = { code: 'rate_limited', details: { retryAfterMs: 3_600_000 } };
    await expect(ask()).rejects.toMatchObject(refused);
    await expect(ask()).rejects.toMatchObject(refused);
    expect([upstream.seen.length, records.length]).toEqual([1, 1]);
    await ask({ model: 'other' });
    await clock.advanceMs(3_600_000);
    await ask();
    expect(upstream.seen).toHaveLength(3);
  });

  it('is not repeated once something was handed on (B7)', async () => {
    const failure = JSON.stringify({ error: { code: 503, message: 'overloaded' } });
    const { upstream, records, ask } = await upstreamWorld(
      stream(chunk({ content: 'Good' }), failure),
    );
    await expect(ask()).rejects.toMatchObject({ code: 'unavailable' });
    expect([upstream.seen.length, records.length]).toEqual([1, 1]);
  });

  it('is tried four times in all, each settled with nothing, then fails (B3, B7)', async () => {
    const { calls, clock, records, ask, told } = heldWorld();
    const failure = outcomeOf(ask());
    for (let i = 0; i < 4; i += 1) {
      await settled();
      expect(calls).toHaveLength(i + 1);
      calls[i]?.fail(down());
      await settled();
      await clock.advanceMs(20_000);
    }
    expect(await failure).toMatchObject({ message: 'held cannot be reached.' });
    const nothing = { outcome: 'error', promptTokens: 0, completionTokens: 0 };
    expect(records).toMatchObject([nothing, nothing, nothing, nothing]);
    // S6: it was never quiet for less than it had to wait.
    expect(told.some(({ quietMs }) => quietMs >= 10_000)).toBe(true);
  });

  it.each(['abort', 'stop'] as const)('ends between two tries: %s (B7)', async (how) => {
    const { gateway, calls, clock, records, ask, held } = heldWorld();
    const controller = new AbortController();
    const failure = outcomeOf(ask({ signal: controller.signal }));
    await settled();
    calls[0]?.fail(down());
    await settled();
    if (how === 'stop') gateway.stop();
    else controller.abort();
    const code = how === 'stop' ? 'unavailable' : 'cancelled';
    expect(await failure).toMatchObject({ code });
    await clock.advanceMs(LONG_MS);
    expect([calls.length, records.length, held()]).toEqual([1, 1, 0]);
    expect(gateway.load).toEqual({ inside: 0, waiting: 0 });
  });
});

describe('the breaker of a model', () => {
  it('opens after five failures, lets one try, and closes by its answer (B7)', async () => {
    const { calls, clock, records, ask } = heldWorld();
    for (let i = 0; i < 5; i += 1) {
      const failure = outcomeOf(ask());
      await settled();
      calls[i]?.fail(broken());
      await failure;
    }
    const open = { code: 'unavailable', details: { model: 'm', retryAfterMs: 5_000 } };
    await expect(ask()).rejects.toMatchObject(open);
    await expect(ask()).rejects.toThrow('m at held failed 5 times in a row');
    // Who is refused so is refused before anything is held.
    expect([calls.length, records.length]).toEqual([5, 5]);
    // Another model of the provider is not left alone.
    const other = ask({ model: 'other' });
    await settled();
    calls[5]?.answer();
    await other;
    await clock.advanceMs(5_000);
    const probe = ask();
    await settled();
    await expect(ask({ caller: WORKER })).rejects.toMatchObject({ code: 'unavailable' });
    calls[6]?.answer();
    await probe;
    const [next, beside] = [ask(), ask({ caller: WORKER })];
    await settled();
    for (const call of calls.slice(7)) call.answer();
    await Promise.all([next, beside]);
  });

  it('is left alone for twice as long when the try fails (B7)', async () => {
    const { calls, clock, ask } = heldWorld();
    const fail = async (): Promise<void> => {
      const failure = outcomeOf(ask());
      await settled();
      calls.at(-1)?.fail(broken());
      await failure;
    };
    for (let i = 0; i < 5; i += 1) await fail();
    await clock.advanceMs(5_000);
    await fail();
    await expect(ask()).rejects.toMatchObject({ details: { retryAfterMs: 10_000 } });
  });

  it('ends the tries of a call that it opens under (B7)', async () => {
    const { calls, clock, ask, records } = heldWorld();
    const failures = [LEAD, WORKER].map((caller) => outcomeOf(ask({ caller })));
    for (let i = 0; i < 6; i += 1) {
      await settled();
      calls[i]?.fail(down());
      await settled();
      await clock.advanceMs(i % 2 === 1 ? 3_000 : 0);
    }
    for (const failure of failures) expect(await failure).toMatchObject({ code: 'unavailable' });
    expect([calls.length, records.length]).toEqual([6, 6]);
  });

  it.each([400, 401, 404])('is not opened by a %i: that provider works (B7)', async (status) => {
    const { upstream, ask } = await upstreamWorld(refusal(status));
    for (let i = 0; i < 6; i += 1) {
      await expect(ask({ caller: LEAD })).rejects.toMatchObject({
        details: { upstreamStatus: status },
      });
    }
    expect(upstream.seen).toHaveLength(6);
  });
});

describe('a call in line for its model', () => {
  /** Answers whoever has a place until nobody has one, and says for whom, in which order. */
  async function drain(calls: HeldProvider['calls'], order: string[]): Promise<string[]> {
    for (let i = 0; i < calls.length; i += 1) {
      calls[i]?.answer();
      await settled();
    }
    return order;
  }

  it('takes turns with those of other processes (B7)', async () => {
    const { calls, ask } = heldWorld({ concurrentMax: 1 });
    const order: string[] = [];
    const asked = [LEAD, LEAD, LEAD, LEAD, WORKER, WORKER].map((caller) =>
      ask({ caller }).then(() => order.push(caller.name)),
    );
    await settled();
    expect(calls).toHaveLength(1);
    await drain(calls, order);
    await Promise.all(asked);
    expect(order).toEqual(['lead', 'lead', 'worker', 'lead', 'worker', 'lead']);
  });

  it('goes before those of less urgent tasks, until these have waited long (B7)', async () => {
    const { calls, clock, ask } = heldWorld({ concurrentMax: 1 });
    const order: string[] = [];
    const enter = async (name: string, how: Ask): Promise<void> => {
      await ask(how);
      order.push(name);
    };
    const first = enter('first', {});
    await settled();
    const old = enter('old', { priority: 3 });
    await settled();
    await clock.advanceMs(25_000);
    const rest = [
      enter('low', { caller: WORKER, priority: 3 }),
      enter('normal', { caller: WORKER }),
      enter('critical', { caller: WORKER, priority: 0 }),
    ];
    await settled();
    await drain(calls, order);
    await Promise.all([first, old, ...rest]);
    expect(order).toEqual(['first', 'critical', 'old', 'normal', 'low']);
  });

  it.each(['abort', 'stop'] as const)('ends and leaves no hold: %s (B7)', async (how) => {
    const { gateway, calls, records, ask, held } = heldWorld({ concurrentMax: 1 });
    const controller = new AbortController();
    const first = outcomeOf(ask());
    await settled();
    const waiting = outcomeOf(ask({ caller: WORKER, signal: controller.signal }));
    await settled();
    expect([held(), gateway.load.waiting]).toEqual([2, 1]);
    if (how === 'stop') gateway.stop();
    else controller.abort();
    const code = how === 'stop' ? 'unavailable' : 'cancelled';
    expect(await waiting).toMatchObject({ code });
    calls[0]?.answer();
    await first;
    expect([held(), calls.length, gateway.load.inside]).toEqual([0, 1, 0]);
    expect(records).toHaveLength(2);
    expect(records.find(({ pid }) => pid === 8)).toMatchObject({
      ...{ outcome: 'aborted', promptTokens: 0, completionTokens: 0 },
    });
  });

  it('gives its place back when it is given up in the moment of its turn (B7)', async () => {
    const { gateway, calls, ask, held } = heldWorld({ concurrentMax: 1 });
    const controller = new AbortController();
    const first = ask();
    await settled();
    const second = outcomeOf(ask({ caller: WORKER, signal: controller.signal }));
    await settled();
    calls[0]?.answer();
    await first;
    controller.abort();
    expect(await second).toMatchObject({ code: 'cancelled' });
    await settled();
    expect([held(), gateway.load.inside]).toEqual([0, 0]);
  });

  it('may be quiet for as long as it waits (S6)', async () => {
    const { calls, clock, told, ask } = heldWorld({ requestsPerMinuteMax: 1 });
    const first = ask();
    await settled();
    calls[0]?.answer();
    await first;
    const second = ask({ caller: WORKER });
    await settled();
    await clock.advanceMs(50_000);
    const quiet = told.filter(({ pid }) => pid === 8);
    expect(quiet.length).toBeGreaterThanOrEqual(10);
    expect(Math.min(...quiet.slice(1).map(({ quietMs }) => quietMs))).toBe(10_000);
    await clock.advanceMs(LONG_MS);
    calls[1]?.answer();
    await second;
  });

  it('waits for the tokens of the minute by its estimate, corrected by its use (B7)', async () => {
    const { gateway, calls, ask } = heldWorld({ tokensPerMinuteMax: 5_000 });
    const first = ask();
    const second = ask({ caller: WORKER });
    await settled();
    expect([calls.length, gateway.load.waiting]).toEqual([1, 1]);
    calls[0]?.answer();
    await first;
    await settled();
    calls[1]?.answer();
    await second;
  });
});
