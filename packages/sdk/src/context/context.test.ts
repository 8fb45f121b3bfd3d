import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { defineAgent } from '../agent.ts';
import type { AgentHandlers, TaskHandler } from '../agent.ts';
import { HiveError } from '../hive-error.ts';
import { TestKernel } from '../testing/test-kernel.ts';
import type { TaskContext } from './context.ts';

const kernels: TestKernel[] = [];

afterEach(async () => {
  for (const kernel of kernels.splice(0)) await kernel.stop();
});

const echo: AgentHandlers = {
  onTask: (task, ctx) => ({
    output: `${task.description} ${task.contextText()}`,
    metadata: { pid: ctx.pid },
  }),
};
const sulky = defineAgent(() => {
  throw new Error('I will not');
});
const idle = defineAgent({
  onTask: (_task, ctx) => once(ctx.signal, 'abort').then(() => undefined),
});

/** Runs code as the task of a process, and gives what it returned. */
async function inTask<T>(
  work: (ctx: TaskContext) => Promise<T>,
): Promise<{ value: T; kernel: TestKernel }> {
  const result = Promise.withResolvers<T>();
  const onTask: TaskHandler = async (_task, ctx) => {
    await work(ctx).then(result.resolve, result.reject);
  };
  const kernel = new TestKernel({
    images: { main: defineAgent(onTask), echo, sulky, idle },
    env: { A: '1' },
  });
  kernels.push(kernel);
  const pid = await kernel.spawn({
    name: 'main',
    role: 'lead',
    tier: 'tactical',
    image: 'main',
    systemPrompt: 'be brief',
    limits: { childrenMax: 3, taskTimeoutMs: 1500 },
    env: { B: '2' },
  });
  await kernel.execute(pid, 'go');
  return { value: await result.promise, kernel };
}

const failure = (work: Promise<unknown>): Promise<unknown> => work.catch((error: unknown) => error);

