// Queues and topics of real agents, and of agents of the SDK's test kernel: the same scenes.

import { imageOf } from '@hivekernel/sdk';
import { TestKernel } from '@hivekernel/sdk/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OUTCOMES } from './agents/shared-scenes.ts';
import { startTestDaemon, type TestDaemon } from './test-daemon.ts';

const STAGE = imageOf(import.meta.resolve('./agents/shared-scenes.ts'), 'SharedStage');

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
])('what is shared by %s (M1, M6, M9, M10)', (_where, open) => {
  let theatre: Theatre;
  beforeAll(async () => {
    theatre = await open();
  });
  afterAll(() => theatre.stop());

  it.each(Object.entries(OUTCOMES))('%s', async (scene, outcome) => {
    expect(await theatre.play(scene)).toEqual(outcome);
  });
});
