import { afterEach, describe, expect, it } from 'vitest';
import type { AgentHandlers } from '../agent.ts';
import type { ReceivedSignal } from '../context/signal.ts';
import { TestKernel } from '../testing/test-kernel.ts';

const kernels: TestKernel[] = [];

afterEach(async () => {
  for (const kernel of kernels.splice(0)) await kernel.stop();
});

async function start(agent: AgentHandlers) {
  const kernel = new TestKernel({ images: { test: agent } });
  kernels.push(kernel);
  const pid = await kernel.spawn({ name: 'one', image: 'test' });
  return { kernel, pid };
}

const payloadOf = (body: unknown) => new TextEncoder().encode(JSON.stringify(body));
const signalMessage = (body: unknown) =>
  ({ type: 'signal', relation: 0, payload: payloadOf(body) }) as const;
const failure = (work: Promise<unknown>): Promise<unknown> => work.catch((error: unknown) => error);

describe('handOver(): signals', () => {
  it('gives a signal to onSignal, typed, and nothing to onMessage', async () => {
    const signals: ReceivedSignal[] = [];
    const messages: string[] = [];
    const { kernel, pid } = await start({
      onSignal: (signal) => void signals.push(signal),
      onMessage: ({ type }) => void messages.push(type),
    });
    const ack = await kernel.deliver(pid, signalMessage({ signal: 'HUP', ppid: 9 }));
    expect(ack).toMatchObject({ status: 0, reply: '' });
    await kernel.deliver(pid, signalMessage({ signal: 'CHLD', pid: 7, exitCode: -1 }));
    expect(signals).toMatchObject([
      { signal: 'HUP', ppid: 9 },
      { signal: 'CHLD', pid: 7, exitCode: -1 },
    ]);
    expect(messages).toEqual([]);
  });

  it('gives it to onMessage where the agent has no onSignal', async () => {
    const texts: string[] = [];
    const { kernel, pid } = await start({
      onMessage: (message) => void texts.push(message.text()),
    });
    await kernel.deliver(pid, signalMessage({ signal: 'HUP', reason: 'x' }));
    expect(texts).toEqual(['{"signal":"HUP","reason":"x"}']);
  });

  it('accepts it where the agent has neither', async () => {
    const { kernel, pid } = await start({ onTask: () => undefined });
    const ack = await kernel.deliver(pid, signalMessage({ signal: 'HUP' }));
    expect(ack).toMatchObject({ status: 0 });
  });

  it.each([
    ['what another process sends under that name', { type: 'signal', relation: 3 }],
    ['a signal of a newer kernel', signalMessage({ signal: 'WINCH' })],
  ] as const)('gives %s to onMessage', async (_name, message) => {
    const types: string[] = [];
    const { kernel, pid } = await start({
      onSignal: () => void types.push('as a signal'),
      onMessage: ({ type }) => void types.push(type),
    });
    await kernel.deliver(pid, message);
    expect(types).toEqual(['signal']);
  });

  it('rejects the message when onSignal throws, and handles it again (G3)', async () => {
    let tries = 0;
    const { kernel, pid } = await start({
      async onSignal() {
        tries += 1;
        if (tries === 1) throw new Error('not ready');
      },
    });
    const message = { messageId: 's1', ...signalMessage({ signal: 'HUP' }) };
    expect(await failure(kernel.deliver(pid, message))).toMatchObject({ message: 'not ready' });
    expect(await kernel.deliver(pid, message)).toMatchObject({ status: 0 });
  });
});
