// `hive collapse SEL`: ends everything below an agent, leaves first, and prints what each of them
// had for a result. The agent itself goes on.

import type { Command } from 'commander';
import { addActOptions } from '../act/act-on.ts';
import { GRACE_HELP, graceFlag } from '../act/grace.ts';
import { blastOf, blastWords } from '../act/blast-radius.ts';
import { tellPlan } from '../act/dry-run.ts';
import { resultListing } from '../act/results.ts';
import type { Bind } from '../command-table.ts';
import type { Context, ListFlags } from '../context.ts';
import { EXIT } from '../errors/exit-codes.ts';
import { confirm } from '../output/confirm.ts';
import { safeLine } from '../output/plain-text.ts';
import { addListOptions } from '../select/list-options.ts';
import { resolveOne } from '../select/resolve.ts';
import { subtreeOf } from '../select/selector.ts';
import { isOver } from '../select/state-words.ts';

interface CollapseFlags extends ListFlags {
  readonly grace?: string;
  readonly dryRun?: boolean;
}

export function define(command: Command, bind: Bind): void {
  command
    .argument('<selector>', 'an agent, under which nobody stays')
    .option('--grace <time>', `from asking to forcing; ${GRACE_HELP}`)
    .addHelpText('after', EXAMPLES);
  addActOptions(command);
  addListOptions(command);
  bind(command, collapse);
}

const EXAMPLES = `
Who has no result of its own gets exit code -1 and "branch collapsed".

Examples:
  hive collapse lead --dry-run
  hive collapse lead --yes -o json
`;

async function collapse(context: Context, command: Command): Promise<number> {
  const [word = ''] = command.args;
  const flags = command.opts<CollapseFlags>();
  const { grace } = flags;
  const order = grace === undefined ? {} : { graceMs: graceFlag(grace) };
  const client = await context.client();
  const { agents } = await client.processes({ includeDead: true });
  // What is below it is meant either way.
  const root = await resolveOne(word.replace(/(.)\/$/, '$1'), agents);
  const hit = subtreeOf(root.pid, agents).filter((one) => one.pid !== root.pid && !isOver(one));
  if (flags.dryRun === true) {
    tellPlan(context, { verb: 'collapse', effect: 'stop', hit, also: { root: root.pid } });
    return EXIT.ok;
  }
  if (hit.length > 1) {
    const blast = `This stops ${blastWords(blastOf(hit))}.`;
    const question = `Collapse the branch under ${safeLine(root.name)} (pid ${root.pid})?`;
    if (!(await confirm(context, { blast, question }))) return EXIT.failed;
  }
  const results = await client.collapse(root.pid, order);
  const empty = `Nobody was below ${safeLine(root.name)} (pid ${root.pid}).`;
  context.list(resultListing(results, empty), flags);
  return EXIT.ok;
}
