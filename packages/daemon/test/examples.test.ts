// The examples, as their READMEs tell them, on a real daemon.

import { fileURLToPath } from 'node:url';
import type { HiveClient, KernelEvent } from '@hivekernel/client';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { osPidsAlive } from './os-pids.ts';
import { startTestDaemon, type TestDaemon } from './test-daemon.ts';

const example = (path: string): string =>
  fileURLToPath(new URL(`../../../examples/${path}`, import.meta.url));

let hive: TestDaemon;
let client: HiveClient;
beforeAll(async () => {
  hive = await startTestDaemon({ projectDir: example('.') });
  client = hive.client;
});
afterAll(() => hive.stop());

describe('examples/echo', () => {
  it('says a task back, and delegates to a child that it collects', async () => {
    const pid = await client.spawn({
      name: 'echo',
      role: 'agent',
      tier: 'tactical',
      image: './echo/echo.ts#EchoAgent',
    });
    const said = await client.executeTask({ pid, description: 'hello' });
    expect(said).toMatchObject({ isCompleted: true, output: 'hello' });
    expect(said.metadata).toEqual({ pid: String(pid) });
    const delegated = await client.executeTask({ pid, description: 'delegate:delegate:hello' });
    expect(delegated).toMatchObject({ isCompleted: true, output: 'hello' });
    const child = Number(delegated.metadata['child']);
    expect(await client.info(child)).toMatchObject({ ppid: pid, state: 'dead', osPid: 0 });
    expect(await client.info(pid)).toMatchObject({ state: 'idle', children: 0 });
    await client.kill(pid);
  });
});

describe('examples/team', () => {
  it('hands three subtasks to two workers in turn; what it stored outlives them', async () => {
    const pid = await client.spawn({
      name: 'manager',
      role: 'lead',
      tier: 'tactical',
      image: './team/team.ts#TeamManager',
    });
    const report = await client.executeTask({ pid, description: 'ants' });
    expect(report.error).toBe('');
    const [first = 0, second = 0] = (report.metadata['workers'] ?? '').split(',').map(Number);
    expect(report.output.split('\n')).toEqual([
      `1. outline of "ants" by worker-1 (pid ${first})`,
      `2. draft of "ants" by worker-2 (pid ${second})`,
      `3. review of "ants" by worker-1 (pid ${first})`,
    ]);
    for (const worker of [first, second]) {
      expect(await client.info(worker)).toMatchObject({ state: 'dead', osPid: 0 });
    }
    await client.kill(pid);
    const { content } = await client.artifacts.get({ key: report.artifacts['combined'] ?? '' });
    expect(new TextDecoder().decode(content)).toBe(report.output);
  });
});

type Journal = NonNullable<KernelEvent['journal']>;

async function journalOf(kernel: HiveClient): Promise<Journal[]> {
  const { seq } = await kernel.status();
  const events: Journal[] = [];
  for await (const { journal } of kernel.followEvents({ afterSeq: 0 })) {
    if (journal !== undefined) events.push(journal);
    if (journal !== undefined && journal.seq >= seq) break;
  }
  return events;
}

describe('examples/supervisor', () => {
  it('starts all three anew when one of them falls over', async () => {
    const pid = await client.spawn({
      name: 'supervisor',
      role: 'agent',
      tier: 'tactical',
      image: './supervisor/supervisor.ts#Supervisor',
      strategy: 'one_for_all',
    });
    const { agents } = await client.processes({ root: pid });
    const parts = agents.filter(({ ppid }) => ppid === pid).map((agent) => agent.pid);
    expect(parts).toHaveLength(3);
    const felled = await client.executeTask({ pid, description: 'cache' });
    expect(felled.output).toMatch(/^cache \(pid \d+\) fell over$/);
    for (const part of parts) await untilStarted(part, 2);
    const asked = await client.executeTask({ pid, description: 'how are they' });
    expect(asked.output).toBe('reader 1, cache 1, writer 1');
    await client.kill(pid, { isRecursive: true });
  });
});

async function untilStarted(pid: number, incarnation: number): Promise<void> {
  for await (const { journal } of client.followEvents({ afterSeq: 0 })) {
    if (journal?.kind !== 'process.started' || journal.body['pid'] !== pid) continue;
    if (journal.body['incarnation'] === incarnation) return;
  }
}

describe('examples/chaos', () => {
  it('loses no work to kill -9, hangs and crashes, and tells why each restart was', async () => {
    const chaos = await startTestDaemon({ projectDir: example('chaos') });
    onTestFinished(() => chaos.stop());
    const image = './chaos.ts#Chaos';
    const pid = await chaos.client.spawn({ name: 'chaos', role: 'agent', tier: 'tactical', image });
    const order = { pid, description: 'work', params: { seed: '1', pieces: '60' } };
    const report = await chaos.client.executeTask(order);
    expect(report).toMatchObject({ error: '', isCompleted: true, exitCode: 0 });
    expect(report.output).toContain(
      '60 of 60 pieces, each once: 49098 primes below 600000, which is right.',
    );
    const { coordinator, restarts } = report.metadata;
    expect({ coordinator, restarts: Number(restarts) > 15 }).toEqual({
      coordinator: '1',
      restarts: true,
    });

    const journal = await journalOf(chaos.client);
    const ofKind = (kind: string) => journal.filter((event) => event.kind === kind);
    const restarting = ofKind('process.restarting').map(({ body }) => body);
    expect(restarting).toHaveLength(Number(restarts));
    const reason = /^(crashed: (signal SIGKILL|exit code 3)|hung: |unresponsive: )/;
    for (const { why } of restarting) expect(why).toMatch(reason);
    const reasons = restarting.map(({ why }) => String(why)).join('\n');
    for (const word of ['SIGKILL (', 'exit code 3', 'hung: ']) expect(reasons).toContain(word);
    expect(ofKind('task.retried').length).toBeGreaterThan(10);
    expect(ofKind('process.crash_loop')).toEqual([]);
    const osPids = ofKind('process.started').map(({ body }) => Number(body['osPid']));
    const { osPid } = await chaos.client.info(pid);
    expect(await osPidsAlive(osPids)).toEqual([osPid]);
  }, 60_000);
});

describe('examples/work-queue', () => {
  it('loses nothing with the worker that falls over (M6)', async () => {
    const image = './work-queue/work-queue.ts#QueueLead';
    const pid = await client.spawn({ name: 'queue', role: 'lead', tier: 'tactical', image });
    const { output } = await client.executeTask({ pid, description: 'factors' });
    expect(output).toMatch(/^30 of 30 done: ada [1-9]\d*, bob 1, cleo [1-9]\d*$/);
    expect(await client.queues('results/')).toEqual([]);
    await client.kill(pid);
  });
});