describe('Context', () => {
  it('knows who it is', async () => {
    const { value } = await inTask((ctx) => Promise.resolve(ctx));
    expect(value).toMatchObject({
      pid: 2,
      ppid: 1,
      user: 'root',
      role: 'lead',
      tier: 'tactical',
      name: 'main',
      address: '/king/main',
      model: 'sonnet',
      config: { systemPrompt: 'be brief' },
      limits: { childrenMax: 3, taskTimeoutMs: 2000 },
      env: { A: '1', B: '2' },
      task: { description: 'go', priority: 'normal' },
    });
    expect(value.savedState).toBeUndefined();
  });

  it('carries the id of its task in every call', async () => {
    const { value, kernel } = await inTask(async (ctx) => {
      await ctx.log.info('hello', { n: 1, list: [1] });
      await ctx.progress(50, 'half');
      await ctx.progress(undefined);
      await ctx.metric('depth', 3, { labels: { kind: 'x' } });
      return ctx.task.id;
    });
    expect(new Set(kernel.calls.map(({ taskId }) => taskId))).toEqual(new Set([value]));
    expect(kernel.calls.map(({ value: sent }) => sent)).toMatchObject([
      { level: 1, message: 'hello', fields: { n: '1', list: '[1]' } },
      { percent: 50, message: 'half' },
      { percent: -1 },
      { name: 'depth', value: 3, labels: { kind: 'x' } },
    ]);
  });

  it('spawns, delegates, waits, lists and kills', async () => {
    const { value, kernel } = await inTask(async (ctx) => {
      const child = await ctx.spawn({ name: 'c', image: 'echo', env: { X: '1' } });
      const result = await ctx.executeOn(child, {
        description: 'hi',
        context: 'there',
        params: { n: 1 },
      });
      const children = await ctx.children();
      const running = await ctx.children({ state: 'running' });
      const info = await ctx.info(child);
      const self = await ctx.info();
      const killed = await ctx.kill(child, { recursive: true, graceMs: 1_200 });
      const exit = await ctx.waitChild(child, { timeoutMs: 5_000 });
      return { child, result, children, running, info, self, killed, exit };
    });
    const { child } = value;
    expect(value.result).toMatchObject({
      output: 'hi there',
      exitCode: 0,
      metadata: { pid: `${child}` },
    });
    expect(value.children.map(({ pid, name }) => [pid, name])).toEqual([[child, 'c']]);
    expect(value.running).toEqual([]);
    expect(value.info).toMatchObject({
      role: 'worker',
      tier: 'operational',
      state: 'idle',
      ppid: 2,
    });
    expect(value.self).toMatchObject({ pid: 2, childCount: 1, state: 'running' });
    expect(value.killed).toEqual([child]);
    const exit = { pid: child, name: 'c', exitCode: -1, output: '', cause: 'killed' };
    expect(value.exit).toEqual(exit);
    const sent = kernel.calls.find(({ kind }) => kind === 'kill')?.value;
    expect(sent).toMatchObject({ recursive: true, gracePeriodSeconds: 2 });
  });

  it('throws what a child failed with, the code and the result kept', async () => {
    const { value } = await inTask(async (ctx) => {
      const child = await ctx.spawn({ name: 'c', image: 'sulky' });
      return failure(ctx.executeOn(child, { description: 'please' }));
    });
    expect(value).toBeInstanceOf(HiveError);
    expect(value).toMatchObject({ code: 'task_failed', message: 'I will not' });
  });

  it('throws the kernel’s refusals as HiveErrors', async () => {
    const { value } = await inTask((ctx) => failure(ctx.info(99)));
    expect(value).toMatchObject({ code: 'not_found', message: 'There is no process 99.' });
  });

  it('sends text, bytes and JSON, and answers by the id', async () => {
    const { value, kernel } = await inTask(async (ctx) => [
      await ctx.send({ to: 1, payload: 'text' }),
      await ctx.send({ to: 1, payload: new Uint8Array([104, 105]), type: 'raw', replyTo: 'm9' }),
      await ctx.send({ to: 1, payload: { a: [1, null] }, priority: 'high', ttlMs: 1 }),
    ]);
    expect(new Set(value).size).toBe(3);
    expect(kernel.toKing).toMatchObject([
      { from: 2, type: 'message', text: 'text', replyTo: '' },
      { type: 'raw', text: 'hi', replyTo: 'm9' },
      { text: '{"a":[1,null]}' },
    ]);
    expect(kernel.calls.at(-1)?.value).toMatchObject({ priority: 1, ttlSeconds: 1 });
  });

  it('stores, reads and lists artifacts, by key, id and version', async () => {
    const { value } = await inTask(async (ctx) => {
      const first = await ctx.artifacts.put('notes/a', 'one');
      const second = await ctx.artifacts.put('notes/a', { two: 2 }, { visibility: 'global' });
      return {
        first,
        second,
        newest: await ctx.artifacts.get('notes/a'),
        old: await ctx.artifacts.get({ id: first.id }, { version: 1 }),
        list: await ctx.artifacts.list({ prefix: 'notes/', storedBy: ctx.pid }),
        none: await ctx.artifacts.list({ prefix: 'other/' }),
        missing: await failure(ctx.artifacts.get('nope')),
      };
    });
    expect(value.first).toMatchObject({
      version: 1,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    });
    expect(value.second).toMatchObject({ id: value.first.id, version: 2 });
    expect(value.newest).toMatchObject({
      key: 'notes/a',
      version: 2,
      visibility: 'global',
      storedBy: 2,
    });
    expect(value.newest.json()).toEqual({ two: 2 });
    expect(value.newest.contentType).toBe('application/json');
    expect(value.old.text()).toBe('one');
    expect(value.list).toMatchObject([{ key: 'notes/a', version: 2, sizeBytes: 9 }]);
    expect(value.none).toEqual([]);
    expect(value.missing).toMatchObject({ code: 'not_found' });
  });

  it('writes artifacts by version and id, freezes and deletes them (M12)', async () => {
    const { value } = await inTask(async (ctx) => {
      const { artifacts } = ctx;
      const { id } = await artifacts.put('plan', 'one', { ifVersion: 0, traceId: 'tr' });
      const stale = await failure(artifacts.put('plan', 'x', { ifVersion: 0 }));
      await artifacts.put({ id }, 'two', { ifVersion: 1 });
      const versions = await artifacts.versions('plan');
      const lost = await failure(artifacts.delete('plan', { ifVersion: 1 }));
      const frozen = await artifacts.freeze('plan', { ifVersion: 2 });
      const changed = await failure(artifacts.put('plan', 'x'));
      const kept = await failure(artifacts.delete({ id }));
      await artifacts.put('draft', 'd');
      await artifacts.delete('draft');
      const gone = await failure(artifacts.versions('draft'));
      const again = await artifacts.put('draft', 'e', { frozen: true });
      const draft = await artifacts.get({ id: again.id });
      return { id, stale, versions, lost, frozen, changed, kept, gone, again, draft };
    });
    const { id } = value;
    expect(value.stale).toMatchObject({ code: 'conflict', details: { version: '1' } });
    expect(value.versions).toMatchObject([
      { id, version: 1, sizeBytes: 3, owner: 2, traceId: 'tr', isFrozen: false },
      { id, version: 2, sizeBytes: 3, taskId: value.versions[0]?.taskId, traceId: '' },
    ]);
    expect(value.lost).toMatchObject({ code: 'conflict' });
    expect(value.frozen).toMatchObject({ id, version: 2, isFrozen: true });
    expect(value.changed).toMatchObject({ code: 'wrong_state' });
    expect(value.kept).toMatchObject({ code: 'permission_denied' });
    expect(value.gone).toMatchObject({ code: 'not_found' });
    expect(value.again.version).toBe(1);
    expect(value.draft).toMatchObject({ key: 'draft', isFrozen: true });
  });

  it('ends a wait by its deadline and by its signal', async () => {
    const { value } = await inTask(async (ctx) => {
      const child = await ctx.spawn({ name: 'c', image: 'idle' });
      const abort = new AbortController();
      const aborted = failure(ctx.waitChild(child, { signal: abort.signal }));
      abort.abort();
      return [await failure(ctx.waitChild(child, { timeoutMs: 10 })), await aborted];
    });
    expect(value).toMatchObject([{ code: 'timed_out' }, { code: 'cancelled' }]);
  });

  it('ends the process with a result by exit(), and never returns from it', async () => {
    const kernel = new TestKernel({
      images: { main: defineAgent(async (_task, ctx) => ctx.exit({ exitCode: 3, output: 'bye' })) },
    });
    kernels.push(kernel);
    const pid = await kernel.spawn({ name: 'main', image: 'main' });
    const error = await failure(kernel.execute(pid, 'x'));
    expect(error).toMatchObject({ code: 'unavailable' });
    expect(await kernel.process(pid).ended).toMatchObject({ exitCode: 3, output: 'bye' });
  });
});

