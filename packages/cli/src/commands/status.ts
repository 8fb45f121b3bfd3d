// `hive status`: the kernel, with the exit codes of systemctl (0 runs, 3 does not, 4 cannot be
// told). `hive status SEL`: one agent on one screen, with its last lines; 0 it lives, 3 it is over.

import { join } from 'node:path';
import type { HiveClient, KernelStatus } from '@hivekernel/client';
import type { Command } from 'commander';
import type { Bind } from '../command-table.ts';
import type { Context } from '../context.ts';
import { asCliError } from '../errors/cli-error.ts';
import { EXIT } from '../errors/exit-codes.ts';
import { toJournalItem } from '../journal/journal-item.ts';
import type { JournalItem } from '../journal/journal-item.ts';
import { shownPath } from '../kernel/reach-kernel.ts';
import { isoTime, plural, showAge, showBytes, showCount } from '../output/human.ts';
import { padEnd, safeLine } from '../output/plain-text.ts';
import { toAgentItem } from '../select/agent-items.ts';
import { resolveOne } from '../select/resolve.ts';
import { isOver } from '../select/state-words.ts';
import { readLimits } from '../status/agent-limits.ts';
import { agentPage } from '../status/agent-page.ts';

const LAST_LINES = 8;
const STATUS_TIMEOUT_MS = 5_000;
const NOT_RUNNING = 3;
const UNKNOWN = 4;

export function define(command: Command, bind: Bind): void {
  command.argument('[selector]', 'an agent; left out: the kernel');
  bind(command, async (context, { args: [selector] }) =>
    selector === undefined ? kernelStatus(context) : agentStatus(context, selector),
  );
}

async function kernelStatus(context: Context): Promise<number> {
  try {
    const client = await context.client();
    const status = await client.status({ timeoutMs: STATUS_TIMEOUT_MS });
    context.show('KernelStatus', statusBody(status), () => statusText(status));
    return EXIT.ok;
  } catch (error) {
    return notTold(context, error);
  }
}

async function notTold(context: Context, error: unknown): Promise<number> {
  const { isOsProcessAlive, readRunFile } = await import('@hivekernel/client');
  const { isNobodyThere } = await import('../kernel/reach-kernel.ts');
  const told = asCliError(error);
  if (told.exitCode !== EXIT.unreachable && told.exitCode !== EXIT.timedOut) throw error;
  const dataDir = await context.dataDir();
  const run = await readRunFile(dataDir);
  const isAlive = run !== undefined && isOsProcessAlive(run.osPid);
  const isThere = isAlive && !isNobodyThere(told.cause);
  const state = isThere ? 'unknown' : 'stopped';
  const daemon = { osPid: isThere ? run.osPid : null, dataDir };
  const body = { state, reason: told.why || told.message, version: null, seq: null, daemon };
  context.show('KernelStatus', body, () => `${state}: ${told.message}\n  ${told.why}\n`);
  return isThere ? UNKNOWN : NOT_RUNNING;
}

function statusBody(status: KernelStatus) {
  return {
    state: 'running',
    version: status.version,
    seq: status.seq,
    firstSeq: status.firstSeq,
    daemon: {
      osPid: status.osPid,
      bootId: status.bootId,
      node: status.node,
      dataDir: status.dataDir,
      startedAt: isoTime(status.startedAtMs),
      uptimeSeconds: Math.floor((Date.now() - status.startedAtMs) / 1_000),
    },
    counts: {
      processes: status.processes,
      running: status.running,
      messagesQueued: status.messagesQueued,
      artifacts: status.artifacts,
      tasksOpen: status.tasksOpen,
    },
    model: { provider: status.modelProvider, simulated: status.modelSimulated },
    llm: { calls: status.llmCalls, tokens: status.tokens },
    addresses: { http: status.httpUrl, grpc: status.grpcAddress },
    storage: { journalBytes: status.journalBytes, low: status.storageLow },
  };
}

function statusText(status: KernelStatus): string {
  const simulated = status.modelSimulated ? ' (simulated)' : '';
  const low = status.storageLow ? ' · DISK SPACE IS LOW' : '';
  const rows = [
    ['kernel', `running, version ${status.version}, OS process ${status.osPid}`],
    ['since', `${isoTime(status.startedAtMs)} (${showAge(Date.now() - status.startedAtMs)})`],
    ['state', status.dataDir],
    ['http', status.httpUrl || '-'],
    ['grpc', status.grpcAddress || '-'],
    ['model', `${status.modelProvider}${simulated}`],
    ['used', `${plural(status.llmCalls, 'model call')}, ${showCount(status.tokens)} tokens`],
    ['agents', `${status.processes}, of which ${status.running} running`],
    ['tasks', `${status.tasksOpen} open`],
    ['messages', `${status.messagesQueued} waiting`],
    ['artifacts', String(status.artifacts)],
    ['journal', `seq ${status.seq}, ${showBytes(status.journalBytes)}${low}`],
  ];
  return rows.map(([head = '', text = '']) => `${padEnd(head, 10)}${safeLine(text)}\n`).join('');
}

/** 3 for one that is no more, as of a kernel that does not run. */
async function agentStatus(context: Context, selector: string): Promise<number> {
  const client = await context.client();
  const { agents } = await client.processes({ includeDead: true });
  const agent = await resolveOne(selector, agents);
  const lines = await lastLines(client, agent.pid);
  const limits = await readLimits(client, agent.pid);
  const nowMs = Date.now();
  const logPath = join(await context.dataDir(), 'logs', `${agent.pid}.log`);
  const item = toAgentItem(agent, nowMs);
  const body = { agent: item, limits: limits ?? null, logPath, lastLines: lines };
  const place = shownPath(logPath, context.cwd);
  const paint = context.terminal.outPaint;
  context.show('AgentStatus', body, () =>
    agentPage({ agent, limits, lines, logPath: place, nowMs, paint }),
  );
  return isOver(agent) ? NOT_RUNNING : EXIT.ok;
}

async function lastLines(client: HiveClient, pid: number): Promise<JournalItem[]> {
  const items: JournalItem[] = [];
  for await (const event of client.followEvents({ follow: false, last: LAST_LINES, pid })) {
    items.push(toJournalItem(event));
  }
  return items;
}
