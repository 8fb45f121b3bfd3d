// `hive wait SEL --for state=idle|end|exit`: blocks until every agent that the selector names is so
// far. Looks again at each event that concerns it, so nothing is missed between two looks.
//   S8. `exit` also takes the results of the king's own children, as a parent's waiting does, and
//   prints them; `--peek` leaves them. What other parents have to take is never taken from them.

import type { AgentView, ExitReport, HiveClient } from '@hivekernel/client';
import type { Command } from 'commander';
import { resultListing } from '../act/results.ts';
import type { Bind } from '../command-table.ts';
import type { Context } from '../context.ts';
import { asCliError, CliError, usageError } from '../errors/cli-error.ts';
import { EXIT } from '../errors/exit-codes.ts';
import { untilSignal } from '../kernel/signals.ts';
import { showSpan } from '../output/human.ts';
import { resolveAll } from '../select/resolve.ts';
import { isOver } from '../select/state-words.ts';
import { conditionOf } from '../select/wait-condition.ts';

const KING = 1;
/** It is there already. */
const TAKE_MS = 5_000;
/** Once in a while also without an event. */
const LOOK_MS = 5_000;

interface WaitFlags {
  readonly for: string;
  readonly peek?: boolean;
}

export function define(command: Command, bind: Bind): void {
  command
    .argument('<selector>', 'agents')
    .option('--for <what>', 'end; exit, which takes and prints the result; or state=WORD', 'end')
    .option('--peek', 'with exit: leave the result to be taken')
    .addHelpText('after', EXAMPLES);
  bind(command, wait);
}

const EXAMPLES = `
Examples:
  hive wait research-desk --for state=idle --timeout 10s
  hive wait research-desk/ --for state=paused
  hive wait coder --for exit -o json
`;

async function wait(context: Context, command: Command): Promise<number> {
  const [selector = ''] = command.args;
  const { for: what, peek = false } = command.opts<WaitFlags>();
  const isThere = await conditionOf(what);
  if (peek && what !== 'exit') throw usageError('--peek goes with --for exit.');
  const client = await context.client();
  const { agents, seq } = await client.processes({ includeDead: true });
  const named = await resolveAll(selector, agents);
  const wanted = new Map(meantBy(what, named).map((agent) => [agent.pid, agent]));
  const isDone = async (): Promise<boolean> => {
    const { agents: now } = await client.processes({ includeDead: true });
    const byPid = new Map(now.map((agent) => [agent.pid, agent]));
    // What was seen last of one is told of it when its record is gone.
    for (const [pid, before] of wanted) wanted.set(pid, byPid.get(pid) ?? before);
    // Everybody is looked at: one that never comes so far ends the waiting for all.
    return [...wanted.keys()].map((pid) => isThere(byPid.get(pid))).every(Boolean);
  };
  const end = await watch({ client, seq, isDone, timeoutMs: context.flags.timeoutMs });
  if (typeof end === 'number') return end;
  if (end === 'timed out') throw tooLate(selector, context.flags.timeoutMs ?? 0);
  if (what === 'exit') {
    const results = await resultsOf(client, [...wanted.values()], { isPeek: peek });
    context.list(resultListing(results, 'No result.'));
  }
  return EXIT.ok;
}

/** For a state, of one name those that may still come to it. */
function meantBy(what: string, named: readonly AgentView[]): readonly AgentView[] {
  const living = named.filter((agent) => !isOver(agent));
  return what.startsWith('state=') && living.length > 0 ? living : named;
}

async function resultsOf(
  client: HiveClient,
  ended: readonly AgentView[],
  how: { isPeek: boolean },
): Promise<readonly ExitReport[]> {
  const results: ExitReport[] = [];
  for (const agent of ended) {
    const isOurs = agent.ppid === KING && !how.isPeek;
    results.push(isOurs ? await take(client, agent) : readResult(agent));
  }
  return results;
}

/** Where somebody was quicker, the record still tells it. */
async function take(client: HiveClient, agent: AgentView): Promise<ExitReport> {
  try {
    return await client.waitChild({ pid: agent.pid, timeoutMs: TAKE_MS });
  } catch (error) {
    const { exitCode } = asCliError(error);
    if (exitCode !== EXIT.wrongState && exitCode !== EXIT.noMatch) throw error;
    return readResult(agent);
  }
}

function readResult(agent: AgentView): ExitReport {
  const { pid, name, exitCode, output, exitCause: cause } = agent;
  return { pid, name, exitCode, output, cause };
}

interface Watching {
  readonly client: HiveClient;
  readonly seq: number;
  readonly isDone: () => Promise<boolean>;
  readonly timeoutMs: number | undefined;
}

/** A number: the exit code after a stop signal. */
async function watch(watching: Watching): Promise<'done' | 'timed out' | number> {
  const { client, seq, isDone, timeoutMs } = watching;
  const stop = untilSignal();
  try {
    const deadlineMs = performance.now() + (timeoutMs ?? Number.POSITIVE_INFINITY);
    let afterSeq = seq;
    for (;;) {
      if (await isDone()) return 'done';
      if (stop.signal.aborted) return stop.exitCode;
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
