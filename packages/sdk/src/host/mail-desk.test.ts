import { afterEach, describe, expect, it } from 'vitest';
import { defineAgent } from '../agent.ts';
import type { AgentHandlers } from '../agent.ts';
import type { Context, TaskContext } from '../context/context.ts';
import { TestKernel } from '../testing/test-kernel.ts';
import type { Task } from '../task.ts';
import { MailDesk } from './mail-desk.ts';

const kernels: TestKernel[] = [];

afterEach(async () => {
  for (const kernel of kernels.splice(0)) await kernel.stop();
});

function makeKernel(images: Readonly<Record<string, AgentHandlers>>): TestKernel {
  const kernel = new TestKernel({ images });
  kernels.push(kernel);
  return kernel;
}

const failure = (work: Promise<unknown>): Promise<unknown> => work.catch((error: unknown) => error);
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
/** By the kernel, as it tells of an end. */
const report = (replyTo: string, status: string) =>
  ({ type: 'ack', relation: 0, replyTo, payload: bytes(JSON.stringify({ status })) }) as const;

/** An agent whose task does what the test says, and the kernel that it lives in. */
async function startDoer(
  doIt: (ctx: TaskContext, task: Task) => Promise<string>,
  more: AgentHandlers = {},
) {
  const kernel = makeKernel({
    doer: { onTask: (task, ctx) => doIt(ctx, task), ...more },
    echo: { onMessage: async (message) => void (await message.reply(`re: ${message.text()}`)) },
    mute: { onMessage: () => undefined },
  });
  const pid = await kernel.spawn({ name: 'doer', image: 'doer' });
  return { kernel, pid };
}

describe('Context.request() (M9)', () => {
  it('resolves to the reply, by pid and by address', async () => {
    const { kernel, pid } = await startDoer(async (ctx) => {
      const echo = await ctx.spawn({ name: 'echo', image: 'echo' });
      const [a, b] = [await ctx.request(echo, 'one'), await ctx.request('/echo', 'two')];
      return `${a.text()} ${a.type} ${b.text()}`;
    });
    expect(await kernel.execute(pid, 'go')).toMatchObject({ output: 're: one reply re: two' });
  });

  it('gives many at a time each its own', async () => {
    const { kernel, pid } = await startDoer(async (ctx) => {
      const echo = await ctx.spawn({ name: 'echo', image: 'echo' });
      const asked = Array.from({ length: 50 }, (_, i) => ctx.request(echo, `${i}`));
      return (await Promise.all(asked)).map((reply) => reply.text()).join();
    });
    const expected = Array.from({ length: 50 }, (_, i) => `re: ${i}`).join();
    expect(await kernel.execute(pid, 'go')).toMatchObject({ output: expected });
  });

  it('works inside onMessage, also to the sender of that message', async () => {
    const asked: string[] = [];
    const kernel = makeKernel({
      asker: {
        async onMessage(message, ctx) {
          asked.push((await ctx.request(message.from, 'what?')).text());
        },
      },
      teller: {
        receives: true,
        async onTask(_task, ctx) {
          await ctx.send({ to: 2, payload: 'hi' });
          const question = await ctx.receive();
          await question.reply('that');
        },
      },
    });
    await kernel.spawn({ name: 'asker', image: 'asker' });
    const teller = await kernel.spawn({ name: 'teller', image: 'teller' });
    await kernel.execute(teller, 'go');
    await expect.poll(() => asked).toEqual(['that']);
  });

  it('is over in time, and a late reply goes to onMessage', async () => {
    const late: string[] = [];
    const { kernel, pid } = await startDoer(
      async (ctx) => {
        const mute = await ctx.spawn({ name: 'mute', image: 'mute' });
        return String(await failure(ctx.request(mute, 'x', { timeoutMs: 5 })));
      },
      { onMessage: (message) => void late.push(message.text()) },
    );
    const { output } = await kernel.execute(pid, 'go');
    expect(output).toContain('No reply to m');
    await kernel.deliver(pid, { type: 'reply', replyTo: 'm2', payload: bytes('at last') });
    expect(late).toEqual(['at last']);
  });

  it.each([
    ['rejected', 'permission_denied'],
    ['receiver_gone', 'unavailable'],
    ['undeliverable', 'unavailable'],
    ['expired', 'timed_out'],
  ])('fails at once when the kernel reports %s', async (status, code) => {
    const sent = Promise.withResolvers<string>();
    const desk = new MailDesk();
    const asked = failure(desk.request(() => sent.promise, {}));
    sent.resolve('m9');
    await sent.promise;
    const message = { messageId: 'm10', fromPid: 1, fromAddress: '/king', fromName: 'king' };
    const rest = {
      priority: 0,
      timestamp: 0,
      requiresAck: false,
      deadlineMs: 0,
      whyDead: '',
      queue: '',
      topic: '',
      retained: false,
      missed: 0,
      tries: 0,
    } as const;
    await expect.poll(() => desk.take({ ...message, ...rest, ...report('m9', status) })).toBe(true);
    expect(await asked).toMatchObject({ code, details: { status } });
  });

  it('takes no report of another for the kernel’s, and waits on after a good one', async () => {
    const desk = new MailDesk();
    const asked = desk.request(() => Promise.resolve('m9'), {});
    await Promise.resolve();
    const message = { messageId: 'm10', fromPid: 7, fromAddress: '/x', fromName: 'x' };
    const rest = {
      priority: 0,
      timestamp: 0,
      requiresAck: false,
      deadlineMs: 0,
      whyDead: '',
      queue: '',
      topic: '',
      retained: false,
      missed: 0,
      tries: 0,
    } as const;
    await expect
      .poll(() => desk.take({ ...message, ...rest, ...report('m9', 'accepted') }))
      .toBe(true);
    desk.take({ ...message, ...rest, ...report('m9', 'rejected'), relation: 3 });
    expect(await asked).toMatchObject({ type: 'ack', fromPid: 7 });
  });

  it('ends with its signal', async () => {
    const desk = new MailDesk();
    const controller = new AbortController();
    const { signal } = controller;
    const asked = failure(desk.request(() => Promise.resolve('m9'), { signal }));
    controller.abort(new Error('enough'));
    expect(await asked).toMatchObject({ code: 'cancelled' });
  });

  it('gives an answer that is faster than the answer to its own send', async () => {
    const kernel = makeKernel({
      self: {
        async onTask(_task, ctx) {
          return (await ctx.request(ctx.pid, 'me')).text();
        },
        onMessage: async (message) => void (await message.reply('so fast')),
      },
    });
    const pid = await kernel.spawn({ name: 'self', image: 'self' });
    expect(await kernel.execute(pid, 'go')).toMatchObject({ output: 'so fast' });
  });
});

