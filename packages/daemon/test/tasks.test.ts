// The life of tasks and processes through every layer: calls from each handler, cancelling,
// deadlines, crashes, kills, exit codes, heartbeats.

import { fileURLToPath } from 'node:url';
import type { HiveClient, KernelEvent, SpawnOrder } from '@hivekernel/client';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ModelServer } from './model-server.ts';
import { osPidsAlive } from './os-pids.ts';
import { startTestDaemon, type TestDaemon } from './test-daemon.ts';

const ACTORS = fileURLToPath(new URL('./agents/actors.ts', import.meta.url));

let server: ModelServer;
let hive: TestDaemon;
let client: HiveClient;
beforeAll(async () => {
  server = await ModelServer.start();
  hive = await startTestDaemon({
    env: {
      OPENAI_BASE_URL: server.url,
      OPENAI_API_KEY: 'sk-of-the-test',
      HIVE_HEARTBEAT_INTERVAL: '100ms',
      HIVE_HEARTBEAT_UNRESPONSIVE_AFTER: '400ms',
    },
  });
  client = hive.client;
});
afterAll(async () => {
  await hive.stop();
  await server.stop();
});

let seqBefore = 0;
afterEach(async () => {
  for (const { pid, ppid } of (await client.processes()).agents) {
    if (ppid === 1) await client.kill(pid, { isRecursive: true });
  }
  seqBefore = (await client.status()).seq;
});

const spawn = (name: string, order: Partial<SpawnOrder> = {}): Promise<number> =>
  client.spawn({ name, role: 'lead', tier: 'tactical', image: `${ACTORS}#${name}`, ...order });

const textOf = async (key: string): Promise<string> =>
  new TextDecoder().decode((await client.artifacts.get({ key })).content);

type Journal = NonNullable<KernelEvent['journal']>;

/** The first event of this test, old or new, that fits. */
async function untilEvent(fits: (event: Journal) => boolean): Promise<Journal> {
  for await (const { journal } of client.followEvents({ afterSeq: seqBefore })) {
    if (journal !== undefined && fits(journal)) return journal;
  }
  throw new Error('the stream of events has no end');
}

const isOf = (kind: string, pid: number) => (event: Journal) =>
  event.kind === kind && event.body['pid'] === pid;

describe('calls of an agent outside tasks', () => {
  it('work in onInit (where a spawn does not deadlock), onMessage and onShutdown', async () => {
    const pid = await spawn('Caller');
    const child = Number(await textOf('caller/child'));
    expect(await client.info(child)).toMatchObject({ ppid: pid, state: 'idle' });

    const id = await client.send({ to: pid, payload: 'a word' });
    const answer = await untilEvent(
      ({ kind, body }) => kind === 'message.sent' && body['replyTo'] === id,
    );
    expect(answer.body).toMatchObject({ from: pid, to: 1 });
    expect(await textOf('caller/message')).toBe('a word');
    const { messages } = await client.inbox();
    expect(messages.map(({ payload }) => new TextDecoder().decode(payload))).toContain(
      'got a word',
    );

    await client.kill(pid);
    expect(await textOf('caller/shutdown')).toBe('user_request');
    expect(await client.info(child)).toMatchObject({ ppid: 1, state: 'idle' });
  });
});

describe('cancelling a task', () => {
  it.each(['interrupt', 'abort'] as const)(
    'by %s ends its model call and child tasks',
    async (by) => {
      server.mutes = 'all';
      const pid = await spawn('Boss');
      const abort = new AbortController();
      const order = { pid, description: 'think', params: { child: 'Boss', grandchild: 'Thinker' } };
      const task = client.executeTask(order, by === 'abort' ? { signal: abort.signal } : {});
      const outcome = task.catch((error: unknown) => error);
      await server.untilOpen(1);
      const reading = client.processes();
      const busy = (await reading).agents.filter(({ tasksRunning }) => tasksRunning > 0);
      expect(busy.map(({ name, state }) => `${name} ${state}`)).toEqual([
        'Boss blocked',
        'Boss blocked',
        'Thinker running',
      ]);

      if (by === 'interrupt') await client.interrupt({ pid, reason: 'enough' });
      else abort.abort();
      await server.untilOpen(0);
      const expected =
        by === 'interrupt'
          ? { isCompleted: false, errorCode: 'cancelled', error: 'enough' }
          : { code: 'cancelled' };
      expect(await outcome).toMatchObject(expected);
      const called = await untilEvent(({ kind }) => kind === 'llm.called');
      expect(called.body).toMatchObject({ outcome: 'aborted' });
      for (const { pid: one } of busy) {
        const ended = await untilEvent(isOf('task.ended', one));
        expect(ended.body).toMatchObject({ outcome: 'cancelled' });
        expect(await client.info(one)).toMatchObject({ state: 'idle', tasksRunning: 0 });
      }
    },
  );

  it('lets the process go on', async () => {
    const pid = await spawn('Waiter');
    const task = client.executeTask({ pid, description: 'wait' });
    await untilEvent(isOf('task.started', pid));
    await client.interrupt({ pid });
    expect(await task).toMatchObject({ isCompleted: false, errorCode: 'cancelled' });
    expect(await client.info(pid)).toMatchObject({ state: 'idle', exitCause: '' });
  });
});