describe('TaskContext after a cancel (C1)', () => {
  it('ends the waits under way, refuses new work and lets the cleaning up pass', async () => {
    const outcomes = Promise.withResolvers<unknown[]>();
    const waiting = Promise.withResolvers<void>();
    const main = defineAgent(async (_task, ctx) => {
      const child = await ctx.spawn({ name: 'c', image: 'idle' });
      const waited = failure(ctx.executeOn(child, { description: 'long' }));
      waiting.resolve();
      outcomes.resolve([
        await waited,
        await failure(ctx.spawn({ name: 'late', image: 'idle' })),
        await ctx.kill(child),
        await ctx.waitChild(child),
      ]);
    });
    const kernel = new TestKernel({ images: { main, idle } });
    kernels.push(kernel);
    const pid = await kernel.spawn({ name: 'main', image: 'main' });
    const task = failure(kernel.execute(pid, 'go'));
    await waiting.promise;
    await kernel.process(pid).session.request('interrupt', { taskId: '', reason: 'stop' }, { pid });
    const cancelled = { code: 'cancelled', message: 'cancelled: stop' };
    expect(await outcomes.promise).toMatchObject([cancelled, cancelled, [3], { exitCode: -1 }]);
    await task;
    expect(kernel.processes.map(({ spawn }) => spawn.name)).toEqual(['main', 'c']);
  });

  it('fires the signal of the nested task too, down the tree (S1)', async () => {
    const reached = Promise.withResolvers<string>();
    const working = Promise.withResolvers<void>();
    const leaf = defineAgent(async (_task, ctx) => {
      working.resolve();
      await once(ctx.signal, 'abort');
      reached.resolve((ctx.signal.reason as Error).message);
    });
    const over = (image: string) =>
      defineAgent(async (_task, ctx) => {
        const child = await ctx.spawn({ name: image, image });
        await ctx.executeOn(child, { description: 'go' });
      });
    const kernel = new TestKernel({ images: { leaf, middle: over('leaf'), top: over('middle') } });
    kernels.push(kernel);
    const pid = await kernel.spawn({ name: 'top', image: 'top' });
    const task = failure(kernel.execute(pid, 'go'));
    await working.promise;
    await kernel.signal(pid, 'INT', { reason: 'enough' });
    expect(await reached.promise).toBe('cancelled: the caller gave it up');
    expect(await task).toMatchObject({ message: 'cancelled: enough' });
    expect(kernel.processes.every(({ isAlive }) => isAlive)).toBe(true);
  });
});

