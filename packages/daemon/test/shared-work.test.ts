// What real agents share: at least once, whoever is killed, the kernel included (M6, M9, M10).

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HiveClient } from '@hivekernel/client';
import { imageOf } from '@hivekernel/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Burial, Shares } from './agents/shared-work.ts';
import { startDaemonProcess } from './daemon-process.ts';
import { startTestDaemon, type TestDaemon } from './test-daemon.ts';

const image = (name: string): string =>
  imageOf(import.meta.resolve('./agents/shared-work.ts'), name);

async function run(client: HiveClient, agent: string, description: string): Promise<unknown> {
  const order = { name: agent, role: 'lead', tier: 'tactical', image: image(agent) } as const;
  const pid = await client.spawn(order);
  const { output, error } = await client.executeTask({ pid, description });
  if (error !== '') throw new Error(error);
  await client.kill(pid, { isRecursive: true });
  return JSON.parse(output);
}

describe('agents that share a queue', () => {
  let hive: TestDaemon;
  beforeAll(async () => {
    hive = await startTestDaemon();
  });
  afterAll(() => hive.stop());

  it('do every job, also where one of them is killed in the middle, and share alike', async () => {
    const jobs = 60;
    const { done, byWorker, triesOfHeld } = (await run(hive.client, 'Lead', `${jobs}`)) as Shares;
    expect(Object.keys(done)).toHaveLength(jobs);
    expect(Object.values(done)).toEqual(Array.from({ length: jobs }, () => 1));
    expect(triesOfHeld).toBe(1);
    const [, less = 0, most = 0] = byWorker.toSorted((a, b) => a - b);
    expect(less).toBeGreaterThan(most / 4);
  });

  it('bury what kills five of them, and nothing waits behind it', async () => {
    const burial = (await run(hive.client, 'Undertaker', '')) as Burial;
    expect(burial).toEqual({ crashes: 5, others: ['1', '2'], waiting: 0, deadLetters: 1 });
    const { dead } = await hive.client.inbox({ queue: 'jobs' });
    expect(dead).toMatchObject([{ type: 'bad', why: 'undeliverable' }]);
  });
});

describe('kill -9 of the kernel', () => {
  let dataDir: string;
  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'hive-streams-'));
  });
  afterAll(() => rm(dataDir, { recursive: true, force: true }));

  it('keeps what waits in queues, last values, and the places of durable subscribers', async () => {
    const daemon = await startDaemonProcess({ dataDir });
    const { client } = daemon;
    const order = { name: 'reader', role: 'daemon', tier: 'tactical' } as const;
    const pid = await client.spawn({ ...order, image: image('Reader') });
    await client.executeTask({ pid, description: '0' });
    for (const text of ['a', 'b', 'c']) await client.publish('news.x', { payload: text });
    for (const text of ['1', '2', '3', '4']) await client.send({ queue: 'jobs', payload: text });
    const params = { hold: 'yes' };
    const task = client.executeTask({ pid, description: '1', params }).catch(() => undefined);
    for await (const { topic } of client.watchTopic('holding')) if (topic === 'holding') break;
    daemon.child.kill('SIGKILL');
    await daemon.exited;
    client.close();
    await task;

    const hive = await startTestDaemon({ dataDir });
    try {
      // The first job was accepted by going on; the second was in hand.
      expect(await hive.client.queues()).toMatchObject([{ name: 'jobs', waiting: 3, inHand: 0 }]);
      const { topics, cursors } = await hive.client.topics('news.*');
      expect(topics).toMatchObject([{ topic: 'news.x', publications: 3 }]);
      expect(cursors).toMatchObject([{ name: 'reader', waiting: 2, missed: 0 }]);
      const { output } = await hive.client.executeTask({ pid, description: '2' });
      expect(output).toBe('b c');
    } finally {
      await hive.stop();
    }
  });
});
