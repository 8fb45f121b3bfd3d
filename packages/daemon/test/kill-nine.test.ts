// kill -9 of the daemon in the middle of work: what was acknowledged is there again, what ran is
// gone. The moment is drawn from a seed; SEED=n repeats one.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CREW } from '@hivekernel/crew';
import type { HiveClient, KernelEvent } from '@hivekernel/client';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startDaemonProcess } from './daemon-process.ts';
import { QUESTION, writeDocuments } from './documents.ts';
import { agentsUnder, osPidsAlive, osPidsNaming, untilGone } from './os-pids.ts';
import { startTestDaemon, type TestDaemon } from './test-daemon.ts';

const ACTORS = fileURLToPath(new URL('./agents/actors.ts', import.meta.url));
const DESK = CREW['research-desk']!;
const GONE_WITHIN_MS = 2_000;
/** A whole run of the desk is about so many events. */
const EVENTS_OF_A_RUN = 75;

const given = process.env['SEED'];
const SEEDS =
  given === undefined
    ? Array.from({ length: 3 }, () => Math.floor(Math.random() * 1e9))
    : [Number(given)];

/** On a machine that is busy with something else. */
const TIMEOUT_MS = 60_000;

let documents: string;
let dataDir: string;
beforeAll(async () => {
  documents = await writeDocuments();
  dataDir = await mkdtemp(join(tmpdir(), 'hive-kill-'));
});
afterAll(async () => {
  await rm(documents, { recursive: true, force: true });
  await rm(dataDir, { recursive: true, force: true });
});

let hive: TestDaemon | undefined;
const ends: (() => unknown)[] = [];
afterEach(async () => {
  await hive?.stop();
  hive = undefined;
  for (const end of ends.splice(0)) end();
});

/** What the kernel said yes to. */
class Ledger {
  readonly pids: number[] = [];
  readonly messages = new Map<number, string[]>();
  /** By key, the newest version that was acknowledged. */
  readonly artifacts = new Map<string, { version: number; text: string }>();
  readonly events = new Map<number, unknown>();

  /** Sends and stores one after the other until the kernel is gone. */
  async fill(client: HiveClient, to: { pid: number; name: string }): Promise<void> {
    const sent: string[] = [];
    this.messages.set(to.pid, sent);
    for (let n = 0; ; n += 1) {
      const text = `${to.name} ${n}`;
      sent.push(await client.send({ to: to.pid, payload: text, requiresAck: true }));
      const key = `kept/${to.name}/${n % 7}`;
      const { version } = await client.artifacts.put({ key, content: text });
      this.artifacts.set(key, { version, text });
    }
  }

  note(event: KernelEvent): void {
    if (event.journal !== undefined) this.events.set(event.seq, event.journal);
  }
}

const eventsKept = async (client: HiveClient): Promise<Map<number, unknown>> => {
  const events = new Map<number, unknown>();
  for await (const { seq, journal } of client.followEvents({ follow: false })) {
    if (journal !== undefined) events.set(seq, journal);
  }
  return events;
};

/** Starts a daemon, gives it work, and kills it after as many events. */
async function workUntilKilled(afterEvents: number) {
  // Snapshots all the time, so that a kill meets one now and then.
  const env = { HIVE_JOURNAL_SNAPSHOT_EVENTS: '100', HIVE_JOURNAL_SNAPSHOT_INTERVAL: '1s' };
  const daemon = await startDaemonProcess({ dataDir, env });
  ends.push(() => daemon.child.kill('SIGKILL'));
  const { client, runtimeDir } = daemon;
  ends.push(() => client.close());
  const ledger = new Ledger();
  const { role, tier, image } = DESK;
  const orders = [
    { name: 'virtual', role: 'agent', tier: 'tactical' },
    { name: 'echo', role: 'agent', tier: 'tactical', image: `${ACTORS}#Echo` },
    { name: 'loop', role: 'agent', tier: 'tactical', image: `${ACTORS}#Loop` },
    { name: 'desk', role, tier, image },
  ] as const;
  for (const order of orders) ledger.pids.push(await client.spawn(order));
  const [virtual = 0, echo = 0, loop = 0, desk = 0] = ledger.pids;
  const isLooping = Promise.withResolvers<void>();
  const seen = Promise.withResolvers<void>();
  const following = follow(client, { ledger, desk, isLooping, seen, afterEvents });
  const work = [
    client.executeTask({ pid: loop, description: 'go' }),
    isLooping.promise.then(() =>
      Promise.all([
        client.executeTask({ pid: desk, description: QUESTION, params: { input: documents } }),
        ledger.fill(client, { pid: virtual, name: 'virtual' }),
        ledger.fill(client, { pid: echo, name: 'echo' }),
      ]),
    ),
  ];
  const settled = Promise.allSettled([...work, following]);
  await Promise.race([seen.promise, settled]);
  const osPids = await agentsUnder(runtimeDir);
  daemon.child.kill('SIGKILL');
  await daemon.exited;
  client.close();
  await settled;
  return { ledger, osPids, runtimeDir, virtual, loop };
}

