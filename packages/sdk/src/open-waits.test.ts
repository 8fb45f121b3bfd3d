import { describe, expect, it } from 'vitest';
import { OpenWaits, WatchedPort } from './open-waits.ts';
import type { KernelPort } from './kernel-port.ts';

/** Answers when told to. */
function slowPort() {
  const replies: PromiseWithResolvers<unknown>[] = [];
  const port: KernelPort = {
    call: () => {
      const reply = Promise.withResolvers<unknown>();
      replies.push(reply);
      return reply.promise as Promise<never>;
    },
  };
  return { port: new WatchedPort(port), replies };
}

describe('OpenWaits', () => {
  it('knows what is open, the longest first, and forgets what is over', () => {
    const waits = new OpenWaits();
    const end = waits.begin({ kind: 'model', target: 'haiku', taskId: 't1' });
    waits.begin({ kind: 'spawn', target: undefined, taskId: '' });
    expect(waits.all.map(({ kind }) => kind)).toEqual(['model', 'spawn']);
    expect(waits.all[0]?.sinceMs).toBeGreaterThan(0);
    end();
    end();
    expect(waits.all.map(({ kind }) => kind)).toEqual(['spawn']);
  });
});

describe('WatchedPort', () => {
  it('tells which calls wait for their reply, for whom and in which task', async () => {
    const { port, replies } = slowPort();
    const wait = { targetPid: 7, timeoutSeconds: 0, peek: false };
    const calls = [port.call('waitChild', wait, { taskId: 't1' }), port.call('usage', {})];
    expect(port.waits.all).toMatchObject([
      { kind: 'waitChild', target: 7, taskId: 't1' },
      { kind: 'usage', target: undefined, taskId: '' },
    ]);
    replies[1]?.resolve({});
    await calls[1];
    expect(port.waits.all.map(({ kind }) => kind)).toEqual(['waitChild']);
    replies[0]?.reject(new Error('refused'));
    await expect(calls[0]).rejects.toThrow('refused');
    expect(port.waits.all).toEqual([]);
  });
});
