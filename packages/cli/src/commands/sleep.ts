// `hive sleep SEL…`: keeps a checkpoint of agents and stops their OS processes; a message, a task
// or `hive wake` starts them again. One that runs a task is refused.

import type { Command } from 'commander';
import { actOn, addActOptions, SELECTORS_HELP } from '../act/act-on.ts';
import type { Act } from '../act/act-on.ts';
import type { Bind } from '../command-table.ts';

export function define(command: Command, bind: Bind): void {
  command.argument('<selector...>', SELECTORS_HELP).addHelpText('after', EXAMPLES);
  addActOptions(command);
  bind(command, (context) => actOn(context, command, SLEEP));
}

const EXAMPLES = `
Examples:
  hive sleep architect
  hive sleep 'role=worker state=idle'
`;

const SLEEP: Act = {
  kind: 'SleepResult',
  verb: 'sleep',
  effect: 'put to sleep',
  done: 'put to sleep',
  field: 'slept',
  isOneByOne: true,
  run: async (client, { agent: { pid } }) => {
    await client.sleep(pid);
    return { pids: [pid] };
  },
};
