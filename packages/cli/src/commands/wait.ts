// `hive wait SEL --for state=idle|end`: blocks until every agent that the selector names is so far.
// Looks again at each event that concerns it, so nothing is missed between two looks.

import type { AgentView, HiveClient } from '@hivekernel/client';
import type { Command } from 'commander';
import type { Bind } from '../command-table.ts';
import type { Context } from '../context.ts';
import { CliError, usageError } from '../errors/cli-error.ts';
import { EXIT } from '../errors/exit-codes.ts';
import { untilSignal } from '../kernel/signals.ts';
import { showSpan } from '../output/human.ts';
import { resolveAll } from '../select/resolve.ts';

const ENDED = new Set(['zombie', 'dead']);
/** Once in a while also without an event. */
const LOOK_MS = 5_000;

interface WaitFlags {
  readonly for: string;
}

export function define(command: Command, bind: Bind): void {
  command
    .argument('<selector>', 'agents')
    .option('--for <what>', 'end, or state=WORD', 'end')
    .addHelpText('after', '\nExample:\n  hive wait research-desk --for state=idle --timeout 10s\n');
  bind(command, wait);
}

async function wait(context: Context, command: Command): Promise<number> {
  const [selector = ''] = command.args;
  const isThere = conditionOf(command.opts<WaitFlags>().for);
  const client = await context.client();
  const { agents, seq } = await client.processes({ includeDead: true });
  const wanted = await resolveAll(selector, agents);
  const pids = new Set(wanted.map(({ pid }) => pid));
  const isDone = async (): Promise<boolean> => {
    const { agents: now } = await client.processes({ includeDead: true });
    const byPid = new Map(now.map((agent) => [agent.pid, agent]));
    return [...pids].every((pid) => isThere(byPid.get(pid)));
  };
  const end = await watch({ client, seq, isDone, timeoutMs: context.flags.timeoutMs });
  if (end === 'interrupted') return EXIT.interrupted;
  if (end === 'timed out') throw tooLate(selector, context.flags.timeoutMs ?? 0);
  return EXIT.ok;
}

type Condition = (agent: AgentView | undefined) => boolean;

/** Whose record is gone has ended. */
function conditionOf(text: string): Condition {
  if (text === 'end') return (agent) => agent === undefined || ENDED.has(agent.state);
  const [, state] = /^state=([a-z]+)$/.exec(text) ?? [];
  if (state === undefined) throw usageError(`--for wants end or state=WORD; got "${text}".`);
  return (agent) => agent?.state === state;
}

interface Watching {
  readonly client: HiveClient;
  readonly seq: number;
  readonly isDone: () => Promise<boolean>;
  readonly timeoutMs: number | undefined;
}

async function watch(watching: Watching): Promise<'done' | 'interrupted' | 'timed out'> {
  const { client, seq, isDone, timeoutMs } = watching;
  const stop = untilSignal();
  try {
    const deadlineMs = performance.now() + (timeoutMs ?? Number.POSITIVE_INFINITY);
    let afterSeq = seq;
    for (;;) {
      if (await isDone()) return 'done';
      if (stop.signal.aborted) return 'interrupted';
      const leftMs = deadlineMs - performance.now();
      if (leftMs <= 0) return 'timed out';
      const look = AbortSignal.timeout(Math.ceil(Math.min(LOOK_MS, leftMs)));
      const signal = AbortSignal.any([look, stop.signal]);
      afterSeq = await nextChange(client, { afterSeq, signal });
    }
  } finally {
    stop.release();
  }
}

/** The seq of the next event that changes a state, or the old one when the signal came first. */
async function nextChange(
  client: HiveClient,
  at: { afterSeq: number; signal: AbortSignal },
): Promise<number> {
  for await (const { seq, journal } of client.followEvents(at)) {
    if (journal?.kind.startsWith('process.') === true) return seq;
  }
  return at.afterSeq;
}

function tooLate(selector: string, timeoutMs: number): CliError {
  return new CliError({
    code: 'E_TIMED_OUT',
    exitCode: EXIT.timedOut,
    message: `"${selector}" was not so far within ${showSpan(timeoutMs)}.`,
  });
}
