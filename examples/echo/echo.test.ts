import { TestKernel } from '@hivekernel/sdk/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { EchoAgent } from './echo.ts';

const kernel = new TestKernel({ images: { echo: EchoAgent } });

afterEach(() => kernel.stop());

describe('EchoAgent', () => {
  it('says the task back', async () => {
    const pid = await kernel.spawn({ name: 'echo', image: 'echo' });
    expect(await kernel.execute(pid, 'hello')).toMatchObject({
      exitCode: 0,
      output: 'hello',
      metadata: { pid: String(pid) },
    });
  });

  it('delegates to a child, answers with its answer, and collects it', async () => {
    const pid = await kernel.spawn({ name: 'echo', image: 'echo' });
    const { output, metadata } = await kernel.execute(pid, 'delegate:hello');
    expect(output).toBe('hello');
    const child = Number(metadata['child']);
    expect(child).not.toBe(pid);
    expect(kernel.process(child).isAlive).toBe(false);
    expect(kernel.calls.map(({ kind }) => kind).slice(-5)).toEqual([
      'spawn',
      'progress',
      'executeOn',
      'kill',
      'waitChild',
    ]);
  });
});