describe('a task that takes longer than it may', () => {
  it('ends with timed_out, and its process goes on', async () => {
    const pid = await spawn('Waiter');
    const report = await client.executeTask({ pid, description: 'wait', timeoutMs: 1_000 });
    expect(report).toMatchObject({ isCompleted: false, errorCode: 'timed_out' });
    expect(report.error).toContain('within 1 s');
    expect(await client.info(pid)).toMatchObject({ state: 'idle' });
  });
});

describe('the end of a process in the middle of a task', () => {
  it('fails the execute_on of its parent with the cause', async () => {
    const pid = await spawn('Boss');
    const order = { pid, description: 'go', params: { child: 'Crasher' } };
    const report = await client.executeTask(order);
    expect(report).toMatchObject({ isCompleted: true, exitCode: 1 });
    expect(report.output).toMatch(/^Crasher \(pid \d+\) ended \(crashed\): exit code 41/);
    expect(report.output).toContain('about to fall over');
    const crasher = Number(await textOf(`boss/${pid}`));
    expect(await client.info(crasher)).toMatchObject({ state: 'zombie', exitCode: 41 });
  });

  it('by a kill of the branch ends all below it, and is told above it', async () => {
    const top = await spawn('Boss');
    const order = { pid: top, description: 'go', params: { child: 'Boss', grandchild: 'Waiter' } };
    const task = client.executeTask(order);
    await untilEvent(({ kind, body }) => {
      const spec = body['spec'] as { name?: string } | undefined;
      return kind === 'process.spawned' && spec?.name === 'Waiter';
    });
    const middle = Number(await textOf(`boss/${top}`));
    const before = (await client.processes({ root: middle })).agents;
    const killed = await client.kill(middle, { isRecursive: true, graceMs: 2_000 });
    expect(killed.at(-1)).toBe(middle);
    expect(killed).toHaveLength(before.length);
    expect(await osPidsAlive(before.map(({ osPid }) => osPid))).toEqual([]);
    const report = await task;
    expect(report).toMatchObject({ isCompleted: true, exitCode: 1 });
    expect(report.output).toMatch(/Boss \(pid \d+\) ended \(killed\)|cancelled/);
    expect(await client.info(top)).toMatchObject({ state: 'idle', children: 0 });
  });

  it('by its own exit gives its exit code to who waits for it', async () => {
    const pid = await spawn('Quitter');
    const waited = client.waitChild({ pid, timeoutMs: 10_000 });
    const report = await client.executeTask({ pid, description: '7' });
    expect(report.isCompleted).toBe(false);
    expect(await waited).toMatchObject({ pid, exitCode: 7, output: 'enough', cause: 'done' });
    await expect(client.waitChild({ pid })).rejects.toMatchObject({ code: 'wrong_state' });
  });
});

describe('the heartbeat', () => {
  it('ends an agent that is blocked, and tells why (S6)', async () => {
    const pid = await spawn('Nap');
    const task = client.executeTask({ pid, description: '600000' });
    await untilEvent(
      (event) => isOf('process.responsive', pid)(event) && !event.body['isResponsive'],
    );
    const { body } = await untilEvent(isOf('process.exited', pid));
    expect(body).toMatchObject({ to: 'zombie', cause: 'unresponsive' });
    expect(await task).toMatchObject({ isCompleted: false });
  });
});
