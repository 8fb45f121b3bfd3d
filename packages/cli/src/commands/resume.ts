// `hive resume SEL…`: lets paused agents go on. It is the signal CONT.
// Who sleeps is woken by `hive wake`, not by this.

import type { Command } from 'commander';
import { actOn, addActOptions, SELECTORS_HELP } from '../act/act-on.ts';
import { signalAct } from '../act/signal-act.ts';
import type { Bind } from '../command-table.ts';
import type { Context } from '../context.ts';

interface ResumeFlags {
  readonly reason?: string;
}

export function define(command: Command, bind: Bind): void {
  command
    .argument('<selector...>', SELECTORS_HELP)
    .option('--reason <text>', 'why; kept in the journal')
    .addHelpText('after', EXAMPLES);
  addActOptions(command);
  bind(command, resume);
}

const EXAMPLES = `
Examples:
  hive resume coder
  hive resume state=paused
`;

async function resume(context: Context, command: Command): Promise<number> {
  const { reason } = command.opts<ResumeFlags>();
  const act = signalAct({ signal: 'CONT', verb: 'resume', reason });
  return actOn(context, command, { ...act, prefers: ({ state }) => state === 'paused' });
}
