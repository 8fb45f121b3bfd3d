// What goes over the wire for each call and what comes back, against a session that answers as it
// is told; the same calls against a real kernel are in test/.
import { agent, core, make } from '@hivekernel/protocol';
import { LinkCaller, readHello, ServerSession } from '@hivekernel/protocol/link';
import type { IncomingCall, ReplyBody } from '@hivekernel/protocol/link';
import { memoryStreamPair } from '@hivekernel/protocol/memory-stream';
import { afterEach, describe, expect, it } from 'vitest';
import type { CallPatience } from './client-link.ts';
import { ProcessCalls } from './process-calls.ts';

const DONE: ReplyBody = { $case: 'done', value: {} };
const cleanups: (() => void)[] = [];

afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

/** A client of a kernel that gives this reply to everything, and the calls that it got. */
async function start(reply: ReplyBody = DONE) {
  const { a, b } = memoryStreamPair();
  const calls: { pid: number; kind: string; value: unknown }[] = [];
  const onCall = (call: IncomingCall): void => {
    calls.push({ pid: call.pid, kind: call.body.$case, value: call.body.value });
    call.reply(reply);
  };
  const handlers = { onCall, onGarbage: () => undefined };
  const session = new ServerSession({ mayCallAs: () => true, handlers });
  const caller = new LinkCaller({ hello: { pid: 0, client: 'test' }, whenLost: 'reject' });
  const attached = caller.attach(a);
  const greeting = { resumeSecret: 's', kernelVersion: 'v', bootId: 'b' };
  session.attach(await readHello(b, { signal: AbortSignal.timeout(10_000) }), greeting);
  await attached;
  const dialled = { caller, kernel: { version: 'v', bootId: 'b' } };
  const client = new ProcessCalls(dialled, () => Promise.reject(new Error('no redial here')));
  cleanups.push(() => client.close());
  return { client, calls };
}

const exitOf = (fields: Partial<agent.WaitChildResponse>) =>
  make(agent.WaitChildResponse, { success: true, ...fields });
const infoOf = (pid: number) => make(core.ProcessInfo, { pid, stateWord: 'idle' });

type Ask = (client: ProcessCalls, how: CallPatience) => Promise<unknown>;

describe('ProcessCalls: calls that have nothing to tell', () => {
  it.each<[string, Ask, string, unknown]>([
    [
      'restart',
      (client, how) => client.restart(7, { reason: 'why', graceMs: 1_200 }, how),
      'restart',
      { targetPid: 7, reason: 'why', gracePeriodSeconds: 2 },
    ],
    ['sleep', (client, how) => client.sleep(7, how), 'sleep', { targetPid: 7 }],
    ['wake', (client, how) => client.wake(7, how), 'wake', { targetPid: 7 }],
    ['remove', (client, how) => client.remove(7, how), 'remove', { targetPid: 7 }],
    [
      'reparent',
      (client, how) => client.reparent({ pid: 7, parent: 8 }, how),
      'reparent',
      { targetPid: 7, parentPid: 8 },
    ],
    [
      'complete',
      (client, how) => client.complete(7, { exitCode: 3, output: 'x' }, how),
      'exit',
      { pid: 7, exitCode: 3, output: 'x' },
    ],
    ['exit', (client, how) => client.exit({}, how), 'exit', { pid: 0, exitCode: 0, output: '' }],
  ])('%s() asks in the name of whom it is told', async (_name, ask, kind, value) => {
    const { client, calls } = await start();
    expect(await ask(client, { as: 5 })).toBeUndefined();
    expect(calls).toEqual([{ pid: 5, kind, value }]);
  });

  it('checkpoint() sends text as UTF-8', async () => {
    const { client, calls } = await start();
    await client.checkpoint('é', { as: 5 });
    expect(calls).toMatchObject([{ pid: 5, value: { state: new Uint8Array([0xc3, 0xa9]) } }]);
  });
});

