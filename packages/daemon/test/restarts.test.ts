// Agents that come back: after a kill -9 by their policy, and after a clean stop of the kernel at
// the next boot. Real OS processes, a real daemon.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { HiveClient, KernelEvent } from '@hivekernel/client';
import { afterEach, describe, expect, it } from 'vitest';
import { ModelServer } from './model-server.ts';
import { osPidsAlive } from './os-pids.ts';
import { startTestDaemon, type TestDaemon } from './test-daemon.ts';

const PHOENIX = `${fileURLToPath(new URL('./agents/phoenix.ts', import.meta.url))}#default`;
const ACTORS = fileURLToPath(new URL('./agents/actors.ts', import.meta.url));

const PERMANENT = {
  HIVE_RESTART_POLICY_AGENT: 'permanent',
  HIVE_RESTART_BACKOFF_FIRST: '20ms',
  HIVE_RESTART_BACKOFF_MOST: '40ms',
};

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function boot(env: Record<string, string>, dataDir?: string): Promise<TestDaemon> {
  const hive = await startTestDaemon(dataDir === undefined ? { env } : { env, dataDir });
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopped ??= hive.stop());
  ends.push(stop);
  return { ...hive, stop };
}

type Journal = NonNullable<KernelEvent['journal']>;

/** The first event that fits, old or new. */
async function untilEvent(client: HiveClient, fits: (event: Journal) => boolean): Promise<Journal> {
  for await (const { journal } of client.followEvents({ afterSeq: 0 })) {
    if (journal !== undefined && fits(journal)) return journal;
  }
  throw new Error('the stream of events has no end');
}

const isOf = (kind: string, pid: number, more: object = {}) => {
  const wanted = Object.entries({ pid, ...more });
  return (event: Journal): boolean =>
    event.kind === kind && wanted.every(([field, value]) => event.body[field] === value);
};

const spawn = (client: HiveClient, name: string, image: string): Promise<number> =>
  client.spawn({ name, role: 'agent', tier: 'tactical', image });

describe('kill -9 of an agent that is permanent', () => {
  it('brings it back with its pid, its mail and its task (S2, S5)', async () => {
    const { client } = await boot(PERMANENT);
    const pid = await spawn(client, 'phoenix', PHOENIX);
    const before = await client.info(pid);
    const task = client.executeTask({ pid, description: 'rise', retries: 1 });
    await untilEvent(client, ({ kind }) => kind === 'artifact.stored');
    process.kill(before.osPid, 'SIGKILL');

    const restarting = await untilEvent(client, isOf('process.restarting', pid));
    expect(restarting.body).toMatchObject({ attempt: 1 });
    const id = await client.send({ to: pid, payload: 'are you there' });
    expect(await task).toMatchObject({ isCompleted: true, output: 'rise, at the second try' });

    const exited = await untilEvent(client, isOf('process.exited', pid));
    expect(exited.body).toMatchObject({ cause: 'crashed', exitCode: 137 });
    expect(exited.body['detail']).toContain('signal SIGKILL');
    await untilEvent(client, isOf('process.started', pid, { incarnation: 2 }));
    const answer = await untilEvent(
      client,
      ({ kind, body }) => kind === 'message.sent' && body['replyTo'] === id,
    );
    expect(answer.body).toMatchObject({ from: pid, to: 1 });
    const after = await client.info(pid);
    expect(after).toMatchObject({ pid, name: 'phoenix', state: 'idle', address: before.address });
    expect(after.osPid).not.toBe(before.osPid);
    expect(await osPidsAlive([before.osPid, after.osPid])).toEqual([after.osPid]);
  });

  it('ends in quarantine when it happens again and again (S4)', async () => {
    const { client } = await boot({ ...PERMANENT, HIVE_RESTART_MAX_IN_ROW: '2' });
    const pid = await spawn(client, 'echo', `${ACTORS}#Echo`);
    for (const incarnation of [1, 2, 3]) {
      const started = await untilEvent(client, isOf('process.started', pid, { incarnation }));
      const isReady = isOf('process.moved', pid, { from: 'starting', to: 'idle' });
      await untilEvent(client, (event) => event.seq > started.seq && isReady(event));
      process.kill(Number(started.body['osPid']), 'SIGKILL');
    }
    const loop = await untilEvent(client, isOf('process.crash_loop', pid));
    expect(loop.body).toMatchObject({ restarts: 2, cause: 'crashed' });
    expect(await client.info(pid)).toMatchObject({ state: 'dead', osPid: 0 });
    expect(await client.spawn({ name: 'next', role: 'agent', tier: 'tactical' })).toBe(pid + 1);
  });
});

describe('a clean stop of the kernel', () => {
  it('is survived by what is permanent and what is virtual, with its mail (S2, P7)', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'hive-restarts-'));
    ends.push(() => rm(dataDir, { recursive: true, force: true }));
    const first = await boot(PERMANENT, dataDir);
    const echo = await spawn(first.client, 'echo', `${ACTORS}#Echo`);
    const virtual = await first.client.spawn({ name: 'v', role: 'agent', tier: 'tactical' });
    const before = await first.client.info(echo);
    const id = await first.client.send({ to: virtual, payload: 'keep this' });
    await first.stop();
    expect(await osPidsAlive([before.osPid])).toEqual([]);

    const { client } = await boot(PERMANENT, dataDir);
    await untilEvent(client, isOf('process.started', echo, { incarnation: 2 }));
    const task = await client.executeTask({ pid: echo, description: 'still here' });
    expect(task).toMatchObject({ isCompleted: true, output: 'still here' });
    const after = await client.info(echo);
    expect(after).toMatchObject({ name: 'echo', address: before.address });
    expect(after.osPid).not.toBe(before.osPid);
    expect(await client.info(virtual)).toMatchObject({ state: 'idle', isVirtual: true });
    const { messages } = await client.inbox(virtual);
    expect(messages.map((message) => message.id)).toEqual([id]);
    expect(await client.spawn({ name: 'new', role: 'agent', tier: 'tactical' })).toBe(virtual + 1);
  });
});

describe('a model that says nothing', () => {
  it('fails the task that waits for it, and its agent is not hung (S6)', async () => {
    const server = await ModelServer.start();
    ends.push(() => server.stop());
    server.mutes = 'all';
    const { client } = await boot({
      OPENAI_BASE_URL: server.url,
      OPENAI_API_KEY: 'sk-of-the-test',
      HIVE_WATCHDOG_HANG_AFTER: '1s',
      HIVE_WATCHDOG_FIRST_TOKEN: '3s',
    });
    const pid = await spawn(client, 'thinker', `${ACTORS}#Thinker`);
    const report = await client.executeTask({ pid, description: 'think' });
    expect(report).toMatchObject({ isCompleted: false });
    expect(report.error).toContain('gave no first token within 3 s');
    expect(await client.info(pid)).toMatchObject({ state: 'idle', exitCause: '' });
    const { seq } = await client.status();
    for await (const { journal } of client.followEvents({ afterSeq: 0 })) {
      expect(journal?.kind).not.toBe('process.hung');
      if (journal !== undefined && journal.seq >= seq) break;
    }
  });
});