describe('a request whose deadline is over (M9)', () => {
  it('is rejected and not handed over; one in time shows its deadline', async () => {
    const deadlines: (Date | undefined)[] = [];
    const kernel = makeKernel({ one: { onMessage: (m) => void deadlines.push(m.deadline) } });
    const pid = await kernel.spawn({ name: 'one', image: 'one' });
    expect(await kernel.deliver(pid, { deadlineMs: Date.now() - 1 })).toMatchObject({ status: 2 });
    expect(deadlines).toEqual([]);
    const deadlineMs = Date.now() + 60_000;
    await kernel.deliver(pid, { deadlineMs });
    await kernel.deliver(pid, {});
    expect(deadlines).toEqual([new Date(deadlineMs), undefined]);
  });
});

/** A receiver, and its context for the test. */
async function startReader(agent: AgentHandlers = { receives: true }) {
  const started = Promise.withResolvers<Context>();
  const kernel = makeKernel({ reader: { ...agent, onInit: (ctx) => started.resolve(ctx) } });
  const pid = await kernel.spawn({ name: 'reader', image: 'reader' });
  return { kernel, pid, ctx: await started.promise };
}

describe('Context.receive() (M11)', () => {
  it('takes what waits, the oldest first, and acknowledges it only then', async () => {
    const { kernel, pid, ctx } = await startReader();
    const acked: string[] = [];
    const acks = ['one', 'two'].map(async (text) => {
      await kernel.deliver(pid, { payload: bytes(text) });
      acked.push(text);
    });
    expect((await ctx.receive()).text()).toBe('one');
    await acks[0];
    expect(acked).toEqual(['one']);
    expect((await ctx.receive()).text()).toBe('two');
    await acks[1];
  });

  it('serves several waiters in the order in which they came', async () => {
    const { kernel, pid, ctx } = await startReader();
    const waits = [ctx.receive(), ctx.receive({ type: 'b' }), ctx.receive()];
    for (const type of ['a', 'b', 'c']) await kernel.deliver(pid, { type });
    expect((await Promise.all(waits)).map(({ type }) => type)).toEqual(['a', 'b', 'c']);
  });

  it('chooses by type and by sender, and leaves the rest where it is', async () => {
    const { kernel, pid, ctx } = await startReader();
    const rows = [
      { type: 'a', fromPid: 7, fromAddress: '/king/x' },
      { type: 'b', fromPid: 7, fromAddress: '/king/x' },
      { type: 'b', fromPid: 8, fromAddress: '/king/y' },
    ];
    const acks = rows.map((row) => kernel.deliver(pid, row));
    expect(await ctx.receive({ type: 'b', from: 8 })).toMatchObject({ from: 8 });
    expect(await ctx.receive({ from: 'x', type: 'b' })).toMatchObject({ type: 'b', from: 7 });
    expect(await ctx.receive({ from: '/king/x' })).toMatchObject({ type: 'a' });
    await Promise.all(acks);
  });

  it('leaves the queue unchanged when its time is over, or it is given up', async () => {
    const { kernel, pid, ctx } = await startReader();
    const controller = new AbortController();
    const { signal } = controller;
    const given = failure(ctx.receive({ signal }));
    controller.abort();
    expect(await given).toMatchObject({ code: 'cancelled' });
    expect(await failure(ctx.receive({ timeoutMs: 1 }))).toMatchObject({ code: 'timed_out' });
    const ack = kernel.deliver(pid, { type: 'later' });
    expect(await failure(ctx.receive({ signal }))).toMatchObject({ code: 'cancelled' });
    expect(await ctx.receive()).toMatchObject({ type: 'later' });
    await ack;
  });

  it('goes before onMessage, which has what nobody waits for', async () => {
    const handled: string[] = [];
    const { kernel, pid, ctx } = await startReader({
      onMessage: ({ type }) => void handled.push(type),
    });
    const wait = ctx.receive({ type: 'b' });
    for (const type of ['a', 'b', 'b']) await kernel.deliver(pid, { type });
    expect((await wait).type).toBe('b');
    expect(handled).toEqual(['a', 'b']);
  });

  it('inside onMessage takes the next of the same sender, which stands behind it', async () => {
    const pairs: string[] = [];
    const { kernel, pid } = await startReader({
      async onMessage(message, ctx) {
        await new Promise((resolve) => setImmediate(resolve));
        pairs.push(`${message.type}${(await ctx.receive({ from: message.from })).type}`);
      },
    });
    await Promise.all(['a', 'b', 'c', 'd'].map((type) => kernel.deliver(pid, { type })));
    expect(pairs).toEqual(['ab', 'cd']);
  });

  it('takes signals, escalations and copies only when asked for them by type', async () => {
    const { kernel, pid, ctx } = await startReader();
    const waits = [ctx.receive(), ctx.receive({ type: 'escalation' })];
    const statuses: number[] = [];
    for (const type of ['signal', 'sibling_traffic:x', 'escalation', 'escalation', 'note']) {
      const relation = type === 'signal' ? 0 : 2;
      statuses.push((await kernel.deliver(pid, { type, relation })).status);
    }
    expect(statuses).toEqual([0, 0, 0, 3, 0]);
    expect((await Promise.all(waits)).map(({ type }) => type)).toEqual(['note', 'escalation']);
  });

  it('is not needed: an agent without it and without onMessage accepts everything', async () => {
    const kernel = makeKernel({ plain: new (defineAgent(() => undefined))() });
    const pid = await kernel.spawn({ name: 'plain', image: 'plain' });
    expect(await kernel.deliver(pid, {})).toMatchObject({ status: 0 });
  });

  it('ends with the task that waits', async () => {
    const ended: unknown[] = [];
    const { kernel, pid } = await startDoer(async (ctx) => {
      void ctx.interrupt(0).catch(() => undefined);
      ended.push(await failure(ctx.receive({ timeoutMs: 20_000 })));
      return 'over';
    });
    await failure(kernel.execute(pid, 'go'));
    expect(ended).toMatchObject([{ code: 'cancelled' }]);
  });
});
