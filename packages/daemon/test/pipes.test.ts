// Pipes between real agents, and between agents of the SDK's test kernel: the same scenes.

import { imageOf } from '@hivekernel/sdk';
import { TestKernel } from '@hivekernel/sdk/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OUTCOMES } from './agents/pipe-scenes.ts';
import { startTestDaemon, type TestDaemon } from './test-daemon.ts';

const LOAD = import.meta.resolve('./agents/pipe-load.ts');
const STAGE = imageOf(import.meta.resolve('./agents/pipe-scenes.ts'), 'PipeStage');

interface Theatre {
  play(scene: string): Promise<unknown>;
  stop(): Promise<void>;
}

async function onDaemon(): Promise<Theatre> {
  const hive: TestDaemon = await startTestDaemon();
  const { client, stop } = hive;
  const stage = { name: 'stage', role: 'lead', tier: 'tactical', image: STAGE } as const;
  const pid = await client.spawn(stage);
  const play = async (scene: string): Promise<unknown> => {
    const { output, error } = await client.executeTask({ pid, description: scene });
    if (error !== '') throw new Error(error);
    return JSON.parse(output);
  };
  return { play, stop };
}

async function onTestKernel(): Promise<Theatre> {
  const kernel = new TestKernel();
  const pid = await kernel.spawn({ name: 'stage', image: STAGE });
  const play = async (scene: string): Promise<unknown> =>
    JSON.parse((await kernel.execute(pid, scene)).output);
  return { play, stop: () => kernel.stop() };
}

describe.each([
  ['real agents', onDaemon],
  ['the test kernel', onTestKernel],
])('a pipe of %s (M10)', (_where, open) => {
  let theatre: Theatre;
  beforeAll(async () => {
    theatre = await open();
  });
  afterAll(() => theatre.stop());

  it.each(Object.entries(OUTCOMES))('%s', async (scene, outcome) => {
    expect(await theatre.play(scene)).toEqual(outcome);
  });
});

describe('a pipe of real agents under load (M10)', () => {
  let hive: TestDaemon;
  beforeAll(async () => {
    hive = await startTestDaemon();
  });
  afterAll(() => hive.stop());

  const run = async (name: string, description = 'load'): Promise<unknown> => {
    const order = { name, role: 'lead', tier: 'tactical', image: imageOf(LOAD, name) } as const;
    const pid = await hive.client.spawn(order);
    const { output, error } = await hive.client.executeTask({ pid, description });
    expect(error).toBe('');
    return JSON.parse(output);
  };

  it('carries 100 MiB, every byte of them', async () => {
    expect(await run('Flood', '100')).toBe(true);
  });

  it('takes 64 chunks for a reader that never reads, and no more', async () => {
    expect(await run('Unread')).toEqual([64, ['unavailable']]);
  });

  it('tells a writer in the middle of its flow that the reader was killed with -9', async () => {
    const refusals = [['unavailable'], 'unavailable', 'unavailable'];
    expect(await run('KillNine')).toEqual([...refusals, 'task_failed']);
  });
});
