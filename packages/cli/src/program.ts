// The grammar: `hive <command> [target…] [flags]`, made of the command table with commander.
//   Flags of GLOBAL_FLAGS stand before or after any command. What commander finds wrong becomes an
//   error in our own words; nothing here prints or exits but the help.

import { Command, Option } from 'commander';
import type { CommanderError } from 'commander';
import { COMMANDS } from './command-table.ts';
import type { Bind, CommandRow, Handler } from './command-table.ts';
import type { GlobalFlags } from './context.ts';
import { usageError } from './errors/cli-error.ts';
import type { CliError } from './errors/cli-error.ts';
import { readFormat } from './output/formats.ts';
import { durationFlag } from './output/human.ts';
import type { ColourChoice, Terminal } from './output/terminal.ts';
import { nearestWord } from './select/nearest-word.ts';
import { cliVersion } from './version.ts';

interface GlobalOptions {
  readonly data?: string;
  readonly output?: string;
  readonly quiet?: boolean;
  readonly color: ColourChoice;
  readonly timeout?: string;
  readonly verbose: number;
  readonly yes?: boolean;
  readonly input: boolean;
}

export interface ProgramParts {
  readonly terminal: Terminal;
  readonly handle: (handler: Handler, command: Command) => Promise<void>;
}

const EXAMPLES = `
Examples:
  hive up -d                             start the kernel of this directory
  hive run research-desk "what is this about?" --input docs --wait
  hive ps                                who is there, and what they do
`;

export function buildProgram({ terminal, handle }: ProgramParts): Command {
  const program = new Command('hive')
    .description('An operating-system kernel for swarms of LLM agents.')
    .usage('<command> [target…] [flags]')
    .version(cliVersion(), '-V, --version', 'the version of hive')
    .helpOption('-h, --help', 'this help; --help with examples')
    .helpCommand(false)
    .showSuggestionAfterError(false)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void terminal.out(text),
      writeErr: (text) => terminal.err(text),
      // What is wrong is told by whoever catches it, in three parts.
      outputError: () => undefined,
    })
    .addHelpText('after', EXAMPLES);
  for (const option of globalOptions()) program.addOption(option);
  for (const row of COMMANDS) addRow(program, row);
  const bind: Bind = (command, handler) => {
    command.action(() => handle(handler, command));
  };
  program.hook('preSubcommand', async (_program, command) => {
    const row = COMMANDS.find(({ name }) => name === command.name());
    if (row === undefined) return;
    (await row.load()).define(command, bind);
    inherit(program, command);
  });
  return program;
}

function globalOptions(): Option[] {
  return [
    new Option('--data <dir>', 'data directory of the kernel (HIVE_DATA; default ./.hive)'),
    new Option('-o, --output <format>', 'table, wide, json, jsonl, yaml, name, csv'),
    new Option('-q, --quiet', 'only names: the same as -o name'),
    new Option('--timeout <time>', 'how long to wait for an answer, such as 30s'),
    new Option('-y, --yes', 'do not ask'),
    new Option('--no-input', 'never ask, refuse instead'),
    new Option('--color <when>', 'auto, always, never')
      .choices(['auto', 'always', 'never'])
      .default('auto' as const, 'auto'),
    new Option('-v, --verbose', 'tell more on stderr; twice for stacks')
      .argParser((_: unknown, before: number) => before + 1)
      .default(0, 'none'),
  ];
}

function addRow(program: Command, row: CommandRow): void {
  const command = program.command(row.name).summary(row.summary).helpGroup(row.group);
  command.description(`${row.summary.slice(0, 1).toUpperCase()}${row.summary.slice(1)}.`);
}

/** Subcommands that a module adds get the manners of the program. */
function inherit(program: Command, command: Command): void {
  command.copyInheritedSettings(program);
  command.allowExcessArguments(false);
  for (const child of command.commands) inherit(command, child);
}

/** Reads the flags that stand everywhere. Throws usage errors. */
export function readGlobalFlags(program: Command, terminal: Terminal): GlobalFlags {
  const options = program.opts<GlobalOptions>();
  terminal.chooseColour(options.color);
  const { output, quiet = false, timeout } = options;
  const format = quiet ? 'name' : output === undefined ? 'table' : readFormat(output);
  return {
    format,
    isFormatChosen: quiet || output !== undefined,
    verbosity: options.verbose,
    isYes: options.yes ?? false,
    mayAsk: options.input,
    ...(options.data === undefined ? {} : { data: options.data }),
    ...(timeout === undefined ? {} : { timeoutMs: durationFlag('--timeout', timeout) }),
  };
}

/** What commander threw, in our words. Undefined: it only printed what was asked for. */
export async function asUsageError(
  error: CommanderError,
  used: { program: Command; argv: readonly string[] },
): Promise<CliError | undefined> {
  if (error.exitCode === 0) return undefined;
  const message = error.message.replace(/^error: /, '');
  const command = usedCommand(used);
  const hints = [{ label: 'See what there is', command: `${fullName(command)} --help` }];
  if (error.code === 'commander.help') return usageError('A command is missing.', { hints });
  const unknown = /unknown (command|option) '([^']*)'/.exec(message);
  if (unknown === null) return usageError(sentence(message), { hints });
  const [, what = '', word = ''] = unknown;
  const candidates = what === 'command' ? commandNames(command) : optionNames(command);
  const nearest = await nearestWord(word, candidates);
  const guess = nearest === undefined ? '.' : `. Did you mean "${nearest}"?`;
  return usageError(`unknown ${what} "${word}"${guess}`, { hints });
}

/** The deepest command that the words name; the program itself where none does. */
function usedCommand({ program, argv }: { program: Command; argv: readonly string[] }): Command {
  let command = program;
  for (const word of argv) {
    command = command.commands.find((child) => child.name() === word) ?? command;
  }
  return command;
}

function fullName(command: Command): string {
  return command.parent === null ? command.name() : `${fullName(command.parent)} ${command.name()}`;
}

const commandNames = (command: Command): string[] => command.commands.map((one) => one.name());

function optionNames(command: Command): string[] {
  const own = ['--help', ...command.options.flatMap(({ long }) => long ?? [])];
  return command.parent === null ? own : [...own, ...optionNames(command.parent)];
}

const sentence = (text: string): string => (text.endsWith('.') ? text : `${text}.`);
