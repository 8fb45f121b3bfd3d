import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { defineAgent } from '../agent.ts';
import type { AgentHandlers } from '../agent.ts';
import type { Message } from '../context/message.ts';
import { TestKernel } from '../testing/test-kernel.ts';
import { ACKS, wordOf } from '../words.ts';

const kernels: TestKernel[] = [];

afterEach(async () => {
  for (const kernel of kernels.splice(0)) await kernel.stop();
});

async function start(agent: AgentHandlers) {
  const kernel = new TestKernel({ images: { test: agent } });
  kernels.push(kernel);
  const pid = await kernel.spawn({ name: 'one', image: 'test' });
  return { kernel, pid, session: kernel.process(pid).session };
}

const failure = (work: Promise<unknown>): Promise<unknown> => work.catch((error: unknown) => error);
const taskRequest = (taskId: string) => ({
  taskId,
  description: '',
  params: {},
  priority: 2 as const,
  timeoutSeconds: 0,
  context: new Uint8Array(),
  parentTaskId: '',
  retriesMax: 0,
});

describe('AgentHost: start', () => {
  it('lets onInit spawn a child and use it before the start is answered', async () => {
    const child = defineAgent(() => 'from the child');
    const seen: string[] = [];
    const parent: AgentHandlers = {
      async onInit(ctx) {
        const pid = await ctx.spawn({ name: 'child', image: 'child' });
        seen.push((await ctx.executeOn(pid, { description: 'x' })).output);
      },
    };
    const kernel = new TestKernel({ images: { parent, child } });
    kernels.push(kernel);
    await kernel.spawn({ name: 'parent', image: 'parent' });
    expect(seen).toEqual(['from the child']);
  });

  it('tells why onInit failed, and leaves no process (H3)', async () => {
    const kernel = new TestKernel({
      images: {
        bad: {
          onInit() {
            throw new Error('no database');
          },
        },
      },
    });
    kernels.push(kernel);
    const error = await failure(kernel.spawn({ name: 'bad', image: 'bad' }));
    expect(error).toMatchObject({ code: 'start_failed', message: 'onInit failed: no database' });
    expect(kernel.processes).toEqual([]);
  });

  it('tells why a module cannot be loaded (H3)', async () => {
    const kernel = new TestKernel();
    kernels.push(kernel);
    const error = await failure(kernel.spawn({ name: 'bad', image: './nowhere.ts#X' }));
    expect(error).toMatchObject({
      code: 'start_failed',
      message: expect.stringContaining('cannot load ./nowhere.ts#X') as string,
    });
  });

  it('keeps messages and tasks that come early until onInit ended (H2)', async () => {
    const order: string[] = [];
    const go = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const agent: AgentHandlers = {
      async onInit() {
        begun.resolve();
        await go.promise;
        order.push('init');
      },
      onMessage: () => void order.push('message'),
      onTask: () => void order.push('task'),
    };
    const kernel = new TestKernel({ images: { slow: agent } });
    kernels.push(kernel);
    const spawned = kernel.spawn({ name: 'slow', image: 'slow' });
    await begun.promise;
    const pid = kernel.processes[0]?.pid ?? 0;
    const early = [kernel.deliver(pid, {}), kernel.execute(pid, 'x')];
    go.resolve();
    await Promise.all([spawned, ...early]);
    expect(order[0]).toBe('init');
    expect(order.toSorted()).toEqual(['init', 'message', 'task']);
  });
});

describe('AgentHost: tasks', () => {
  it('answers what the task returned, nothing included', async () => {
    const { kernel, pid } = await start({
      onTask: ({ description }) => {
        if (description === 'text') return 'a text';
        return description === 'parts'
          ? { output: 'o', exitCode: 2, metadata: { n: 1 } }
          : undefined;
      },
    });
    const empty = { exitCode: 0, output: '', artifacts: {}, metadata: {} };
    expect(await kernel.execute(pid, 'text')).toEqual({ ...empty, output: 'a text' });
    expect(await kernel.execute(pid, 'nothing')).toEqual(empty);
    expect(await kernel.execute(pid, 'parts')).toMatchObject({ exitCode: 2, metadata: { n: '1' } });
  });

  it('fails a task that throws, or returns what is no output, and lives on (G3)', async () => {
    const { kernel, pid } = await start({
      onTask: ({ description }) => {
        if (description === 'throw') throw new Error('broken pipe dream');
        return description === 'number' ? (42 as unknown as string) : 'fine';
      },
    });
    expect(await failure(kernel.execute(pid, 'throw'))).toMatchObject({
      message: 'broken pipe dream',
    });
    expect(await failure(kernel.execute(pid, 'number'))).toMatchObject({
      message: expect.stringContaining('onTask returned a number') as string,
    });
    expect((await kernel.execute(pid, 'x')).output).toBe('fine');
  });

  it('refuses tasks when the agent has no onTask', async () => {
    const { kernel, pid } = await start({ onMessage: () => undefined });
    expect(await failure(kernel.execute(pid, 'x'))).toMatchObject({
      message: expect.stringContaining('it has no onTask') as string,
    });
  });

  it('runs tasks beside each other, and says in the heartbeat what it does', async () => {
    const both = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    let running = 0;
    const { session, pid } = await start({
      async onTask() {
        running += 1;
        if (running === 2) both.resolve();
        await go.promise;
      },
    });
    const tasks = ['t1', 't2'].map((id) => session.request('execute', taskRequest(id), { pid }));
    await both.promise;
    expect(await session.request('heartbeat', { timestamp: 0 }, { pid })).toMatchObject({
      state: 1,
      currentTaskId: 't1',
    });
    go.resolve();
    await Promise.all(tasks);
    expect(await session.request('heartbeat', { timestamp: 0 }, { pid })).toMatchObject({
      state: 0,
    });
  });

  it('takes the same task id again for the same task (T3)', async () => {
    let runs = 0;
    const go = Promise.withResolvers<void>();
    const { session, pid } = await start({
      async onTask() {
        runs += 1;
        await go.promise;
        return 'once';
      },
    });
    const tasks = ['t1', 't1'].map((id) => session.request('execute', taskRequest(id), { pid }));
    await session.request('heartbeat', { timestamp: 0 }, { pid });
    go.resolve();
    const answers = await Promise.all(tasks);
    expect(answers.map(({ result }) => result?.output)).toEqual(['once', 'once']);
    expect(runs).toBe(1);
  });
});

