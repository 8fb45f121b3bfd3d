// `hive results [SEL]`: results of the children of an agent that nobody took yet. Left out: the
// king's, which is the operator's. They stay where they are; `hive wait` takes one.

import type { Command } from 'commander';
import { resultListing } from '../act/results.ts';
import type { Bind } from '../command-table.ts';
import type { Context, ListFlags } from '../context.ts';
import { addListOptions } from '../select/list-options.ts';
import { resolveOne } from '../select/resolve.ts';

export function define(command: Command, bind: Bind): void {
  command
    .argument('[selector]', 'whose children; left out: yours')
    .addHelpText('after', '\nExamples:\n  hive results\n  hive results research-desk -o json\n');
  addListOptions(command);
  bind(command, results);
}

async function results(context: Context, command: Command): Promise<void> {
  const [selector] = command.args;
  const client = await context.client();
  const pid = selector === undefined ? 0 : await pidOf(context, selector);
  const waiting = await client.pendingResults(pid);
  context.list(resultListing(waiting, 'No result waits.'), command.opts<ListFlags>());
}

async function pidOf(context: Context, selector: string): Promise<number> {
  const client = await context.client();
  const { agents } = await client.processes({ includeDead: true });
  return (await resolveOne(selector, agents)).pid;
}
