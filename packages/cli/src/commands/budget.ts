// `hive budget ls|set|raise|freeze|thaw`: what agents may spend, in tokens of a tier and in
// dollars. What one gets comes out of the nearest budget above it, and goes back there (B2).

import { TIER } from '@hivekernel/client';
import type { AgentView, BudgetChange, BudgetView, Purse, Tier } from '@hivekernel/client';
import { Option } from 'commander';
import type { Command } from 'commander';
import { readAmount, readWhole } from '../budget/amount.ts';
import type { Amount } from '../budget/amount.ts';
import { budgetListing, purseItem, purseLine } from '../budget/budget-item.ts';
import type { Bind } from '../command-table.ts';
import type { Context, ListFlags } from '../context.ts';
import { usageError } from '../errors/cli-error.ts';
import { safeLine } from '../output/plain-text.ts';
import { watchList } from '../output/watch.ts';
import { addListOptions, WATCH } from '../select/list-options.ts';
import { resolveOne } from '../select/resolve.ts';

interface LsFlags extends ListFlags {
  readonly watch?: boolean;
}

interface NoteFlags {
  readonly note?: string;
}

interface ChangeFlags extends NoteFlags {
  readonly tier?: Tier;
}

const NOTE = ['--note <text>', 'why; kept in the journal'] as const;
const PROC = ['<selector>', 'the agent'] as const;

export function define(command: Command, bind: Bind): void {
  command.addHelpText('after', EXAMPLES);
  const sub = (name: string, summary: string): Command =>
    command.command(name).description(summary);
  const ls = sub('ls', 'List budgets: of all, or of an agent and those below it.');
  addListOptions(ls.argument('[selector]', 'the agent; left out: all').option(...WATCH));
  bind(ls, list);
  const set = sub('set', 'Make a budget so much, whatever it is now.');
  bind(withAmount(set, "50k, 1.5M, 200000 tokens, or '$0.50'"), (context, used) =>
    change(context, used, 'set'),
  );
  const raise = sub('raise', 'Make a budget so much larger, or smaller.');
  bind(withAmount(raise, "50k or '$0.50' more; with a minus, -20k, less"), (context, used) =>
    change(context, used, 'raise'),
  );
  const freeze = sub('freeze', 'Let nothing be paid from a budget and nothing given, at once.');
  bind(freeze.argument(...PROC).option(...NOTE), (context, used) => turn(context, used, true));
  const thaw = sub('thaw', 'Let a frozen budget pay again.');
  bind(thaw.argument(...PROC).option(...NOTE), (context, used) => turn(context, used, false));
}

const EXAMPLES = `
An agent without a budget of its own draws on the nearest one above it; hive budget set gives it
one. Exit code 6: the one above has not so much, or what is to be taken is spent or given already.

Examples:
  hive budget ls
  hive budget ls research-desk -w
  hive budget set coder 200k --tier strategic
  hive budget raise coder '$0.50' --note "the last mile"
  hive budget raise coder -20k
  hive budget freeze research-desk && hive budget thaw research-desk
`;

const withAmount = (command: Command, help: string): Command =>
  command
    .argument(...PROC)
    .argument('<amount>', help)
    .addOption(new Option('--tier <tier>', "of tokens; left out: the agent's").choices(TIER.words))
    .option(...NOTE);

async function list(context: Context, command: Command): Promise<void> {
  const [selector] = command.args;
  const flags = command.opts<LsFlags>();
  const client = await context.client();
  const root = selector === undefined ? undefined : await agentOf(context, selector);
  const empty =
    root === undefined
      ? 'There is no budget.'
      : `${named(root)} and those below it have no budget of their own; the one above pays.`;
  const look = async () => budgetListing(await client.listBudgets(root?.pid), empty);
  if (flags.watch === true) return watchList(context, look, flags);
  context.list(await look(), flags);
}

async function change(context: Context, command: Command, verb: 'set' | 'raise'): Promise<void> {
  const [selector = '', text = ''] = command.args;
  const { tier, note } = command.opts<ChangeFlags>();
  const amount = verb === 'set' ? readWhole(text) : readAmount(text);
  const wanted: BudgetChange = verb === 'set' ? { to: amount.count } : { by: amount.count };
  if (verb === 'raise' && amount.count === 0) {
    throw usageError('A raise by 0 changes nothing; hive budget set makes a budget 0.');
  }
  const purse = purseOf(amount, tier);
  const agent = await agentOf(context, selector);
  const client = await context.client();
  const order = { pid: agent.pid, change: wanted, purse: purse ?? agent.tier };
  const view = await client.raiseBudget(note === undefined ? order : { ...order, note });
  show(context, view, () => {
    const changed = view.purses.find((one) => one.purse === order.purse);
    const has = changed === undefined ? 'none of its own' : purseLine(changed);
    return `budget of ${named(agent)}: ${has}\n`;
  });
}

/** Undefined: the tokens of the agent's own tier. */
function purseOf({ unit }: Amount, tier: Tier | undefined): Purse | undefined {
  if (unit === 'tokens') return tier;
  if (tier === undefined) return 'usd';
  throw usageError('--tier is for tokens; dollars pay for calls of every tier.');
}

async function turn(context: Context, command: Command, isFrozen: boolean): Promise<void> {
  const { note } = command.opts<NoteFlags>();
  const agent = await agentOf(context, command.args[0] ?? '');
  const client = await context.client();
  const order = { pid: agent.pid, isFrozen };
  const view = await client.freezeBudget(note === undefined ? order : { ...order, note });
  const words = isFrozen ? 'is frozen: it pays for nothing and gives nothing' : 'pays again';
  show(context, view, () => `budget of ${named(agent)} ${words}\n`);
}

function show(context: Context, view: BudgetView, people: () => string): void {
  const { pid, name, address, isFrozen: frozen } = view;
  const body = { pid, name, address, frozen, purses: view.purses.map(purseItem) };
  context.show('Budget', body, people);
}

const named = ({ name, pid }: AgentView): string => `${safeLine(name)} (pid ${pid})`;

async function agentOf(context: Context, selector: string): Promise<AgentView> {
  const client = await context.client();
  const { agents } = await client.processes();
  return resolveOne(selector, agents);
}
