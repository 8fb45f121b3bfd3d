// `hive reparent SEL PARENT`: moves an agent, with all below it, under another parent. Its pid, its
// name and its address stay.

import type { AgentView } from '@hivekernel/client';
import type { Command } from 'commander';
import { addActOptions } from '../act/act-on.ts';
import type { ActFlags } from '../act/act-on.ts';
import type { Bind } from '../command-table.ts';
import type { Context } from '../context.ts';
import { safeLine } from '../output/plain-text.ts';
import { resolveOne } from '../select/resolve.ts';
import { subtreeOf } from '../select/selector.ts';
import { isOver } from '../select/state-words.ts';

export function define(command: Command, bind: Bind): void {
  command
    .argument('<selector>', 'who is moved')
    .argument('<parent>', 'under whom; 1 or king: the king')
    .addHelpText('after', '\nExample:\n  hive reparent coder lead-2\n');
  addActOptions(command);
  bind(command, reparent);
}

async function reparent(context: Context, command: Command): Promise<void> {
  const [word = '', parentWord = ''] = command.args;
  const dryRun = command.opts<ActFlags>().dryRun ?? false;
  const client = await context.client();
  const { agents } = await client.processes();
  const bare = (text: string): string => text.replace(/(.)\/$/, '$1');
  const agent = await resolveOne(bare(word), agents);
  const parent = await resolveOne(bare(parentWord), agents);
  if (!dryRun) await client.reparent({ pid: agent.pid, parent: parent.pid });
  const below = subtreeOf(agent.pid, agents).filter((one) => !isOver(one)).length - 1;
  const body = { pid: agent.pid, from: agent.ppid, to: parent.pid, below, dryRun };
  const company = below <= 0 ? '' : `, with ${below} below it,`;
  const moved = `${dryRun ? 'would move' : 'moved'} ${nameOf(agent)}${company}`;
  context.show('ReparentResult', body, () => `${moved} under ${nameOf(parent)}\n`);
}

const nameOf = ({ name, pid }: AgentView): string => `${safeLine(name)} (pid ${pid})`;
