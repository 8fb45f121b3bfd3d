// `hive ps [SEL]`: the process table. Those that ended within the last minute are still there, as
// zombie or dead; `--live` leaves them out.

import type { Command } from 'commander';
import type { Bind } from '../command-table.ts';
import type { Context, ListFlags } from '../context.ts';
import { noMatch } from '../errors/cli-error.ts';
import { watchList } from '../output/watch.ts';
import { agentColumns, AGENT_ALIASES, toAgentItem } from '../select/agent-items.ts';
import type { AgentItem } from '../select/agent-items.ts';
import { addListOptions, WATCH } from '../select/list-options.ts';
import { matchSelector, parseAgentFilter, parseSelector } from '../select/selector.ts';
import type { Listing } from '../output/listing.ts';

interface PsFlags extends ListFlags {
  readonly live?: boolean;
  readonly filter?: string;
  readonly watch?: boolean;
}

export function define(command: Command, bind: Bind): void {
  command
    .argument('[selector]', 'pid, name, /path, subtree such as 42/, or role=worker,state!=idle')
    .option('--live', 'without zombies and the dead')
    .option('-a, --all', 'also the dead (which is the default)')
    .option('--filter <expr>', 'such as: state=running tokens>500 -role=king')
    .option(...WATCH)
    .addHelpText('after', EXAMPLES);
  addListOptions(command);
  bind(command, ps);
}

const EXAMPLES = `
Examples:
  hive ps --sort -tokens --limit 5
  hive ps research-desk/ -o wide
  hive ps -q --filter 'state=dead age>1m' | hive kill -
`;

async function ps(context: Context, command: Command): Promise<void> {
  const flags = command.opts<PsFlags>();
  if (flags.watch === true) return watchList(context, () => look(context, command), flags);
  const listing = await look(context, command);
  const [selector] = command.args;
  if (selector !== undefined && listing.items.length === 0) {
    throw noMatch(`No agent matches "${selector}".`, {
      hints: [{ label: 'See all', command: 'hive ps' }],
    });
  }
  context.list(listing, withAliases(flags));
}

async function look(context: Context, command: Command): Promise<Listing<AgentItem>> {
  const { live = false, filter } = command.opts<PsFlags>();
  const [selector] = command.args;
  const client = await context.client();
  const { agents: all, seq } = await client.processes({ includeDead: !live });
  const agents = live ? all.filter(({ state }) => state !== 'zombie') : all;
  const chosen = selector === undefined ? agents : matchSelector(parseSelector(selector), agents);
  const test = filter === undefined ? undefined : parseAgentFilter(filter, agents);
  const nowMs = Date.now();
  const items = chosen.map((agent) => toAgentItem(agent, nowMs));
  return {
    kind: 'AgentList',
    items: test === undefined ? items : items.filter(test),
    columns: agentColumns(context.terminal.outPaint),
    nameOf: ({ pid }) => String(pid),
    cursor: seq,
    empty: 'No agent is there.',
  };
}

/** `--sort -tok` and `--columns tok` mean the columns' own names. */
function withAliases(flags: PsFlags): ListFlags {
  const rename = (key: string): string => {
    const [, sign = '', name = ''] = /^([-+]?)(.*)$/.exec(key.trim()) ?? [];
    return `${sign}${AGENT_ALIASES[name] ?? name}`;
  };
  const { columns, sort, limit } = flags;
  return {
    ...(columns === undefined ? {} : { columns: columns.split(',').map(rename).join(',') }),
    ...(sort === undefined ? {} : { sort: rename(sort) }),
    ...(limit === undefined ? {} : { limit }),
  };
}
