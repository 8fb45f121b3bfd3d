// Agents that fail, lie or break in: each ends with a clear message and the right code, and nobody
// else notices.

import { fileURLToPath } from 'node:url';
import type { HiveClient, KernelEvent, SpawnOrder } from '@hivekernel/client';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { osPidsAlive } from './os-pids.ts';
import { startTestDaemon, type TestDaemon } from './test-daemon.ts';

const agentFile = (name: string): string =>
  fileURLToPath(new URL(`./agents/${name}.ts`, import.meta.url));
const ROGUES = agentFile('rogues');
const ECHO = `${agentFile('actors')}#Echo`;

let hive: TestDaemon;
let client: HiveClient;
let bystander: number;
let seqBefore: number;
beforeAll(async () => {
  hive = await startTestDaemon({ env: { HIVE_SPAWN_START_TIMEOUT: '3s' } });
  client = hive.client;
  bystander = await spawn({ name: 'bystander', image: ECHO });
  seqBefore = (await client.status()).seq;
});
afterAll(() => hive.stop());

/** Nothing else is disturbed: the other agent answers, and nobody is stuck. */
afterEach(async () => {
  const description = `still here after ${seqBefore}`;
  expect(await client.executeTask({ pid: bystander, description })).toMatchObject({
    isCompleted: true,
    output: description,
  });
  for (const { pid } of (await client.processes()).agents) {
    if (pid !== 1 && pid !== bystander) await client.kill(pid, { graceMs: 1_000 });
  }
  const { agents } = await client.processes();
  expect(agents.map(({ pid, state }) => [pid, state])).toEqual([
    [1, 'running'],
    [bystander, 'idle'],
  ]);
  const osPids = (await eventsOf('process.started')).map(({ body }) => Number(body['osPid']));
  expect(await osPidsAlive(osPids)).toEqual([]);
  seqBefore = (await client.status()).seq;
});

type Journal = NonNullable<KernelEvent['journal']>;

/** Of this test. */
async function eventsOf(kind: string): Promise<Journal[]> {
  const found: Journal[] = [];
  for await (const { journal } of client.followEvents({ afterSeq: seqBefore, follow: false })) {
    if (journal?.kind === kind) found.push(journal);
  }
  return found;
}

const spawn = (order: Partial<SpawnOrder> & { name: string }): Promise<number> =>
  client.spawn({ role: 'agent', tier: 'operational', ...order });

const spawnRogue = (name: string): Promise<number> => spawn({ name, image: `${ROGUES}#${name}` });

