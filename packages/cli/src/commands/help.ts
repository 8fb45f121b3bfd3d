// `hive help [COMMAND…|exit-codes]`.
// The texts are those of the commands themselves: nothing is told twice.

import type { Command } from 'commander';
import type { Bind } from '../command-table.ts';
import { COMMANDS } from '../command-table.ts';
import type { Context } from '../context.ts';
import { usageError } from '../errors/cli-error.ts';
import { EXIT, EXIT_MEANINGS } from '../errors/exit-codes.ts';
import type { Column } from '../output/listing.ts';
import { nearestWord } from '../select/nearest-word.ts';

export function define(command: Command, bind: Bind): void {
  command.argument('[topic...]', 'a command, or: exit-codes');
  bind(command, help);
}

async function help(context: Context, command: Command): Promise<void> {
  const { terminal } = context;
  const program = command.parent ?? command;
  const [topic, ...rest] = command.args;
  if (topic === undefined) return void terminal.out(program.helpInformation());
  if (topic === 'exit-codes') return listExitCodes(context);
  const row = COMMANDS.find(({ name }) => name === topic);
  if (row === undefined) throw await unknownTopic(topic);
  const target = program.commands.find((one) => one.name() === topic) ?? command;
  if (topic !== 'help') (await row.load()).define(target, () => undefined);
  const inner = target.commands.find((one) => one.name() === rest[0]) ?? target;
  inner.configureOutput({ writeOut: (text) => void terminal.out(text) });
  inner.outputHelp();
}

async function unknownTopic(topic: string): Promise<Error> {
  const nearest = await nearestWord(topic, [...COMMANDS.map(({ name }) => name), 'exit-codes']);
  const guess = nearest === undefined ? '' : ` Did you mean "${nearest}"?`;
  return usageError(`There is no help for "${topic}".${guess}`);
}

type ExitItem = { readonly code: number; readonly name: string; readonly meaning: string };

const EXIT_COLUMNS: readonly Column<ExitItem>[] = [
  { key: 'code', head: 'CODE', isRight: true, show: ({ code }) => String(code) },
  { key: 'meaning', head: 'MEANING', show: ({ meaning }) => meaning },
];

function listExitCodes(context: Context): void {
  const names = Object.keys(EXIT) as (keyof typeof EXIT)[];
  context.list({
    kind: 'ExitCodeList',
    items: names.map((name) => ({ code: EXIT[name], name, meaning: EXIT_MEANINGS[name] })),
    columns: EXIT_COLUMNS,
    nameOf: ({ code }) => String(code),
  });
}
