// `hive pause SEL…`: stops agents where they are, with all their OS processes, until `resume`. It
// is the signal STOP; nothing is lost by it, so that it asks nothing.

import type { Command } from 'commander';
import { actOn, addActOptions, SELECTORS_HELP } from '../act/act-on.ts';
import { signalAct } from '../act/signal-act.ts';
import type { Bind } from '../command-table.ts';
import type { Context } from '../context.ts';

interface PauseFlags {
  readonly reason?: string;
}

export function define(command: Command, bind: Bind): void {
  command
    .argument('<selector...>', SELECTORS_HELP)
    .option('--reason <text>', 'why; kept in the journal')
    .addHelpText('after', EXAMPLES);
  addActOptions(command);
  bind(command, pause);
}

const EXAMPLES = `
While an agent is paused its mailbox fills; nothing is delivered to it and nothing is started.

Examples:
  hive pause coder --reason "budget talk"
  hive pause research-desk/
`;

async function pause(context: Context, command: Command): Promise<number> {
  const { reason } = command.opts<PauseFlags>();
  return actOn(context, command, signalAct({ signal: 'STOP', verb: 'pause', reason }));
}
