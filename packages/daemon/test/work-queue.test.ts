// Queues and topics that several agents share, through the ends of agents and of the daemon: real
// OS processes on one daemon, which the last test kills and starts again (M1, M6, M9, M10).

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HiveClient } from '@hivekernel/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { imageOf } from '@hivekernel/sdk';
import { startDaemonProcess, type DaemonProcess } from './daemon-process.ts';
import { startTestDaemon, type TestDaemon } from './test-daemon.ts';

const AGENTS = import.meta.resolve('./agents/work-agents.ts');
const ENV = {
  HIVE_RESTART_POLICY_AGENT: 'permanent',
  HIVE_RESTART_BACKOFF_FIRST: '20ms',
  HIVE_RESTART_BACKOFF_MOST: '40ms',
};
const TIMEOUT_MS = 60_000;

let dataDir: string;
let first: DaemonProcess & { readonly client: HiveClient };
let second: TestDaemon | undefined;
let client: HiveClient;
let workers: readonly number[];

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'hive-queue-'));
  first = await startDaemonProcess({ dataDir, env: ENV });
  client = first.client;
  workers = await Promise.all(['a', 'b', 'c'].map((name) => spawn(`worker-${name}`, 'Worker')));
}, TIMEOUT_MS);

afterAll(async () => {
  await second?.stop();
  client.close();
  first.child.kill('SIGKILL');
  await first.exited;
  await rm(dataDir, { recursive: true, force: true });
});

const spawn = (name: string, agent: string): Promise<number> =>
  client.spawn({ name, role: 'agent', tier: 'tactical', image: imageOf(AGENTS, agent) });

const textOf = ({ payload }: { readonly payload: Uint8Array }): string =>
  new TextDecoder().decode(payload);

/** What is told in a queue, until that is enough. */
async function told(queue: string, isEnough: (texts: readonly string[]) => boolean) {
  const texts: string[] = [];
  for await (const message of client.takeFrom(queue)) {
    texts.push(textOf(message));
    if (!isEnough(texts)) continue;
    await message.accept();
    break;
  }
  return texts;
}

interface Done {
  readonly job: string;
  readonly by: number;
}

async function done(isEnough: (all: readonly Done[]) => boolean): Promise<readonly Done[]> {
  const parsed = (texts: readonly string[]) => texts.map((text) => JSON.parse(text) as Done);
  return parsed(await told('done', (texts) => isEnough(parsed(texts))));
}

const jobsOf = (all: readonly Done[]): Set<string> => new Set(all.map(({ job }) => job));

async function killAgent(pid: number): Promise<void> {
  process.kill((await client.info(pid)).osPid, 'SIGKILL');
}

describe('a queue that agents share', { timeout: TIMEOUT_MS }, () => {
  it('loses no job with a worker that is killed in the middle, and gives all some', async () => {
    const jobs = 60;
    const lead = await spawn('lead', 'Lead');
    const filled = client.executeTask({ pid: lead, description: String(jobs) });
    const before = await done((all) => all.length === 10);
    await killAgent(workers[0]!);
    const after = await done((all) => jobsOf([...before, ...all]).size === jobs);
    expect(await filled).toMatchObject({ isCompleted: true });
    const all = [...before, ...after];
    expect(new Set(all.map(({ by }) => by))).toEqual(new Set(workers));
    // Done twice is at most the one that it had in hand.
    expect(all.length).toBeLessThanOrEqual(jobs + 1);
  });

  it('puts aside after five tries what its workers crash on, and goes on behind it', async () => {
    const queue = 'jobs';
    const id = await client.send({ queue, payload: 'poison' });
    for (let n = 0; n < 10; n += 1) await client.send({ queue, payload: `after ${n}` });
    const isDropped = (async () => {
      for await (const { journal } of client.followEvents({ afterSeq: 0 })) {
        if (journal?.kind === 'queue.dropped') return journal.body;
      }
      return undefined;
    })();
    const behind = await done((all) => jobsOf(all).size === 10);
    expect([...jobsOf(behind)].every((job) => job.startsWith('after'))).toBe(true);
    expect(await isDropped).toMatchObject({ why: 'undeliverable', toDeadLetters: true });
    const { dead, total } = await client.inbox({ queue });
    expect(dead.map((letter) => [letter.id, letter.why])).toEqual([[id, 'undeliverable']]);
    expect(total).toBe(0);
  });
});

describe('a topic that agents share', { timeout: TIMEOUT_MS }, () => {
  const numbers = (from: number, to: number): string[] =>
    Array.from({ length: to - from + 1 }, (_, n) => String(from + n));
  /** What was told twice, at a crash, once. */
  const once = (texts: readonly string[]): string[] => [...new Set(texts)];
  const hear = (how: string, isEnough: (texts: readonly string[]) => boolean) =>
    told(`heard/${how}`, isEnough);

  it('tells all who listen, and what is durable also what it slept through', async () => {
    const [listener, publisher] = await Promise.all([
      spawn('listener', 'Listener'),
      spawn('publisher', 'Publisher'),
    ]);
    await client.executeTask({ pid: publisher, description: '1-20' });
    expect(await hear('live', (texts) => texts.length === 20)).toEqual(numbers(1, 20));
    await killAgent(listener);
    await client.executeTask({ pid: publisher, description: '21-40' });
    const durable = await hear('durable', (texts) => once(texts).length === 40);
    expect(once(durable)).toEqual(numbers(1, 40));
  });

  it('is there again with its durable places, and queues, after a kill -9 of all', async () => {
    const texts = numbers(1, 6);
    for (const payload of texts) await client.send({ queue: 'kept', payload });
    const holder = await client.spawn({
      name: 'holder',
      role: 'agent',
      tier: 'tactical',
      image: imageOf(AGENTS, 'Holder'),
      restart: 'temporary',
    });
    const holding = client.executeTask({ pid: holder, description: 'hold' });
    holding.catch(() => undefined);
    await told('done', (all) => all.length === 1);
    const listener = (await client.children()).find(({ name }) => name === 'listener');
    await client.sleep(listener!.pid);
    for (const payload of numbers(41, 60)) await client.publish('news/x', { payload });
    first.child.kill('SIGKILL');
    await first.exited;
    client.close();

    second = await startTestDaemon({ dataDir, env: ENV });
    client = second.client;
    const kept = await client.inbox({ queue: 'kept' });
    expect(kept.messages.map(textOf)).toEqual(texts.slice(1));
    const { cursors } = await client.topics('news/*');
    expect(cursors).toMatchObject([{ name: 'desk', waiting: 20 }]);
    await client.wake(listener!.pid);
    const durable = await hear('durable', (heard) => once(heard).includes('60'));
    expect(once(durable).slice(-20)).toEqual(numbers(41, 60));
  });
});
