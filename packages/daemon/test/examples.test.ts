// The examples, as their READMEs tell them, on a real daemon.

import { fileURLToPath } from 'node:url';
import type { HiveClient } from '@hivekernel/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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