describe('TaskContext.quietly()', () => {
  const quietOf = (kernel: TestKernel) =>
    kernel.calls
      .filter(({ kind }) => kind === 'progress')
      .map(({ value }) => (value as { quietMs: number }).quietMs);

  it('declares the silence, runs the work, and declares the end (S6)', async () => {
    const { value, kernel } = await inTask((ctx) =>
      ctx.quietly(60_000, async () => {
        await ctx.progress(50, 'linking');
        return 'built';
      }),
    );
    expect(value).toBe('built');
    const [declared = 0, meanwhile = 0, ended] = quietOf(kernel);
    expect(declared).toBeGreaterThan(50_000);
    // A report of progress does not end it (C3).
    expect(meanwhile).toBeGreaterThan(50_000);
    expect(ended).toBe(0);
  });

  it('declares the end also when the work throws', async () => {
    const { value, kernel } = await inTask((ctx) =>
      failure(
        ctx.quietly(1_000, () => {
          throw new Error('the tool broke');
        }),
      ),
    );
    expect(value).toMatchObject({ message: 'the tool broke' });
    expect(quietOf(kernel).at(-1)).toBe(0);
  });

  it('leaves the longer silence of another task open (Q1)', async () => {
    const { kernel } = await inTask((ctx) =>
      ctx.quietly(600_000, () => ctx.quietly(1_000, () => undefined)),
    );
    const quiet = quietOf(kernel);
    expect(quiet).toHaveLength(4);
    expect(quiet.slice(0, 3).every((ms) => ms > 500_000)).toBe(true);
    expect(quiet[3]).toBe(0);
  });

  it.each([0, -1, Number.NaN])('refuses a silence of %s ms, and runs nothing', async (maxMs) => {
    let runs = 0;
    const { value, kernel } = await inTask((ctx) => failure(ctx.quietly(maxMs, () => (runs += 1))));
    expect(value).toMatchObject({ code: 'invalid_argument' });
    expect([runs, quietOf(kernel)]).toEqual([0, []]);
  });
});
