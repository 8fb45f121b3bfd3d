import { afterEach, describe, expect, it } from 'vitest';
import { Agent, defineAgent } from '../agent.ts';
import type { AgentClass, AgentHandlers } from '../agent.ts';
import type { ReceivedSignal } from '../context/signal.ts';
import { TestKernel } from './test-kernel.ts';

const kernels: TestKernel[] = [];

afterEach(async () => {
  for (const kernel of kernels.splice(0)) await kernel.stop();
});

function start(images: Readonly<Record<string, AgentClass | AgentHandlers>>): TestKernel {
  const kernel = new TestKernel({ images });
  kernels.push(kernel);
  return kernel;
}

const echo = defineAgent(({ description }) => description);
const failure = (work: Promise<unknown>): Promise<unknown> => work.catch((error: unknown) => error);

describe('TestKernel: signals', () => {
  it('tells a parent how its child ended, whatever ended it (P8)', async () => {
    const heard: ReceivedSignal[] = [];
    const twice = Promise.withResolvers<void>();
    const kernel = start({
      parent: {
        onSignal(signal) {
          heard.push(signal);
          if (heard.length === 2) twice.resolve();
        },
      },
      echo,
    });
    const parent = await kernel.spawn({ name: 'p', image: 'parent' });
    const a = await kernel.spawn({ name: 'a', image: 'echo' }, parent);
    const b = await kernel.spawn({ name: 'b' }, parent);
    await kernel.process(a).kill(0);
    await kernel.process(b).complete({ exitCode: 3, output: 'x' });
    await twice.promise;
    expect(heard).toMatchObject([
      { signal: 'CHLD', pid: a, name: 'a', cause: 'killed', exitCode: -1 },
      { signal: 'CHLD', pid: b, name: 'b', cause: 'done', exitCode: 3, output: 'x' },
    ]);
  });

  it('keeps tasks and messages of a paused process until it goes on, in order', async () => {
    const order: string[] = [];
    const kernel = start({
      test: {
        onTask: ({ description }) => void order.push(description),
        onMessage: ({ type }) => void order.push(type),
      },
    });
    const pid = await kernel.spawn({ name: 't', image: 'test' });
    await kernel.signal(pid, 'STOP');
    const work = [
      kernel.execute(pid, 'first'),
      kernel.deliver(pid, { type: 'second' }),
      kernel.deliver(pid, { type: 'third' }),
    ];
    expect(kernel.process(pid).state).toBe('paused');
    expect(order).toEqual([]);
    await kernel.signal(pid, 'CONT');
    await Promise.all(work);
    expect(order.toSorted()).toEqual(['first', 'second', 'third']);
    expect(order.indexOf('second')).toBeLessThan(order.indexOf('third'));
  });

  it('reaches onSignal by HUP, with the reason', async () => {
    const heard = Promise.withResolvers<ReceivedSignal>();
    const kernel = start({ test: { onSignal: (signal) => heard.resolve(signal) } });
    const pid = await kernel.spawn({ name: 't', image: 'test' });
    await kernel.signal(pid, 'HUP', { reason: 'new prices' });
    expect(await heard.promise).toEqual({
      signal: 'HUP',
      ppid: undefined,
      reason: 'new prices',
    });
  });
});

describe('TestKernel: incarnations', () => {
  /** Says in which incarnation it works. */
  class Lives extends Agent {
    static lives = 0;
    readonly #life: number;

    constructor() {
      super();
      Lives.lives += 1;
      this.#life = Lives.lives;
    }

    override async onTask(): Promise<string> {
      if (this.#life === 1) await new Promise(() => {});
      return `in life ${this.#life}`;
    }
  }

  it('tries a task again after a restart, as often as it says', async () => {
    Lives.lives = 0;
    const kernel = start({ lives: Lives });
    const pid = await kernel.spawn({ name: 'l', image: 'lives' });
    const once = failure(kernel.execute(pid, 'x'));
    const again = kernel.execute(pid, { description: 'x', retries: 1 });
    await kernel.process(pid).restart();
    expect(await once).toMatchObject({ code: 'unavailable' });
    expect((await again).output).toBe('in life 2');
  });

  it('wakes a sleeper for a message, before those that come after it', async () => {
    const order: string[] = [];
    const kernel = start({ test: { onMessage: ({ type }) => void order.push(type) } });
    const pid = await kernel.spawn({ name: 't', image: 'test' });
    await kernel.process(pid).sleep({ isItself: false });
    expect(kernel.process(pid).state).toBe('sleeping');
    await Promise.all(['one', 'two', 'three'].map((type) => kernel.deliver(pid, { type })));
    expect(order).toEqual(['one', 'two', 'three']);
    expect(kernel.process(pid).state).toBe('idle');
  });

  it('starts again what ended by itself, and nothing that was killed', async () => {
    const kernel = start({ quits: defineAgent((_task, ctx) => ctx.exit({ exitCode: 9 })), echo });
    const pid = await kernel.spawn({ name: 'q', image: 'quits' });
    await failure(kernel.execute(pid, 'x'));
    expect(await kernel.process(pid).ended).toMatchObject({ exitCode: 9 });
    await kernel.process(pid).restart();
    expect(kernel.process(pid)).toMatchObject({ isAlive: true, restarts: 1 });
    const other = await kernel.spawn({ name: 'e', image: 'echo' });
    await kernel.process(other).kill(0);
    expect(await failure(kernel.process(other).restart())).toMatchObject({ code: 'wrong_state' });
  });

  it('ends a process that does not start again', async () => {
    let starts = 0;
    const kernel = start({
      moody: {
        onInit() {
          starts += 1;
          if (starts > 1) throw new Error('not again');
        },
      },
    });
    const pid = await kernel.spawn({ name: 'm', image: 'moody' });
    expect(await failure(kernel.process(pid).restart())).toMatchObject({ code: 'start_failed' });
    expect(await kernel.process(pid).ended).toMatchObject({ cause: 'start_failed' });
  });
});

describe('TestKernel: virtual processes', () => {
  it('keep what they are sent, run nothing, and end when somebody completes them', async () => {
    const kernel = start({});
    const pid = await kernel.spawn({ name: 'v' });
    await kernel.deliver(pid, { type: 'note' });
    expect(kernel.process(pid).inbox).toMatchObject([{ type: 'note' }]);
    expect(await failure(kernel.execute(pid, 'x'))).toMatchObject({ code: 'wrong_state' });
    await kernel.process(pid).complete({ exitCode: 0, output: 'result' });
    expect(await kernel.process(pid).ended).toMatchObject({ output: 'result', cause: 'done' });
  });
});
