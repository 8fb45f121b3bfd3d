// `hive kill [-SIGNAL] SEL…`: sends a signal to agents, children before their parents where a
// subtree is meant. What ends more than one is asked about first, with what it would hit.

import type { Command } from 'commander';
import { actOn, addActOptions, SELECTORS_HELP } from '../act/act-on.ts';
import { GRACE_HELP, graceFlag } from '../act/grace.ts';
import { signalAct } from '../act/signal-act.ts';
import { readSignal, SIGNALS } from '../act/signal-words.ts';
import type { Bind } from '../command-table.ts';
import type { Context } from '../context.ts';

interface KillFlags {
  readonly signal: string;
  readonly recursive?: boolean;
  readonly grace?: string;
  readonly reason?: string;
}

export function define(command: Command, bind: Bind): void {
  command
    .usage('[-SIGNAL] [flags] <selector...>')
    .argument('<selector...>', SELECTORS_HELP)
    .option('-s, --signal <signal>', `${SIGNALS.join(', ')}, or a number; also -KILL, -9`, 'TERM')
    .option('-r, --recursive', 'with all descendants')
    .option('--grace <time>', `TERM: from asking to forcing; ${GRACE_HELP}`)
    .option('--reason <text>', 'why; kept in the journal')
    .addHelpText('after', EXAMPLES);
  addActOptions(command);
  bind(command, kill);
}

const EXAMPLES = `
Signals:
  TERM  stop: finish, save, end; KILL after the grace    STOP  pause: nothing new, mail waits
  KILL  stop now                                         CONT  resume
  INT   stop the task, keep the agent                    HUP   reload
  USR1  write what it knows to an artifact; prints its key

Examples:
  hive kill 42 --reason "wrong input"
  hive kill -9 research-desk/ --yes
  hive kill -INT coder                    # its task only
  hive kill -s USR1 coder | xargs hive artifact get
  hive ps -q --filter 'role=worker state=idle' | hive kill - --dry-run
`;

function kill(context: Context, command: Command): Promise<number> {
  const { signal, grace, reason, recursive = false } = command.opts<KillFlags>();
  const graceMs = grace === undefined ? undefined : graceFlag(grace);
  const request = { signal: readSignal(signal), verb: 'kill', reason, graceMs };
  return actOn(context, command, signalAct({ ...request, isRecursive: recursive }));
}