describe('AgentHost: interrupt', () => {
  const waiting: AgentHandlers = {
    async onTask(task, ctx) {
      if (task.description === 'stubborn') await new Promise(() => {});
      await once(ctx.signal, 'abort');
      if (task.description === 'returns') return 'what I have';
      throw new Error('interrupted in the middle');
    },
  };

  it('ends a task that throws with `cancelled` and the reason (T1)', async () => {
    const { session, pid } = await start(waiting);
    const task = session.request('execute', taskRequest('t1'), { pid });
    await session.request('heartbeat', { timestamp: 0 }, { pid });
    const answer = await session.request(
      'interrupt',
      { taskId: 't1', reason: 'too slow' },
      { pid },
    );
    expect(answer.acknowledged).toBe(true);
    expect(await task).toMatchObject({ completed: false, error: 'cancelled: too slow' });
  });

  it('lets a task that returns complete (T2), and ends one that ignores its signal', async () => {
    const { session, pid } = await start(waiting);
    const tasks = ['returns', 'stubborn'].map((description) =>
      session.request('execute', { ...taskRequest(description), description }, { pid }),
    );
    await session.request('heartbeat', { timestamp: 0 }, { pid });
    await session.request('interrupt', { taskId: '', reason: '' }, { pid });
    const [returned, stubborn] = await Promise.all(tasks);
    expect(returned).toMatchObject({ completed: true, result: { output: 'what I have' } });
    expect(stubborn).toMatchObject({ completed: false, error: 'cancelled' });
  });

  it('does not acknowledge a task that it does not run', async () => {
    const { session, pid } = await start(waiting);
    const answer = await session.request('interrupt', { taskId: 't9', reason: '' }, { pid });
    expect(answer.acknowledged).toBe(false);
  });
});

