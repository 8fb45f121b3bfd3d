import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { TestKernel } from '../testing/test-kernel.ts';
import { TestModel } from '../testing/test-model.ts';
import type { TestModelRequest } from '../testing/test-model.ts';
import type { Task, TaskOutput } from '../task.ts';
import { Conversation } from './conversation.ts';
import { LLMAgent } from './llm-agent.ts';

class Plain extends LLMAgent {}

class Rememberer extends LLMAgent {
  protected override conversation = new Conversation(1);
}

class Streamer extends LLMAgent {
  override async onTask(task: Task): Promise<TaskOutput> {
    const pieces: string[] = [];
    for await (const piece of this.stream(task.description, { system: '' })) pieces.push(piece);
    return { output: pieces.join(''), metadata: { pieces: pieces.length > 1 } };
  }
}

const cleanups: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

const said = ({ messages }: TestModelRequest): string =>
  messages.map(({ role, content }) => `${role}:${content}`).join(' | ');

async function start(image: new () => LLMAgent, systemPrompt = '') {
  const model = await TestModel.start(said);
  const kernel = new TestKernel({ images: { main: image }, env: model.env });
  cleanups.push(
    () => kernel.stop(),
    () => model.stop(),
  );
  const pid = await kernel.spawn({ name: 'main', image: 'main', model: 'haiku', systemPrompt });
  return {
    model,
    ask: async (text: string) => (await kernel.execute(pid, text)).output,
    kernel,
    pid,
  };
}

describe('LLMAgent', () => {
  it('answers a task with its model and system prompt when it has no own onTask', async () => {
    const { ask, model } = await start(Plain, 'be brief');
    expect(await ask('why?')).toBe('system:be brief | user:why?');
    expect(await ask('and?')).toBe('system:be brief | user:and?');
    expect(model.requests[0]?.model).toBe('haiku');
  });

  it('remembers the newest exchanges when it has a conversation', async () => {
    const { ask } = await start(Rememberer);
    expect(await ask('a')).toBe('user:a');
    expect(await ask('b')).toBe('user:a | assistant:user:a | user:b');
    expect(await ask('c')).toBe('user:b | assistant:user:a | assistant:user:a | user:b | user:c');
  });

  it('streams', async () => {
    const { kernel, pid } = await start(Streamer, 'be brief');
    const result = await kernel.execute(pid, 'a longer question to cut');
    expect(result).toMatchObject({
      output: 'user:a longer question to cut',
      metadata: { pieces: 'true' },
    });
  });

  it('tells its conversation in a dump, where it has one', async () => {
    const { ask, kernel, pid } = await start(Rememberer);
    await ask('a');
    expect(await kernel.dump(pid)).toMatchObject({
      context: { conversation: [{ prompt: 'a', answer: 'user:a' }] },
    });
    const plain = await start(Plain);
    expect(await plain.kernel.dump(plain.pid)).toMatchObject({ context: null });
  });

  it('says that the kernel must have started it', () => {
    expect(() => new Plain().llm).toThrow('once the kernel started the agent');
  });
});

describe('LLMAgent under an interrupt (S1)', () => {
  /** A model that never answers, and tells when it was asked and when it was left. */
  async function startHanging(image: new () => LLMAgent) {
    const asked = Promise.withResolvers<void>();
    const left = Promise.withResolvers<void>();
    const model = await TestModel.start(async (_request, { signal }) => {
      asked.resolve();
      await once(signal, 'abort');
      left.resolve();
      return 'nobody hears this';
    });
    const kernel = new TestKernel({ images: { main: image }, env: model.env });
    cleanups.push(
      () => kernel.stop(),
      () => model.stop(),
    );
    const pid = await kernel.spawn({ name: 'main', image: 'main', model: 'haiku' });
    const task = kernel.execute(pid, 'why?').catch((error: unknown) => error);
    await asked.promise;
    return { kernel, pid, task, left: left.promise };
  }

  it.each([
    ['one answer', Plain],
    ['a stream', Streamer],
  ])('ends the HTTP request for %s, and the call in the agent', async (_name, image) => {
    const { kernel, pid, task, left } = await startHanging(image);
    expect(await kernel.dump(pid)).toMatchObject({ waits: [{ kind: 'model', target: 'haiku' }] });
    await kernel.signal(pid, 'INT', { reason: 'enough' });
    await left;
    expect(await task).toMatchObject({ message: 'cancelled: enough' });
    expect(await kernel.dump(pid)).toMatchObject({ waits: [], tasks: [] });
    expect(kernel.process(pid).isAlive).toBe(true);
  });
});
