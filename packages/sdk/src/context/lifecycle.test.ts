import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { Agent, defineAgent } from '../agent.ts';
import type { AgentClass, AgentHandlers, TaskHandler } from '../agent.ts';
import type { Task } from '../task.ts';
import { TestKernel } from '../testing/test-kernel.ts';
import type { Context, TaskContext } from './context.ts';

const kernels: TestKernel[] = [];

afterEach(async () => {
  for (const kernel of kernels.splice(0)) await kernel.stop();
});

/** Counts its tasks over its incarnations. */
class Counter extends Agent {
  #count = 0;

  override onInit(ctx: Context): void {
    this.#count = ctx.savedJson<{ count: number }>()?.count ?? 0;
  }

  override async onTask(task: Task, ctx: TaskContext): Promise<string> {
    this.#count += 1;
    if (task.description === 'keep') await ctx.checkpoint({ count: this.#count });
    if (task.description === 'sleep') await ctx.sleep();
    return String(this.#count);
  }
}

class Saver extends Counter {
  override onShutdown() {
    return { count: 100 };
  }
}

/** Has a child from the start. */
class Nest extends Agent {
  override async onInit(ctx: Context): Promise<void> {
    await ctx.spawn({ name: 'below', image: 'idle' });
  }
}

const idle = defineAgent({
  onTask: (_task, ctx) => once(ctx.signal, 'abort').then(() => undefined),
});
const images: Readonly<Record<string, AgentClass | AgentHandlers>> = {
  counter: Counter,
  saver: Saver,
  nest: Nest,
  idle,
};

function startKernel(more: Readonly<Record<string, AgentClass | AgentHandlers>> = {}): TestKernel {
  const kernel = new TestKernel({ images: { ...images, ...more } });
  kernels.push(kernel);
  return kernel;
}

/** Runs code as the task of a process, and gives what it returned. */
async function inTask<T>(
  work: (ctx: TaskContext) => Promise<T>,
): Promise<{ value: T; kernel: TestKernel }> {
  const result = Promise.withResolvers<T>();
  const onTask: TaskHandler = async (_task, ctx) => work(ctx).then(result.resolve, result.reject);
  const kernel = startKernel({ main: defineAgent(onTask) });
  await kernel.execute(await kernel.spawn({ name: 'main', image: 'main' }), 'go');
  return { value: await result.promise, kernel };
}

const failure = (work: Promise<unknown>): Promise<unknown> => work.catch((error: unknown) => error);
const lastCall = (kernel: TestKernel, kind: string) =>
  kernel.calls.findLast((call) => call.kind === kind)?.value;

describe('Context.sleep() and wake()', () => {
  it('stops a child, and starts it again with its checkpoint for the next task (S7)', async () => {
    const { value } = await inTask(async (ctx) => {
      const child = await ctx.spawn({ name: 'c', image: 'counter' });
      await ctx.executeOn(child, { description: 'keep' });
      await ctx.executeOn(child, { description: 'forget' });
      await ctx.sleep(child);
      await ctx.sleep(child);
      const asleep = await ctx.info(child);
      const { output } = await ctx.executeOn(child, { description: 'x' });
      return { asleep, output, awake: await ctx.info(child) };
    });
    expect(value.asleep).toMatchObject({ state: 'sleeping', checkpointBytes: 11 });
    expect(value.output).toBe('2');
    expect(value.awake.state).toBe('idle');
  });

  it('lets a task that asks for its own process end first', async () => {
    const kernel = startKernel();
    const pid = await kernel.spawn({ name: 'c', image: 'saver' });
    expect((await kernel.execute(pid, 'sleep')).output).toBe('1');
    expect(kernel.process(pid).state).toBe('sleeping');
    expect((await kernel.execute(pid, 'x')).output).toBe('101');
  });

  it('wakes a sleeper, and refuses to wake what does not sleep', async () => {
    const { value } = await inTask(async (ctx) => {
      const child = await ctx.spawn({ name: 'c', image: 'counter' });
      await ctx.sleep(child);
      await ctx.wake(child);
      return [(await ctx.info(child)).state, await failure(ctx.wake(child))];
    });
    expect(value).toMatchObject(['idle', { code: 'wrong_state' }]);
  });

  it('refuses the sleep of a child that runs a task, and of a dead one', async () => {
    const { value } = await inTask(async (ctx) => {
      const child = await ctx.spawn({ name: 'c', image: 'idle' });
      const task = failure(ctx.executeOn(child, { description: 'x' }));
      const busy = await failure(ctx.sleep(child));
      await ctx.kill(child);
      await task;
      return [busy, await failure(ctx.sleep(child))];
    });
    expect(value).toMatchObject([{ code: 'wrong_state' }, { code: 'wrong_state' }]);
  });
});

describe('Context.checkpoint() and savedState', () => {
  const keeper: AgentHandlers = {
    async onTask(task, ctx) {
      if (task.description === 'bytes') await ctx.checkpoint(new Uint8Array([0, 255]));
      if (task.description === 'text') await ctx.checkpoint('grüße');
      if (task.description === 'json') await ctx.checkpoint({ page: 3 });
      if (task.description !== 'tell') return '';
      const { savedState } = ctx;
      return JSON.stringify([savedState && [...savedState], ctx.savedText()]);
    },
  };

  it.each([
    ['bytes', [0, 255], '\u0000\uFFFD'],
    ['text', [...Buffer.from('grüße')], 'grüße'],
    ['json', [...Buffer.from('{"page":3}')], '{"page":3}'],
  ])('keeps %s as they are over a restart (S5)', async (kind, bytes, text) => {
    const kernel = startKernel({ keeper });
    const pid = await kernel.spawn({ name: 'k', image: 'keeper' });
    expect((await kernel.execute(pid, 'tell')).output).toBe('[null,null]');
    await kernel.execute(pid, kind);
    await kernel.process(pid).restart();
    expect(JSON.parse((await kernel.execute(pid, 'tell')).output)).toEqual([bytes, text]);
  });

  it('stays when onShutdown returns nothing, and gives way to what it returns', async () => {
    const kernel = startKernel();
    const texts: (string | undefined)[] = [];
    for (const image of ['counter', 'saver']) {
      const pid = await kernel.spawn({ name: image, image });
      await kernel.execute(pid, 'keep');
      await kernel.process(pid).restart();
      texts.push(Buffer.from(kernel.process(pid).checkpoint ?? []).toString());
    }
    expect(texts).toEqual(['{"count":1}', '{"count":100}']);
  });

  it('tells that a state is no JSON', async () => {
    const broken: AgentHandlers = {
      onTask: (_task, ctx) => ctx.checkpoint('not JSON'),
      onMessage: (_message, ctx) => ({ reply: (failureOf(() => ctx.savedJson()) as Error).name }),
    };
    const kernel = startKernel({ broken });
    const pid = await kernel.spawn({ name: 'b', image: 'broken' });
    await kernel.execute(pid, 'x');
    await kernel.process(pid).restart();
    expect(await kernel.deliver(pid, {})).toMatchObject({ reply: 'SyntaxError' });
  });
});

function failureOf(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}

describe('Context.restart()', () => {
  it('starts a child again under its pid, and says why', async () => {
    const { value, kernel } = await inTask(async (ctx) => {
      const child = await ctx.spawn({ name: 'c', image: 'counter' });
      await ctx.executeOn(child, { description: 'x' });
      await ctx.restart(child, { reason: 'new prices', graceMs: 1_500 });
      const { output } = await ctx.executeOn(child, { description: 'x' });
      return { output, info: await ctx.info(child) };
    });
    expect(value).toMatchObject({ output: '1', info: { restarts: 1, state: 'idle' } });
    expect(lastCall(kernel, 'restart')).toMatchObject({
      reason: 'new prices',
      gracePeriodSeconds: 2,
    });
  });

  it('is refused after a cancel: it starts work (C1)', async () => {
    const outcome = Promise.withResolvers<unknown>();
    const waiting = Promise.withResolvers<void>();
    const main = defineAgent(async (_task, ctx) => {
      const child = await ctx.spawn({ name: 'c', image: 'idle' });
      waiting.resolve();
      await once(ctx.signal, 'abort');
      outcome.resolve(await failure(ctx.restart(child)));
    });
    const kernel = startKernel({ main });
    const pid = await kernel.spawn({ name: 'main', image: 'main' });
    const task = failure(kernel.execute(pid, 'go'));
    await waiting.promise;
    await kernel.signal(pid, 'INT', { reason: 'stop' });
    expect(await outcome.promise).toMatchObject({ code: 'cancelled' });
    await task;
  });
});

describe('Context.sendSignal()', () => {
  it.each([
    ['TERM', { killed: [4, 3], signalled: [], key: '' }],
    ['KILL', { killed: [4, 3], signalled: [], key: '' }],
    ['STOP', { killed: [], signalled: [3, 4], key: '' }],
    ['HUP', { killed: [], signalled: [3, 4], key: '' }],
  ] as const)('tells whom %s reached', async (word, expected) => {
    const { value } = await inTask(async (ctx) => {
      const child = await ctx.spawn({ name: 'c', image: 'nest' });
      return ctx.sendSignal(child, word, { recursive: true });
    });
    expect(value).toEqual(expected);
  });

  it('tells the key of a dump, which is an artifact (S1)', async () => {
    const { value } = await inTask(async (ctx) => {
      const child = await ctx.spawn({ name: 'c', image: 'counter' });
      const { key, signalled } = await ctx.sendSignal(child, 'USR1');
      return { signalled, dump: (await ctx.artifacts.get(key)).json() };
    });
    expect(value).toMatchObject({ signalled: [3], dump: { context: null, tasks: [], waits: [] } });
  });

  it('refuses a word that is no signal before anything is sent', async () => {
    const { value, kernel } = await inTask((ctx) => failure(ctx.sendSignal(1, 'BOO' as 'HUP')));
    expect(value).toMatchObject({ code: 'invalid_argument' });
    expect(lastCall(kernel, 'signal')).toBeUndefined();
  });
});

describe('Context.peek(), pendingResults(), collapse() and complete()', () => {
  const quitter = defineAgent(async (_task, ctx) => ctx.exit({ exitCode: 4, output: 'enough' }));

  it('peeks at a result without taking it; a wait takes it once (S8)', async () => {
    const { value } = await inTask(async (ctx) => {
      const child = await ctx.spawn({ name: 'v' });
      await ctx.complete(child, { exitCode: 7, output: 'by hand' });
      return {
        peeked: await ctx.peek(child, { timeoutMs: 1_000 }),
        pending: await ctx.pendingResults(),
        taken: await ctx.waitChild(child),
        left: await ctx.pendingResults(),
        again: await failure(ctx.waitChild(child)),
      };
    });
    const exit = { pid: 3, name: 'v', exitCode: 7, output: 'by hand', cause: 'done' };
    expect(value).toMatchObject({
      peeked: exit,
      pending: [exit],
      taken: exit,
      left: [],
      again: { code: 'wrong_state' },
    });
  });

  it('collapses a branch into its results, leaves first (S8)', async () => {
    const { value } = await inTask(async (ctx) => {
      const lead = await ctx.spawn({ name: 'lead', image: 'nest' });
      const done = await ctx.spawn({ name: 'done' });
      await ctx.complete(done, { output: 'result' });
      const results = await ctx.collapse(0, { graceMs: 10 });
      return { lead, results, self: await ctx.info(), left: await ctx.pendingResults() };
    });
    expect(value.results.map(({ name, exitCode, output }) => [name, exitCode, output])).toEqual([
      ['done', 0, 'result'],
      ['below', -1, 'branch collapsed'],
      ['lead', -1, 'branch collapsed'],
    ]);
    expect(value).toMatchObject({ self: { state: 'running' }, left: [] });
  });

  it('completes itself as exit() does', async () => {
    const kernel = startKernel({
      quitter,
      selfish: defineAgent((_task, ctx) => ctx.complete(ctx.pid, { exitCode: 5 })),
    });
    const pids = [
      await kernel.spawn({ name: 'q', image: 'quitter' }),
      await kernel.spawn({ name: 's', image: 'selfish' }),
    ];
    for (const pid of pids) await failure(kernel.execute(pid, 'x'));
    expect(await kernel.process(pids[0] ?? 0).ended).toMatchObject({ exitCode: 4 });
    expect(await kernel.process(pids[1] ?? 0).ended).toMatchObject({ exitCode: 5 });
  });
});

describe('Context.reparent()', () => {
  it('moves a branch, and refuses to move it below itself', async () => {
    const { value, kernel } = await inTask(async (ctx) => {
      const a = await ctx.spawn({ name: 'a', image: 'nest' });
      const b = await ctx.spawn({ name: 'b', image: 'idle' });
      await ctx.reparent(a, b);
      return [await ctx.info(a), await failure(ctx.reparent(b, a))];
    });
    expect(value).toMatchObject([{ ppid: 5 }, { code: 'invalid_argument' }]);
    expect(kernel.calls.at(-1)?.value).toEqual({ targetPid: 5, parentPid: 3 });
  });
});
