// The main job, whole: the crew answers a question about real files, as OS processes of a real
// daemon, with the simulated model and with an OpenAI-compatible server over HTTP.

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CREW } from '@hivekernel/crew';
import type { AgentView, HiveClient, KernelEvent, TaskReport } from '@hivekernel/client';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { DOCUMENTS, QUESTION, quotesIn, writeDocuments } from './documents.ts';
import { ModelServer } from './model-server.ts';
import { osPidsAlive } from './os-pids.ts';
import { startTestDaemon, type TestDaemon } from './test-daemon.ts';

const DESK = CREW['research-desk']!;

/** On a machine that is busy with something else. */
const TIMEOUT_MS = 60_000;

let documents: string;
beforeAll(async () => {
  documents = await writeDocuments();
});
afterAll(() => rm(documents, { recursive: true, force: true }));

let hive: TestDaemon;
afterEach(() => hive.stop());

interface Run {
  readonly report: TaskReport;
  readonly agents: readonly AgentView[];
  readonly events: readonly KernelEvent[];
}

async function allEvents(client: HiveClient): Promise<KernelEvent[]> {
  const events: KernelEvent[] = [];
  for await (const event of client.followEvents({ follow: false })) events.push(event);
  return events;
}

const spawnDesk = (client: HiveClient): Promise<number> =>
  client.spawn({ name: 'desk', role: DESK.role, tier: DESK.tier, image: DESK.image });

async function runDesk(client: HiveClient): Promise<Run> {
  const pid = await spawnDesk(client);
  const inputs = [join(documents, 'manual'), join(documents, 'README.md')];
  const report = await client.executeTask({
    pid,
    description: QUESTION,
    params: { input: inputs.join('\n'), artifact: 'reports/harbour.md' },
  });
  await client.kill(pid, { isRecursive: true });
  const { agents } = await client.processes({ includeDead: true });
  return { report, agents, events: await allEvents(client) };
}

/** The OS pids under which each process ever ran. */
function startedOsPids(events: readonly KernelEvent[]): number[] {
  const starts = events.filter(({ journal }) => journal?.kind === 'process.started');
  return starts.map(({ journal }) => Number(journal?.body['osPid']));
}

function tokensByPid(events: readonly KernelEvent[]): Record<number, number> {
  const spent: Record<number, number> = {};
  for (const { journal } of events) {
    if (journal?.kind !== 'llm.called') continue;
    const { pid, promptTokens, completionTokens } = journal.body;
    const before = spent[Number(pid)] ?? 0;
    spent[Number(pid)] = before + Number(promptTokens) + Number(completionTokens);
  }
  return spent;
}

const namesOf = (agents: readonly AgentView[], pids: readonly number[]): string[] =>
  agents.filter(({ pid }) => pids.includes(pid)).map(({ name }) => name);

