// `hive config ls`: every setting with its value and, with `--show-origin`, where it came from.
// Keys of providers are masked.

import { listConfig, loadConfig } from '@hivekernel/daemon/config';
import type { ConfigListRow } from '@hivekernel/daemon/config';
import type { Command } from 'commander';
import type { Bind } from '../command-table.ts';
import type { Context } from '../context.ts';
import type { Column } from '../output/listing.ts';
import { safeLine } from '../output/plain-text.ts';

interface ConfigFlags {
  readonly showOrigin?: boolean;
}

export function define(command: Command, bind: Bind): void {
  const ls = command.command('ls').description('List every setting.');
  ls.option('--show-origin', 'with where each value came from');
  bind(ls, list);
}

type ConfigItem = {
  readonly key: string;
  readonly value: string;
  readonly origin: string | null;
  readonly originKind: string | null;
};

async function list(context: Context, command: Command): Promise<void> {
  const { showOrigin = false } = command.opts<ConfigFlags>();
  const { terminal, flags, cwd } = context;
  const config = await loadConfig({
    cwd,
    env: terminal.env,
    flags: flags.data === undefined ? {} : { data: flags.data },
  });
  for (const warning of config.warnings) terminal.note(`warning: ${warning}`);
  context.list({
    kind: 'SettingList',
    items: listConfig(config, { showOrigin: true }).map(toItem),
    columns: showOrigin ? COLUMNS : COLUMNS.slice(0, 2),
    nameOf: ({ key }) => key,
  });
}

const toItem = ({ key, value, origin, originKind }: ConfigListRow): ConfigItem => ({
  key,
  value,
  origin: origin ?? null,
  originKind: originKind ?? null,
});

const COLUMNS: readonly Column<ConfigItem>[] = [
  { key: 'key', head: 'KEY', show: ({ key }) => key },
  { key: 'value', head: 'VALUE', cut: 'end', show: ({ value }) => safeLine(value) || '""' },
  { key: 'origin', head: 'ORIGIN', cut: 'middle', show: ({ origin }) => origin ?? '-' },
];
