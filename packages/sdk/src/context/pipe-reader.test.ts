// Which waits of a reader are told to the kernel, against one that answers when the test says so.
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { KernelPort } from '../kernel-port.ts';
import { Caller } from './caller.ts';
import { Pipe } from './pipe.ts';

const LONG_MS = 5_000;
const CHUNK = new Uint8Array([1]);

/** Reads wait until they are answered, the first one first. */
async function start() {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const asked: ((reply: object) => void)[] = [];
  const call = (kind: string): Promise<object> => {
    if (kind === 'openPipe') return Promise.resolve({});
    return new Promise((resolve) => void asked.push(resolve));
  };
  const said: string[] = [];
  const patiently = async (work: () => Promise<void>): Promise<void> => {
    said.push('waits');
    await work();
    said.push('over');
  };
  const caller = new Caller({ call: call as KernelPort['call'] });
  const pipe = await Pipe.open({ caller, patiently, signal: new AbortController().signal }, 1, {});
  const pass = () => vi.advanceTimersByTimeAsync(LONG_MS);
  const answer = async (reply: object): Promise<void> => {
    asked.shift()?.(reply);
    await vi.advanceTimersByTimeAsync(0);
  };
  return { pipe, said, asked, pass, answer };
}

describe('PipeReader.next() (S6)', () => {
  it('says so until the chunk is here', async () => {
    const { pipe, said, pass, answer } = await start();
    const reading = pipe.read();
    await pass();
    expect(said).toEqual(['waits']);
    await answer({ chunks: [CHUNK], end: false });
    expect(await reading).toEqual(CHUNK);
    expect(said).toEqual(['waits', 'over']);
  });

  it('says so no longer when the wait is given up', async () => {
    const { pipe, said, pass } = await start();
    const reading = pipe.read({ timeoutMs: 2_000 });
    reading.catch(() => undefined);
    await pass();
    await expect(reading).rejects.toMatchObject({ code: 'timed_out' });
    await pass();
    expect(said).toEqual(['waits', 'over']);
  });

  it('says nothing of the fetch that goes ahead of it, until somebody waits for that', async () => {
    const { pipe, said, asked, pass, answer } = await start();
    const reading = pipe.read();
    await answer({ chunks: [CHUNK], end: false });
    await reading;
    expect(asked).toHaveLength(1);
    await pass();
    expect(said).toEqual([]);
    const next = pipe.read();
    await pass();
    expect(said).toEqual(['waits']);
    await answer({ chunks: [], end: true });
    expect(await next).toBeUndefined();
    expect(said).toEqual(['waits', 'over']);
  });
});
