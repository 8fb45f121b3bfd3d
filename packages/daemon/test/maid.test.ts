// The maid on a real daemon: when she is started and when not, and what becomes of her.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AgentView, HiveClient, KernelEvent } from '@hivekernel/client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startTestDaemon, type TestDaemon } from './test-daemon.ts';

const ECHO = `${fileURLToPath(new URL('./agents/actors.ts', import.meta.url))}#Echo`;
const NAME = 'maid@vps1';
const REPORT = 'maid/vps1';
/** She makes a round when she starts, and when she is asked. */
const ON = { HIVE_MAID_ENABLED: 'true', HIVE_MAID_INTERVAL: '1h' };
const PERMANENT_ECHO = {
  role: 'agent',
  tier: 'tactical',
  image: ECHO,
  restart: 'permanent',
} as const;
const QUICK_RESTARTS = { HIVE_RESTART_BACKOFF_FIRST: '20ms', HIVE_RESTART_BACKOFF_MOST: '20ms' };

type Journal = NonNullable<KernelEvent['journal']>;

let dataDir: string;
let hive: TestDaemon | undefined;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'hive-maid-'));
});

afterEach(async () => {
  await hive?.stop();
  await rm(dataDir, { recursive: true, force: true });
});

/** One after the other on the same data. */
async function boot(env: Readonly<Record<string, string>>): Promise<HiveClient> {
  await hive?.stop();
  hive = await startTestDaemon({ env, dataDir });
  return hive.client;
}

async function untilEvent(client: HiveClient, fits: (event: Journal) => boolean): Promise<Journal> {
  for await (const { journal } of client.followEvents({ afterSeq: 0 })) {
    if (journal !== undefined && fits(journal)) return journal;
  }
  throw new Error('the stream of events has no end');
}

/** The first of them, once she is ready in that incarnation. */
async function maidOf(client: HiveClient, incarnation = 1): Promise<AgentView> {
  const spawned = await untilEvent(
    client,
    ({ kind, body }) => kind === 'process.spawned' && nameIn(body) === NAME,
  );
  const pid = Number(spawned.body['pid']);
  const isHers = ({ kind, body }: Journal, wanted: string): boolean =>
    kind === wanted && body['pid'] === pid;
  const started = await untilEvent(
    client,
    (event) => isHers(event, 'process.started') && event.body['incarnation'] === incarnation,
  );
  await untilEvent(
    client,
    (event) =>
      isHers(event, 'process.moved') && event.body['to'] === 'idle' && event.seq > started.seq,
  );
  return client.info(pid);
}

const nameIn = ({ spec }: Journal['body']): unknown => (spec as { name?: unknown }).name;

async function namesOf(client: HiveClient): Promise<string[]> {
  const { agents } = await client.processes();
  return agents.map(({ name }) => name);
}

async function alarmsOf(client: HiveClient): Promise<unknown[]> {
  const { seq } = await client.status();
  const alarms: unknown[] = [];
  for await (const { journal } of client.followEvents({ afterSeq: 0 })) {
    if (journal?.kind === 'escalation.raised') alarms.push(journal.body);
    if (journal !== undefined && journal.seq >= seq) break;
  }
  return alarms;
}

describe('the maid at boot', () => {
  it('is started once, permanent, and reports (maid.enabled)', async () => {
    const client = await boot(ON);
    const maid = await maidOf(client);
    expect(maid).toMatchObject({ name: NAME, role: 'daemon', ppid: 1, restart: 'permanent' });
    const asked = await client.executeTask({ pid: maid.pid, description: 'how is it' });
    expect(asked.output).toContain('vps1: ');
    const { content } = await client.artifacts.get({ key: REPORT });
    const report: unknown = JSON.parse(new TextDecoder().decode(content));
    expect(report).toMatchObject({ node: 'vps1', memory: { agents: { osProcesses: 1 } } });
    expect(await namesOf(client)).toEqual(['king', NAME]);
  });

  it('is not started where the setting says no, and ended if she is there', async () => {
    const client = await boot({});
    expect(await namesOf(client)).toEqual(['king']);
    const { pid } = await maidOf(await boot(ON));
    const without = await boot({});
    await untilEvent(without, ({ kind, body }) => kind === 'process.gone' && body['pid'] === pid);
    expect(await namesOf(without)).toEqual(['king']);
  });

  it('is left as she is by a stop of the kernel, and made anew for other settings', async () => {
    const { pid } = await maidOf(await boot(ON));
    const again = await boot(ON);
    expect(await maidOf(again, 2)).toMatchObject({ pid, restarts: 1 });
    expect(await namesOf(again)).toEqual(['king', NAME]);
    const other = await boot({ ...ON, HIVE_MAID_INTERVAL: '2h' });
    const next = await untilEvent(
      other,
      ({ kind, body }) =>
        kind === 'process.spawned' && nameIn(body) === NAME && body['pid'] !== pid,
    );
    expect(next.body['spec']).toMatchObject({ env: { MAID_INTERVAL_MS: '7200000' } });
    expect(next.body['address']).toBe(`/king/${NAME}`);
  });

  it('leaves her name to whoever has it, and the boot goes on without her', async () => {
    const first = await boot({});
    const stranger = await first.spawn({ name: NAME, role: 'agent', tier: 'tactical' });
    const second = await boot(ON);
    expect(await second.info(stranger)).toMatchObject({ state: 'idle', isVirtual: true });
    await second.kill(stranger);
    await second.spawn({ ...PERMANENT_ECHO, name: 'only one' });
    const full = await boot({ ...ON, HIVE_PROCESSES_MAX: '1' });
    expect(await namesOf(full)).toEqual(['king', 'only one']);
    expect(hive?.lines.join('\n')).toContain('the maid: The spawn is refused: this node runs 1 OS');
  });
});

describe('the maid at work', () => {
  it('escalates a crash loop to the king, once, also after a kill -9 of her own', async () => {
    const client = await boot({ ...ON, ...QUICK_RESTARTS, HIVE_RESTART_MAX_IN_ROW: '1' });
    const maid = await maidOf(client);
    const echo = await client.spawn({ ...PERMANENT_ECHO, name: 'echo' });
    for (const incarnation of [1, 2]) {
      const started = await untilEvent(
        client,
        ({ kind, body }) =>
          kind === 'process.started' && body['pid'] === echo && body['incarnation'] === incarnation,
      );
      process.kill(Number(started.body['osPid']), 'SIGKILL');
    }
    await untilEvent(client, ({ kind }) => kind === 'process.crash_loop');
    const ask = () => client.executeTask({ pid: maid.pid, description: 'look around' });
    const { output } = await ask();
    expect(output).toContain(`error: echo (pid ${echo}) is quarantined: 1 restart did not help`);
    await ask();
    const hers = async (): Promise<unknown[]> =>
      (await alarmsOf(client)).filter((body) => (body as { from: number }).from === maid.pid);
    expect(await hers()).toMatchObject([{ severity: 'error', at: 1 }]);

    process.kill(maid.osPid, 'SIGKILL');
    expect(await maidOf(client, 2)).toMatchObject({ pid: maid.pid, name: NAME });
    expect((await ask()).output).toContain('is quarantined');
    expect(await hers()).toHaveLength(1);
  });
});