describe('ProcessCalls: results', () => {
  const exit = { pid: 7, name: 'w', exitCode: 4, output: 'x', cause: 'crashed' };

  it('waitChild() collects, and leaves the result when it peeks', async () => {
    const { client, calls } = await start({ $case: 'waitChild', value: exitOf(exit) });
    expect(await client.waitChild({ pid: 7 })).toEqual(exit);
    expect(await client.waitChild({ pid: 7, timeoutMs: 1, isPeek: true })).toEqual(exit);
    expect(calls.map(({ value }) => value)).toEqual([
      { targetPid: 7, timeoutSeconds: 0, peek: false },
      { targetPid: 7, timeoutSeconds: 1, peek: true },
    ]);
  });

  it('pendingResults() and collapse() give them in the order of the kernel', async () => {
    const results = [exitOf(exit), exitOf({ ...exit, pid: 8, exitCode: -1 })];
    const expected = [exit, { ...exit, pid: 8, exitCode: -1 }];
    const pending = await start({ $case: 'pendingResults', value: { results } });
    expect(await pending.client.pendingResults(3)).toEqual(expected);
    expect(pending.calls[0]).toMatchObject({ value: { targetPid: 3 } });
    const collapsed = await start({ $case: 'collapse', value: { results } });
    expect(await collapsed.client.collapse(3, { graceMs: 100 })).toEqual(expected);
    expect(collapsed.calls[0]?.value).toEqual({ targetPid: 3, reason: 4, gracePeriodSeconds: 1 });
  });
});

describe('ProcessCalls.signal()', () => {
  it('tells whom it reached, and where a dump is', async () => {
    const value = { killedPids: [3, 2], signalledPids: [4], artifactKey: 'dumps/4' };
    const { client, calls } = await start({ $case: 'signal', value });
    const report = await client.signal(2, { signal: 'TERM', isRecursive: true, graceMs: 1 });
    expect(report).toEqual({ killed: [3, 2], signalled: [4], key: 'dumps/4' });
    expect(calls[0]?.value).toEqual({
      targetPid: 2,
      signal: 15,
      recursive: true,
      reason: '',
      gracePeriodSeconds: 1,
    });
  });

  it('refuses a word that is no signal before anything is sent', async () => {
    const { client, calls } = await start();
    await expect(client.signal(2, { signal: 'NONE' as 'HUP' })).rejects.toMatchObject({
      code: 'invalid_argument',
      details: { field: 'signal' },
    });
    expect(calls).toEqual([]);
  });
});

describe('ProcessCalls: the tree', () => {
  it('gives ancestors, the common one, and the nodes of a branch', async () => {
    const above = await start({ $case: 'ancestors', value: { processes: [infoOf(2), infoOf(1)] } });
    expect((await above.client.ancestors(3)).map(({ pid }) => pid)).toEqual([2, 1]);
    const common = await start({ $case: 'commonAncestor', value: infoOf(2) });
    expect(await common.client.commonAncestor({ pid: 3, other: 4 })).toMatchObject({ pid: 2 });
    expect(common.calls[0]?.value).toEqual({ targetPid: 3, otherPid: 4 });
    const nodes = await start({ $case: 'subtreeNodes', value: { nodes: ['vps1', 'vps2'] } });
    expect(await nodes.client.subtreeNodes(2)).toEqual(['vps1', 'vps2']);
  });

  it('tells how a process is supervised, in plain values', async () => {
    const value = make(core.ProcessInfo, {
      pid: 7,
      stateWord: 'dead',
      restartPolicy: 'permanent',
      strategy: 'rest_for_one',
      restarts: 9,
      restartsInRow: 6,
      quarantined: true,
      gone: true,
      checkpointBytes: 12,
      exitCause: 'crashed',
      exitDetail: 'exit code 41',
    });
    const { client } = await start({ $case: 'info', value });
    expect(await client.info(7)).toMatchObject({
      state: 'dead',
      restart: 'permanent',
      strategy: 'rest_for_one',
      restarts: 9,
      restartsInRow: 6,
      isQuarantined: true,
      isGone: true,
      checkpointBytes: 12,
      exitCause: 'crashed',
      exitDetail: 'exit code 41',
    });
  });
});
