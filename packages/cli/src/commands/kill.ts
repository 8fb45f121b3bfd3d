// `hive kill SEL…`: stops agents, children before their parents where a subtree is meant. More than
// one is asked about first, with what it would hit.

import type { AgentView, HiveClient } from '@hivekernel/client';
import type { Command } from 'commander';
import type { Bind } from '../command-table.ts';
import type { Context } from '../context.ts';
import { asCliError, usageError } from '../errors/cli-error.ts';
import type { CliError } from '../errors/cli-error.ts';
import { EXIT } from '../errors/exit-codes.ts';
import { confirm } from '../output/confirm.ts';
import { durationFlag, plural } from '../output/human.ts';
import { readSelectors } from '../select/read-selectors.ts';
import { resolveAll } from '../select/resolve.ts';
import { parseSelector, subtreeOf } from '../select/selector.ts';

interface KillFlags {
  readonly recursive?: boolean;
  readonly grace?: string;
}

export function define(command: Command, bind: Bind): void {
  command
    .argument('<selector...>', 'agents; 42/ is the subtree; - reads them from stdin')
    .option('-r, --recursive', 'with all descendants')
    .option('--grace <time>', 'from asking to forcing; left out: signals.term_grace')
    .addHelpText('after', '\nExamples:\n  hive kill 42\n  hive kill research-desk/ --yes\n');
  bind(command, kill);
}

interface Order {
  readonly pid: number;
  readonly isRecursive: boolean;
}

async function kill(context: Context, command: Command): Promise<number> {
  const flags = command.opts<KillFlags>();
  const words = await readSelectors(command.args, context.terminal);
  const client = await context.client();
  const { agents } = await client.processes({ includeDead: true });
  const orders = await ordersOf(words, { agents, isRecursive: flags.recursive ?? false });
  const hit = hitBy(orders, agents);
  if (hit.some(({ ppid }) => ppid === 0)) {
    throw usageError('The king cannot be killed.', {
      hints: [{ label: 'Stop the kernel', command: 'hive down' }],
    });
  }
  const live = hit.filter(({ state }) => state !== 'dead' && state !== 'zombie');
  if (live.length > 1) {
    const question = `Kill ${plural(live.length, 'agent')}?`;
    if (!(await confirm(context, { blast: blastOf(live), question }))) return EXIT.failed;
  }
  const graceMs = flags.grace === undefined ? undefined : durationFlag('--grace', flags.grace);
  return carryOut(context, { client, orders, graceMs, live: pidsOf(live) });
}

const pidsOf = (agents: readonly AgentView[]): ReadonlySet<number> =>
  new Set(agents.map(({ pid }) => pid));

async function ordersOf(
  words: readonly string[],
  given: { agents: readonly AgentView[]; isRecursive: boolean },
): Promise<readonly Order[]> {
  const orders = new Map<number, boolean>();
  for (const word of words) {
    const selector = parseSelector(word);
    const isSubtree = selector.by !== 'filter' && selector.isSubtree;
    const roots = await resolveAll(isSubtree ? word.slice(0, -1) : word, given.agents);
    for (const { pid } of roots) {
      orders.set(pid, isSubtree || given.isRecursive || orders.get(pid) === true);
    }
  }
  return [...orders].map(([pid, isRecursive]) => ({ pid, isRecursive }));
}

function hitBy(orders: readonly Order[], agents: readonly AgentView[]): AgentView[] {
  const pids = new Set(
    orders.flatMap(({ pid, isRecursive }) =>
      isRecursive ? subtreeOf(pid, agents).map((agent) => agent.pid) : [pid],
    ),
  );
  return agents.filter(({ pid }) => pids.has(pid));
}

/** `This stops 1 lead and 14 workers (3 with a task, 12 messages waiting).` */
export function blastOf(agents: readonly AgentView[]): string {
  const roles = new Map<string, number>();
  for (const { role } of agents) roles.set(role, (roles.get(role) ?? 0) + 1);
  const who = [...roles].map(([role, count]) => plural(count, role));
  const last = who.pop() ?? '';
  const list = who.length === 0 ? last : `${who.join(', ')} and ${last}`;
  const busy = agents.filter(({ tasksRunning }) => tasksRunning > 0).length;
  const waiting = agents.reduce((sum, { inboxDepth }) => sum + inboxDepth, 0);
  const harm = [
    ...(busy === 0 ? [] : [`${busy} with a task`]),
    ...(waiting === 0 ? [] : [`${plural(waiting, 'message')} waiting`]),
  ];
  return `This stops ${list}${harm.length === 0 ? '' : ` (${harm.join(', ')})`}.`;
}

interface Work {
  readonly client: HiveClient;
  readonly orders: readonly Order[];
  readonly graceMs: number | undefined;
  /** Who of them lived when they were looked up. */
  readonly live: ReadonlySet<number>;
}

async function carryOut(context: Context, work: Work): Promise<number> {
  const { client, orders, graceMs, live } = work;
  const killed: number[] = [];
  const gone: number[] = [];
  const failures: { pid: number; error: CliError }[] = [];
  for (const { pid, isRecursive } of orders) {
    if (killed.includes(pid)) continue;
    if (!live.has(pid) && !isRecursive) {
      gone.push(pid);
      continue;
    }
    try {
      const grace = graceMs === undefined ? {} : { graceMs };
      const hit = await client.kill(pid, { isRecursive, ...grace });
      killed.push(...hit.filter((one) => live.has(one) || one !== pid));
      if (!live.has(pid)) gone.push(pid);
    } catch (error) {
      failures.push({ pid, error: asCliError(error) });
    }
  }
  const failed = failures.map(({ pid, error }) => ({
    pid,
    code: error.code,
    message: error.message,
  }));
  if (context.format === 'name') context.terminal.out(killed.map((pid) => `${pid}\n`).join(''));
  else context.show('KillResult', { killed, gone, failed }, () => `killed ${killed.length}\n`);
  for (const pid of gone) context.terminal.note(`pid ${pid} is already gone`);
  for (const { pid, error } of failures) {
    context.terminal.note(`error[${error.code}]: pid ${pid}: ${error.message}`);
  }
  const [first] = failures;
  if (first === undefined) return killed.length > 0 ? EXIT.ok : EXIT.wrongState;
  return killed.length > 0 ? EXIT.partial : first.error.exitCode;
}