describe('research-desk on a real daemon', { timeout: TIMEOUT_MS }, () => {
  it('quotes the files, stores the report, charges the callers, leaves nobody', async () => {
    hive = await startTestDaemon();
    const { client } = hive;
    const { report, agents, events } = await runDesk(client);
    expect(report).toMatchObject({ isCompleted: true, exitCode: 0, error: '' });

    const quotes = quotesIn(report.output);
    expect(quotes.length).toBeGreaterThanOrEqual(4);
    for (const { source, quote } of quotes) {
      expect(DOCUMENTS[source]?.replace(/\s+/g, ' ')).toContain(quote);
    }
    expect(quotes.map(({ source }) => source)).toContain('manual/storms.md');
    expect(quotes.map(({ source }) => source)).not.toContain('manual/fish.md');
    const stored = await client.artifacts.get({ key: 'reports/harbour.md' });
    expect(new TextDecoder().decode(stored.content)).toBe(report.output);

    const osPids = startedOsPids(events);
    expect(osPids).toHaveLength(6);
    expect(new Set([...osPids, process.pid]).size).toBe(7);
    expect(await osPidsAlive(osPids)).toEqual([]);
    const crew = agents.filter(({ pid }) => pid !== 1);
    expect(crew.map(({ state, osPid }) => `${state} ${osPid}`)).toEqual(crew.map(() => 'dead 0'));

    const spent = tokensByPid(events);
    expect(namesOf(agents, Object.keys(spent).map(Number)).toSorted()).toEqual([
      'lead',
      'worker-1',
      'worker-2',
      'worker-3',
      'worker-4',
    ]);
    for (const { pid, tokensSimulated, tokens } of crew) {
      expect([tokensSimulated, tokens]).toEqual([spent[pid] ?? 0, spent[pid] ?? 0]);
    }
    expect(report.metadata).toMatchObject({ simulated: 'true', provider: 'sim' });
    expect(report.output).toContain('Simulated model');
    expect(await client.status()).toMatchObject({ modelSimulated: true, modelProvider: 'sim' });
  });

  it('runs on an OpenAI-compatible server, its usage charged as the server told it', async () => {
    const server = await ModelServer.start();
    try {
      hive = await startTestDaemon({
        env: { OPENAI_BASE_URL: server.url, OPENAI_API_KEY: 'sk-of-the-test' },
      });
      const { report, agents, events } = await runDesk(hive.client);
      expect(report).toMatchObject({ isCompleted: true, exitCode: 0, error: '' });
      expect(quotesIn(report.output).length).toBeGreaterThanOrEqual(3);
      expect(report.metadata['simulated']).toBe('false');
      expect(report.output).not.toContain('Simulated model');

      expect(server.calls.map(({ key }) => key)).toEqual(
        server.calls.map(() => 'Bearer sk-of-the-test'),
      );
      expect(server.calls.some(({ isStreamed }) => isStreamed)).toBe(true);
      const charged = events.flatMap(({ journal }) =>
        journal?.kind === 'llm.called' ? [journal.body] : [],
      );
      const usages = charged.map((body) =>
        JSON.stringify([body['promptTokens'], body['completionTokens']]),
      );
      const told = server.calls.map((call) =>
        JSON.stringify([call.promptTokens, call.completionTokens]),
      );
      expect(usages.toSorted()).toEqual(told.toSorted());
      expect(charged.every((body) => body['simulated'] === false && !body['estimated'])).toBe(true);

      const spent = tokensByPid(events);
      for (const { pid, tokens, tokensSimulated } of agents) {
        expect([tokens, tokensSimulated]).toEqual([spent[pid] ?? 0, 0]);
      }
      const calledAs = (name: string): number[] =>
        agents.filter((one) => one.name.startsWith(name)).map(({ llmCalls }) => llmCalls);
      expect(calledAs('lead')).toEqual([2]);
      expect(calledAs('worker')).toEqual([1, 1, 1, 1]);
      expect(calledAs('desk')).toEqual([0]);
    } finally {
      await server.stop();
    }
  });

  it('leaves nobody behind when it is interrupted while its workers ask', async () => {
    const server = await ModelServer.start();
    try {
      server.mutes = 'streams';
      hive = await startTestDaemon({
        env: { OPENAI_BASE_URL: server.url, OPENAI_API_KEY: 'sk-of-the-test' },
      });
      const { client } = hive;
      const pid = await spawnDesk(client);
      const params = { input: documents };
      const task = client.executeTask({ pid, description: QUESTION, params });
      await server.untilOpen(4);
      await client.interrupt({ pid, reason: 'enough' });
      expect(await task).toMatchObject({ isCompleted: false, errorCode: 'cancelled' });
      await server.untilOpen(0);
      const dead = new Set<number>();
      for await (const { journal } of client.followEvents()) {
        if (journal?.kind === 'process.exited') dead.add(Number(journal.body['pid']));
        if (dead.size === 5) break;
      }
      const { agents } = await client.processes();
      expect(agents.map(({ name, state }) => `${name} ${state}`)).toEqual([
        'king running',
        'desk idle',
      ]);
      const osPids = startedOsPids(await allEvents(client));
      expect(await osPidsAlive(osPids)).toHaveLength(1);
    } finally {
      await server.stop();
    }
  });
});
