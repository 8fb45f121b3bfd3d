// `hive cap ls|grant|revoke`: what agents may do beside the rights of their role. A grant and a
// revocation hold at once, the latter for all below the agent too.

import type { AgentView, CapabilityView } from '@hivekernel/client';
import type { Command } from 'commander';
import type { Bind } from '../command-table.ts';
import type { Context, ListFlags } from '../context.ts';
import type { Column } from '../output/listing.ts';
import { safeLine } from '../output/plain-text.ts';
import { addListOptions } from '../select/list-options.ts';
import { resolveOne } from '../select/resolve.ts';

const EXAMPLES = `
Examples:
  hive cap ls coder
  hive cap grant coder shell_exec
  hive cap revoke research-desk network_access
`;

export function define(command: Command, bind: Bind): void {
  command.addHelpText('after', EXAMPLES);
  const ls = command.command('ls').description('List what an agent holds, and why not the rest.');
  addListOptions(ls.argument('<selector>', 'the agent'));
  bind(ls, list);
  const give = command.command('grant').description('Give an agent capabilities.');
  bind(withTarget(give), (context, sub) => change(context, sub, 'grant'));
  const take = command.command('revoke').description('Take them from it and all below it.');
  bind(withTarget(take), (context, sub) => change(context, sub, 'revoke'));
}

const withTarget = (command: Command): Command =>
  command
    .argument('<selector>', 'the agent')
    .argument('<capability...>', 'shell_exec, spawn_children …: see hive cap ls');

type CapabilityItem = {
  readonly capability: string;
  readonly held: boolean;
  readonly roleDefault: boolean;
  readonly why: string | null;
};

async function list(context: Context, command: Command): Promise<void> {
  const agent = await agentOf(context, command.args[0] ?? '');
  const client = await context.client();
  const views = await client.capabilities(agent.pid);
  context.list(
    {
      kind: 'CapabilityList',
      items: views.map(toItem),
      columns: COLUMNS,
      nameOf: ({ capability }) => capability,
    },
    command.opts<ListFlags>(),
  );
}

const toItem = ({ capability, isHeld, isRoleDefault, why }: CapabilityView): CapabilityItem => ({
  capability,
  held: isHeld,
  roleDefault: isRoleDefault,
  why: why === '' ? null : why,
});

const COLUMNS: readonly Column<CapabilityItem>[] = [
  { key: 'capability', head: 'CAPABILITY', show: ({ capability }) => capability },
  { key: 'held', head: 'HELD', show: ({ held }) => (held ? 'yes' : 'no') },
  { key: 'roleDefault', head: 'BY ROLE', show: ({ roleDefault }) => (roleDefault ? 'yes' : 'no') },
  { key: 'why', head: 'WHY NOT', cut: 'end', show: ({ why }) => safeLine(why ?? '-') },
];

async function change(context: Context, command: Command, what: 'grant' | 'revoke'): Promise<void> {
  const [selector = '', ...capabilities] = command.args;
  const agent = await agentOf(context, selector);
  const client = await context.client();
  const { pid } = agent;
  for (const capability of capabilities) await client[what]({ pid, capability });
  const words = what === 'grant' ? 'granted to' : 'revoked from';
  const name = `${safeLine(agent.name)} (pid ${pid})`;
  const lines = capabilities.map((one) => `${one} ${words} ${name}\n`).join('');
  context.show('CapabilityResult', { pid, [`${what}ed`]: capabilities }, () => lines);
}

async function agentOf(context: Context, selector: string): Promise<AgentView> {
  const client = await context.client();
  const { agents } = await client.processes();
  return resolveOne(selector, agents);
}
