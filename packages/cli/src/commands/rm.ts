// `hive rm SEL…`: forgets dead agents before their time; those that are quarantined after a crash
// loop stay in the table until this. Nothing that lives is touched.

import type { Command } from 'commander';
import { actOn, addActOptions, SELECTORS_HELP } from '../act/act-on.ts';
import type { Act } from '../act/act-on.ts';
import type { Bind } from '../command-table.ts';

export function define(command: Command, bind: Bind): void {
  command.argument('<selector...>', SELECTORS_HELP).addHelpText('after', EXAMPLES);
  addActOptions(command);
  bind(command, (context) => actOn(context, command, REMOVE));
}

const EXAMPLES = `
The journal keeps what happened to them.

Examples:
  hive rm 42
  hive rm quarantined=true
`;

const REMOVE: Act = {
  kind: 'RemoveResult',
  verb: 'rm',
  effect: 'forget',
  done: 'removed',
  field: 'removed',
  isOneByOne: true,
  canHit: () => true,
  prefers: ({ state }) => state === 'dead',
  run: async (client, { agent: { pid } }) => {
    await client.remove(pid);
    return { pids: [pid] };
  },
};
