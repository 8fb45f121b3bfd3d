import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import type { AgentHandlers } from '../agent.ts';
import { TestKernel } from '../testing/test-kernel.ts';
import { DUMP_BYTES_MAX } from './dump.ts';

interface Dump {
  readonly context: unknown;
  readonly contextError?: string;
  readonly tasks: readonly { id: string; description: string; sinceMs: number }[];
  readonly tasksRunning: number;
  readonly waits: readonly { kind: string; target?: number; taskId: string; sinceMs: number }[];
  readonly memory: { rss: number };
}

const kernels: TestKernel[] = [];

afterEach(async () => {
  for (const kernel of kernels.splice(0)) await kernel.stop();
});

async function start(agent: AgentHandlers) {
  const kernel = new TestKernel({ images: { test: agent } });
  kernels.push(kernel);
  const pid = await kernel.spawn({ name: 'one', image: 'test' });
  const json = async () => (await kernel.process(pid).session.request('dump', {}, { pid })).json;
  return { kernel, pid, json, dump: async () => JSON.parse(await json()) as Dump };
}

describe('AgentHost: dump', () => {
  it('joins what the agent has in mind with its tasks, its waits and its memory (S1)', async () => {
    const waiting = Promise.withResolvers<void>();
    const { kernel, pid, dump } = await start({
      async onTask(_task, ctx) {
        const child = await ctx.spawn({ name: 'child' });
        const wait = ctx.waitChild(child);
        waiting.resolve();
        await wait;
      },
      onDump: (ctx): unknown => ({ me: ctx.name, page: 3 }),
    });
    const task = kernel.execute(pid, 'a long book');
    await waiting.promise;
    const told = await dump();
    expect(told.context).toEqual({ me: 'one', page: 3 });
    expect(told.tasks).toMatchObject([{ description: 'a long book' }]);
    expect(told.waits).toMatchObject([
      { kind: 'waitChild', target: 3, taskId: told.tasks[0]?.id ?? '' },
    ]);
    expect(told.waits[0]?.sinceMs).toBeGreaterThanOrEqual(told.tasks[0]?.sinceMs ?? Infinity);
    expect(told.memory.rss).toBeGreaterThan(0);
    await kernel.process(3).complete({ exitCode: 0, output: '' });
    await task;
    expect(await dump()).toMatchObject({ tasks: [], waits: [], tasksRunning: 0 });
  });

  it.each([
    ['no onDump', {}, undefined],
    ['an onDump that gives nothing', { onDump: (): unknown => undefined }, undefined],
    ['one that gives a function', { onDump: (): unknown => () => 1 }, undefined],
    [
      'one that throws',
      {
        onDump: () => {
          throw new Error('no idea');
        },
      },
      'onDump failed: no idea',
    ],
    [
      'one that rejects',
      { onDump: (): unknown => Promise.reject(new Error('not now')) },
      'onDump failed: not now',
    ],
    ['one that gives no JSON', { onDump: (): unknown => 1n }, /^onDump failed: .*BigInt/],
    [
      'one that never answers',
      { onDump: (): unknown => new Promise(() => {}) },
      /^onDump failed: .*took/,
    ],
  ] as const)('answers for an agent with %s (D1)', async (_name, handlers, error) => {
    const { dump } = await start({ onTask: () => undefined, ...handlers });
    const told = await dump();
    expect(told.context).toBeNull();
    if (error === undefined) expect(told.contextError).toBeUndefined();
    else expect(told.contextError).toMatch(error);
    expect(told.tasks).toEqual([]);
  });

  it('answers while onInit has not ended (D1)', async () => {
    const begun = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    const kernel = new TestKernel({
      images: {
        slow: {
          async onInit(ctx) {
            const never = ctx.waitChild(ctx.pid);
            begun.resolve();
            await Promise.race([never, go.promise]);
          },
          onDump: () => 'too early',
        },
      },
    });
    kernels.push(kernel);
    const spawned = kernel.spawn({ name: 'slow', image: 'slow' });
    await begun.promise;
    expect(await kernel.dump(2)).toMatchObject({
      context: null,
      contextError: 'onInit has not ended',
      waits: [{ kind: 'waitChild' }],
    });
    go.resolve();
    await spawned;
  });

  it.each([
    ['plain text', 'x'],
    ['what JSON escapes', '"\n\u0000'],
    ['what takes three bytes', '語'],
  ])('cuts a context of too much %s, and says so (D2)', async (_name, piece) => {
    const { json } = await start({ onDump: (): unknown => ({ all: piece.repeat(1_200_000) }) });
    const text = await json();
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(DUMP_BYTES_MAX);
    expect(Buffer.byteLength(text)).toBeGreaterThan(DUMP_BYTES_MAX / 2);
    const { context, memory } = JSON.parse(text) as Dump;
    expect(context).toMatchObject({
      truncated: expect.stringMatching(/^the context is \d+ bytes/) as string,
      beginning: expect.stringMatching(/^\{"all":"/) as string,
    });
    expect(memory.rss).toBeGreaterThan(0);
  });

  it('bounds what it tells of many tasks and waits (D2)', async () => {
    const started = Promise.withResolvers<void>();
    let running = 0;
    const { kernel, pid, json } = await start({
      async onTask(_task, ctx) {
        running += 1;
        if (running === 300) started.resolve();
        await once(ctx.signal, 'abort');
      },
    });
    const description = '\u0000'.repeat(10_000);
    const tasks = Array.from({ length: 300 }, () => kernel.execute(pid, description));
    await started.promise;
    const text = await json();
    const told = JSON.parse(text) as Dump;
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(DUMP_BYTES_MAX);
    expect(told.tasksRunning).toBe(300);
    expect(told.tasks.length).toBeLessThan(300);
    expect(told.tasks[0]?.description.endsWith('…')).toBe(true);
    await kernel.signal(pid, 'INT');
    await Promise.all(tasks);
  });
});