describe('a start that fails', () => {
  it.each([
    ['a missing file', '/nowhere/agent.ts#Agent', /cannot load \/nowhere\/agent\.ts#Agent: .*find/],
    ['a missing package', 'no-such-package#Agent', /cannot load no-such-package#Agent: .*find/],
    ['a missing export', `${ROGUES}#Nobody`, /no export "Nobody" \(it exports: .*Garbage/],
    ['an export that is no agent', `${ROGUES}#NoAgent`, /"NoAgent" is no agent/],
    ['a module that throws', agentFile('broken'), /broken\.ts: this module was never meant to run/],
    ['a module that exits', agentFile('exits'), /exited with code 12 before[^]*I will not serve/],
    ['an onInit that throws', `${ROGUES}#InitThrows`, /onInit failed: the cupboard is empty/],
    ['an onInit that exits', `${ROGUES}#InitExits`, /exited with code 9 before Init was answered/],
    ['an onInit without end', `${ROGUES}#InitHangs`, /Init was not answered within 3 s/],
  ])('is told with its reason: %s', async (_what, image, message) => {
    const failed = spawn({ name: 'bad', image });
    await expect(failed).rejects.toMatchObject({ code: 'start_failed' });
    await expect(failed).rejects.toThrow(message);
    expect((await client.processes()).agents).toHaveLength(2);
  });
});

describe('an agent that sends garbage on its link', () => {
  it('is ended, its task fails with the cause', async () => {
    const pid = await spawnRogue('Garbage');
    const report = await client.executeTask({ pid, description: 'go' });
    expect(report).toMatchObject({ isCompleted: false, exitCode: 1 });
    expect(report.error).toMatch(/nonsense on the link/);
    expect(await client.info(pid)).toMatchObject({ state: 'zombie', exitCause: 'protocol_error' });
  });

  it('may not speak for another process', async () => {
    const pid = await spawnRogue('Impostor');
    await client.executeTask({ pid, description: String(bystander) });
    expect(await client.info(bystander)).toMatchObject({ state: 'idle', exitCause: '' });
  });

  it('may not give up the call of another', async () => {
    const virtual = await spawn({ name: 'held' });
    const wait = client.waitChild({ pid: virtual, timeoutMs: 60_000 });
    const [began] = await untilEvent('wait.began');
    const owed = began?.body['owed'] as { id: number };
    const pid = await spawnRogue('Canceller');
    await client.executeTask({ pid, description: String(owed.id) });
    expect(await eventsOf('wait.ended')).toEqual([]);
    await client.kill(virtual);
    expect(await wait).toMatchObject({ exitCode: -1 });
  });

  it('may not stop the kernel', async () => {
    const pid = await spawnRogue('Usurper');
    await client.executeTask({ pid, description: 'go' });
    expect(await client.status()).toMatchObject({ osPid: process.pid });
  });
});

async function untilEvent(kind: string): Promise<Journal[]> {
  const stop = new AbortController();
  const request = { afterSeq: seqBefore, signal: stop.signal };
  for await (const { journal } of client.followEvents(request)) {
    if (journal?.kind === kind) return [journal];
  }
  return [];
}

describe('an agent that answers twice', () => {
  it('has its first answer taken, and goes on', async () => {
    const pid = await spawnRogue('AnswersTwice');
    const first = await client.executeTask({ pid, description: 'twice' });
    expect(first).toMatchObject({ isCompleted: true, output: 'first' });
    const next = await client.executeTask({ pid, description: 'once' });
    expect(next).toMatchObject({ isCompleted: true, output: 'second' });
    const ended = await eventsOf('task.ended');
    expect(ended.filter(({ body }) => body['pid'] === pid)).toHaveLength(2);
  });
});

describe('a task', () => {
  it('without a result is completed with an empty one', async () => {
    const pid = await spawnRogue('NoResult');
    const report = await client.executeTask({ pid, description: 'go' });
    expect(report).toMatchObject({ isCompleted: true, exitCode: 0, output: '', error: '' });
  });

  it.each([
    ['WrongResult', 'onTask returned a number'],
    ['Throws', 'no idea how'],
  ])('of %s fails with its reason, and the process lives on', async (name, error) => {
    const pid = await spawnRogue(name);
    const report = await client.executeTask({ pid, description: 'go' });
    expect(report).toMatchObject({ isCompleted: false, exitCode: 1 });
    expect(report.error).toContain(error);
    expect(await client.info(pid)).toMatchObject({ state: 'idle' });
  });
});

describe('calls of an agent', () => {
  it('about a process that is not there, or with too much, are refused by code', async () => {
    const pid = await spawnRogue('Asker');
    const { metadata, error } = await client.executeTask({ pid, description: 'go' });
    expect(error).toBe('');
    expect(metadata).toEqual({
      info: 'not_found',
      send: 'not_found',
      kill: 'not_found',
      waitChild: 'not_found',
      executeOn: 'not_found',
      interrupt: 'not_found',
      inbox: 'not_found',
      executeOnKing: 'permission_denied',
      payload: 'too_large',
      payloadThatFits: 'accepted',
      artifact: 'too_large',
      artifactThatFits: 'accepted',
      key: 'invalid_argument',
      name: 'invalid_argument',
    });
  });

  it('that flood a reader who does not read end at the bound of its inbox (M8)', async () => {
    const deaf = await spawn({ name: 'deaf', image: `${agentFile('actors')}#Deaf` });
    const pid = await spawnRogue('Flooder');
    const heapBefore = process.memoryUsage().heapUsed;
    const report = await client.executeTask({ pid, description: `${deaf} 20000` });
    expect(report.metadata).toEqual({ accepted: '10000', queue_full: '10000' });
    const { total } = await client.inbox(deaf);
    expect(total).toBe(10_000);
    expect(await client.info(deaf)).toMatchObject({ state: 'idle', inboxDepth: 10_000 });
    expect(process.memoryUsage().heapUsed - heapBefore).toBeLessThan(200 * 2 ** 20);
  });
});