async function follow(
  client: HiveClient,
  on: {
    ledger: Ledger;
    desk: number;
    isLooping: PromiseWithResolvers<void>;
    seen: PromiseWithResolvers<void>;
    afterEvents: number;
  },
): Promise<void> {
  let ofRun = 0;
  for await (const event of client.followEvents({ volatile: true, reconnectMs: 0 })) {
    on.ledger.note(event);
    if (event.message.includes('looping')) on.isLooping.resolve();
    // What the ledger's own messages and artifacts cause is not the desk's run.
    if (ofRun > 0 || (event.journal?.kind === 'task.started' && event.pid === on.desk)) {
      ofRun += /^(message|artifact)\./.test(event.journal?.kind ?? 'message.') ? 0 : 1;
    }
    if (ofRun > on.afterEvents) on.seen.resolve();
  }
}

describe('kill -9 of the daemon', { timeout: TIMEOUT_MS }, () => {
  it.each(SEEDS)('loses nothing acknowledged and leaves no agent (SEED=%i)', async (seed) => {
    const afterEvents = seed % EVENTS_OF_A_RUN;
    const { ledger, osPids, runtimeDir, virtual, loop } = await workUntilKilled(afterEvents);
    expect(osPids.length).toBeGreaterThanOrEqual(3);
    const alive = async () => [...(await osPidsAlive(osPids)), ...(await agentsUnder(runtimeDir))];
    expect(await untilGone(alive, { withinMs: GONE_WITHIN_MS })).toEqual([]);

    hive = await startTestDaemon({ dataDir });
    const { client } = hive;
    const { agents } = await client.processes({ includeDead: true });
    const found = new Map(agents.map((agent) => [agent.pid, agent]));
    expect(ledger.pids.map((pid) => found.has(pid))).toEqual(ledger.pids.map(() => true));
    expect(found.get(virtual)).toMatchObject({ state: 'idle', isVirtual: true });
    expect(found.get(loop)).toMatchObject({ state: 'zombie', exitCause: 'kernel_died' });
    for (const { osPid, isVirtual, state } of agents) {
      expect(osPid).toBe(0);
      if (!isVirtual) expect(['zombie', 'dead']).toContain(state);
    }

    const events = await eventsKept(client);
    for (const [seq, event] of ledger.events) expect(events.get(seq)).toEqual(event);
    const sent = [...events.values()].flatMap((event) => {
      const { kind, body } = event as { kind: string; body: { message?: number } };
      return kind === 'message.sent' ? [`m${body.message}`] : [];
    });
    for (const ids of ledger.messages.values()) {
      expect(sent).toEqual(expect.arrayContaining(ids));
    }
    const inbox = await client.inbox(virtual);
    const waiting = ledger.messages.get(virtual) ?? [];
    expect(waiting.length).toBeGreaterThan(0);
    const listed = inbox.messages.map(({ id }) => id);
    expect(listed.slice(0, waiting.length)).toEqual(waiting.slice(0, listed.length));
    for (const [key, { version, text }] of ledger.artifacts) {
      const { content } = await client.artifacts.get({ key, version });
      expect(new TextDecoder().decode(content)).toBe(text);
    }

    const pid = await client.spawn({
      name: 'after',
      role: 'agent',
      tier: 'tactical',
      image: `${ACTORS}#Echo`,
    });
    expect(pid).toBeGreaterThan(Math.max(...ledger.pids));
    const after = await client.executeTask({ pid, description: 'still here' });
    expect(after).toMatchObject({ isCompleted: true, output: 'still here' });
  });

  it('together with its reaper leaves what loops to the next boot, which ends it', async () => {
    const daemon = await startDaemonProcess({ dataDir });
    ends.push(() => daemon.child.kill('SIGKILL'));
    const { client, runtimeDir } = daemon;
    ends.push(() => client.close());
    const image = `${ACTORS}#Loop`;
    const pid = await client.spawn({ name: 'orphan', role: 'agent', tier: 'tactical', image });
    const { osPid } = await client.info(pid);
    const task = client.executeTask({ pid, description: 'go' }).catch(() => undefined);
    for await (const { message } of client.followEvents({ volatile: true })) {
      if (message.includes('looping')) break;
    }
    const others = (await osPidsNaming(runtimeDir)).filter((one) => one !== osPid);
    for (const one of [daemon.osPid, ...others]) process.kill(one, 'SIGKILL');
    await daemon.exited;
    await task;
    expect(await osPidsAlive([osPid])).toEqual([osPid]);

    hive = await startTestDaemon({ dataDir });
    expect(await osPidsAlive([osPid])).toEqual([]);
    expect(await hive.client.info(pid)).toMatchObject({ state: 'zombie', osPid: 0 });
  });
});
