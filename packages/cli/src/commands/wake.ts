// `hive wake SEL…`: starts sleeping agents again, with their checkpoint. One that does not sleep is
// refused, unless a word names others that do.

import type { Command } from 'commander';
import { actOn, addActOptions, SELECTORS_HELP } from '../act/act-on.ts';
import type { Act } from '../act/act-on.ts';
import type { Bind } from '../command-table.ts';

export function define(command: Command, bind: Bind): void {
  command.argument('<selector...>', SELECTORS_HELP).addHelpText('after', EXAMPLES);
  addActOptions(command);
  bind(command, (context) => actOn(context, command, WAKE));
}

const EXAMPLES = `
Examples:
  hive wake architect
  hive wake research-desk/
`;

const WAKE: Act = {
  kind: 'WakeResult',
  verb: 'wake',
  effect: 'wake',
  done: 'woke',
  field: 'woken',
  isOneByOne: true,
  prefers: ({ state }) => state === 'sleeping',
  run: async (client, { agent: { pid } }) => {
    await client.wake(pid);
    return { pids: [pid] };
  },
};