describe('AgentHost: messages', () => {
  it.each([
    ['nothing', undefined, 'accepted', ''],
    ['queued', 'queued', 'queued', ''],
    ['rejected', 'rejected', 'rejected', ''],
    ['escalate', 'escalate', 'escalate', ''],
    ['a reply', { reply: 'yes' }, 'accepted', 'yes'],
  ] as const)(
    'acknowledges by what onMessage returned: %s',
    async (_name, outcome, word, reply) => {
      const { kernel, pid } = await start({ onMessage: () => outcome });
      const ack = await kernel.deliver(pid, { messageId: 'm1' });
      expect({ ...ack, status: wordOf(ACKS, ack.status) }).toEqual({
        messageId: 'm1',
        status: word,
        reply,
      });
    },
  );

  it('acknowledges an id that was handled without handling it again', async () => {
    const texts: string[] = [];
    const { kernel, pid } = await start({
      onMessage: (message) => {
        texts.push(message.text());
        return 'queued';
      },
    });
    const payload = new TextEncoder().encode('once');
    for (const _ of [1, 2]) {
      expect(await kernel.deliver(pid, { messageId: 'm1', payload })).toMatchObject({ status: 1 });
    }
    expect(texts).toEqual(['once']);
  });

  it('fails the delivery when onMessage throws, and handles the id again (G3)', async () => {
    let tries = 0;
    const { kernel, pid } = await start({
      onMessage() {
        tries += 1;
        if (tries === 1) throw new Error('not now');
      },
    });
    expect(await failure(kernel.deliver(pid, { messageId: 'm1' }))).toMatchObject({
      message: 'not now',
    });
    expect(await kernel.deliver(pid, { messageId: 'm1' })).toMatchObject({ status: 0 });
    expect(tries).toBe(2);
  });

  it('keeps the order within a lane, and lets no other lane wait (G2)', async () => {
    const order: string[] = [];
    const go = Promise.withResolvers<void>();
    const { kernel, pid } = await start({
      async onMessage({ id }) {
        if (id === 'a1') await go.promise;
        order.push(id);
      },
    });
    const acks = [
      kernel.deliver(pid, { messageId: 'a1', fromPid: 7 }),
      kernel.deliver(pid, { messageId: 'a2', fromPid: 7 }),
      kernel.deliver(pid, { messageId: 'b1', fromPid: 8 }),
    ];
    await acks[2];
    go.resolve();
    await Promise.all(acks);
    expect(order).toEqual(['b1', 'a1', 'a2']);
  });

  it('without onMessage accepts messages and hands escalations on', async () => {
    const { kernel, pid } = await start({ onTask: () => 'x' });
    expect(await kernel.deliver(pid, { type: 'note' })).toMatchObject({ status: 0 });
    expect(await kernel.deliver(pid, { type: 'escalation' })).toMatchObject({ status: 3 });
  });

  it('gives the message its words, and a way to answer', async () => {
    const seen = Promise.withResolvers<Message>();
    const { kernel, pid } = await start({
      async onMessage(message) {
        await message.reply('42');
        seen.resolve(message);
      },
    });
    const payload = new TextEncoder().encode('{"q":1}');
    await kernel.deliver(pid, { messageId: 'm5', type: 'question', payload });
    const message = await seen.promise;
    expect(message).toMatchObject({
      from: 1,
      fromName: 'king',
      relation: 'parent',
      type: 'question',
    });
    expect(message).toMatchObject({ priority: 'normal', requiresAck: false });
    expect(message.json()).toEqual({ q: 1 });
    expect(kernel.toKing).toMatchObject([{ type: 'reply', text: '42', replyTo: 'm5' }]);
  });
});

describe('AgentHost: shutdown', () => {
  it('cancels tasks, runs onShutdown with the reason, and keeps what it returns (H4)', async () => {
    const order: string[] = [];
    const { session, pid, kernel } = await start({
      async onTask(_task, ctx) {
        await once(ctx.signal, 'abort');
        order.push('task');
        throw new Error('stopped');
      },
      async onShutdown(reason, ctx) {
        order.push(`shutdown ${reason} ${ctx.signal.aborted}`);
        await ctx.artifacts.put('notes', 'saved');
        return { page: 3 };
      },
    });
    const task = session.request('execute', taskRequest('t1'), { pid });
    await session.request('heartbeat', { timestamp: 0 }, { pid });
    const request = { reason: 2, gracePeriodSeconds: 5 } as const;
    const answer = await session.request('shutdown', request, { pid });
    expect(await task).toMatchObject({
      completed: false,
      error: 'cancelled: the process is stopping',
    });
    expect(order).toEqual(['task', 'shutdown budget_exceeded true']);
    expect(new TextDecoder().decode(answer.stateSnapshot)).toBe('{"page":3}');
    expect(await kernel.process(pid).ended).toMatchObject({ exitCode: 0 });
    expect(kernel.artifacts.list({ prefix: 'notes', storedByPid: 0 })).toHaveLength(1);
  });

  it('lets onShutdown finish also where the grace is longer than a timer takes', async () => {
    const { session, pid } = await start({
      async onShutdown(_reason, ctx) {
        // Longer than the millisecond that a timer makes of what it cannot take.
        for (let page = 0; page < 200; page += 1) await ctx.artifacts.put('notes', `page ${page}`);
        return 'saved';
      },
    });
    const request = { reason: 0, gracePeriodSeconds: 2 ** 32 - 1 } as const;
    const answer = await session.request('shutdown', request, { pid });
    expect(new TextDecoder().decode(answer.stateSnapshot)).toBe('saved');
  });

  it('answers and ends with 1 when onShutdown throws', async () => {
    const { session, pid, kernel } = await start({
      onShutdown() {
        throw new Error('cannot save');
      },
    });
    const request = { reason: 0, gracePeriodSeconds: 5 } as const;
    const answer = await session.request('shutdown', request, { pid });
    expect(answer.stateSnapshot).toHaveLength(0);
    expect(await kernel.process(pid).ended).toMatchObject({ exitCode: 1 });
  });

  it('fires every signal when the link is lost', async () => {
    const fired = Promise.withResolvers<string>();
    const { session, pid, kernel } = await start({
      async onTask(_task, ctx) {
        await once(ctx.signal, 'abort');
        fired.resolve((ctx.signal.reason as Error).message);
      },
    });
    void session.request('execute', taskRequest('t1'), { pid }).catch(() => undefined);
    await session.request('heartbeat', { timestamp: 0 }, { pid });
    kernel.process(pid).cut();
    expect(await fired.promise).toBe('cancelled: the kernel is gone');
  });
});
