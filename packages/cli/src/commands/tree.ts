// `hive tree [SEL]`: who started whom. In machine formats the rows of `ps`, parents first.
// The drawing is for people and may change; programs read the rows.

import type { AgentView } from '@hivekernel/client';
import type { Command } from 'commander';
import type { Bind } from '../command-table.ts';
import type { Context } from '../context.ts';
import { showCount } from '../output/human.ts';
import { renderListing } from '../output/listing.ts';
import { displayWidth, padEnd, safeLine } from '../output/plain-text.ts';
import type { Paint } from '../output/terminal.ts';
import { agentColumns, shownState, toAgentItem } from '../select/agent-items.ts';
import type { AgentItem } from '../select/agent-items.ts';
import { resolveAll } from '../select/resolve.ts';
import { subtreeOf } from '../select/selector.ts';
import { paintState, stateGlyph } from '../select/state-words.ts';

interface TreeFlags {
  readonly live?: boolean;
}

export function define(command: Command, bind: Bind): void {
  command
    .argument('[selector]', 'the roots; left out: the king')
    .option('--live', 'without zombies and the dead')
    .option('-a, --all', 'also the dead (which is the default)');
  bind(command, tree);
}

async function tree(context: Context, command: Command): Promise<void> {
  const { live = false } = command.opts<TreeFlags>();
  const [selector] = command.args;
  const client = await context.client();
  const { agents: all, seq } = await client.processes({ includeDead: !live });
  const agents = live ? all.filter(({ state }) => state !== 'zombie') : all;
  const roots =
    selector === undefined
      ? agents.filter(({ ppid }) => ppid === 0)
      : await resolveAll(selector.replace(/(.)\/$/, '$1'), agents);
  const { terminal, format } = context;
  if (format === 'table' || format === 'wide') {
    return void terminal.out(drawTree({ roots, agents, paint: terminal.outPaint }));
  }
  const nowMs = Date.now();
  const rows = roots.flatMap(({ pid }) => subtreeOf(pid, agents));
  const listing = {
    kind: 'AgentList',
    items: rows.map((agent) => toAgentItem(agent, nowMs)),
    columns: agentColumns(terminal.outPaint),
    nameOf: ({ pid }: AgentItem) => String(pid),
    cursor: seq,
  };
  terminal.out(renderListing(listing, { format }));
}

interface Drawing {
  readonly roots: readonly AgentView[];
  readonly agents: readonly AgentView[];
  readonly paint: Paint;
}

interface Branch {
  readonly agent: AgentView;
  readonly label: string;
}

/** `├─ worker-3(11)  ● running  task t12   1.2k tok`. */
export function drawTree({ roots, agents, paint }: Drawing): string {
  const children = new Map<number, AgentView[]>();
  const byAddress = new Map(agents.map(({ address, pid }) => [address, pid]));
  for (const agent of agents) {
    const above = placeOf(agent, byAddress);
    const siblings = children.get(above);
    if (siblings === undefined) children.set(above, [agent]);
    else siblings.push(agent);
  }
  const branches = roots.flatMap((root) => [
    { agent: root, label: labelOf(root) },
    ...branchesUnder(root, { children, indent: '' }),
  ]);
  const width = Math.max(0, ...branches.map(({ label }) => displayWidth(label)));
  return branches.map((branch) => `${lineOf(branch, { width, paint })}\n`).join('');
}

/** The dead stand where they lived: a child of one that is gone went to another (P9). */
function placeOf(agent: AgentView, byAddress: ReadonlyMap<string, number>): number {
  if (agent.state !== 'dead') return agent.ppid;
  const above = agent.address.slice(0, agent.address.lastIndexOf('/'));
  return byAddress.get(above) ?? agent.ppid;
}

const labelOf = ({ name, pid }: AgentView): string => `${safeLine(name)}(${pid})`;

function branchesUnder(
  parent: AgentView,
  place: { children: ReadonlyMap<number, readonly AgentView[]>; indent: string },
): Branch[] {
  const { children, indent } = place;
  const all = children.get(parent.pid) ?? [];
  return all.flatMap((agent, at) => {
    const isLast = at === all.length - 1;
    const label = `${indent}${isLast ? '└─ ' : '├─ '}${labelOf(agent)}`;
    const below = { children, indent: `${indent}${isLast ? '   ' : '│  '}` };
    return [{ agent, label }, ...branchesUnder(agent, below)];
  });
}

function lineOf({ agent, label }: Branch, look: { width: number; paint: Paint }): string {
  const { width, paint } = look;
  const item = toAgentItem(agent, Date.now());
  const word = shownState(item);
  const state = paintState(paint, word)(`${stateGlyph(word)} ${word}`);
  const tokens = agent.tokensSubtree === 0 ? '' : `${showCount(agent.tokensSubtree)} tok`;
  const rest = [item.activity ?? '', tokens].filter((part) => part !== '').join('  ');
  return `${padEnd(label, width)}  ${state}${rest === '' ? '' : `  ${paint.dim(rest)}`}`;
}
