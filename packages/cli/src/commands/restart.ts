// `hive restart SEL…`: stops agents and starts them again under their pid, with their mailbox and
// last checkpoint. What crashed and waits for its parent's decision is started.

import type { Command } from 'commander';
import { actOn, addActOptions, SELECTORS_HELP } from '../act/act-on.ts';
import { GRACE_HELP, graceFlag } from '../act/grace.ts';
import type { Act } from '../act/act-on.ts';
import type { Bind } from '../command-table.ts';
import type { Context } from '../context.ts';

interface RestartFlags {
  readonly grace?: string;
  readonly reason?: string;
}

export function define(command: Command, bind: Bind): void {
  command
    .argument('<selector...>', SELECTORS_HELP)
    .option('--grace <time>', `from asking to forcing; ${GRACE_HELP}`)
    .option('--reason <text>', 'why; kept in the journal')
    .addHelpText('after', EXAMPLES);
  addActOptions(command);
  bind(command, restart);
}

const EXAMPLES = `
Pid, name, parent, mailbox, artifacts and last checkpoint stay. More than one is asked about.

Examples:
  hive restart coder --reason "new prompt"
  hive restart 'role=worker state=zombie' --yes
`;

async function restart(context: Context, command: Command): Promise<number> {
  return actOn(context, command, restartAct(command.opts<RestartFlags>()));
}

function restartAct({ grace, reason }: RestartFlags): Act {
  const order = {
    ...(reason === undefined ? {} : { reason }),
    ...(grace === undefined ? {} : { graceMs: graceFlag(grace) }),
  };
  return {
    kind: 'RestartResult',
    verb: 'restart',
    effect: 'restart',
    done: 'restarted',
    field: 'restarted',
    also: { reason: reason ?? null },
    isOneByOne: true,
    asks: (hit) => hit.length > 1,
    run: async (client, { agent: { pid } }) => {
      await client.restart(pid, order);
      return { pids: [pid] };
    },
  };
}
