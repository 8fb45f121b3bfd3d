// The settings that have a flag, as options of a command: made from the settings table, so that no
// flag is written twice. `--data` is not among them: it stands everywhere.

import { SETTING_KEYS, settingRow } from '@hivekernel/daemon/config';
import type { Flags } from '@hivekernel/daemon/config';
import { Option } from 'commander';
import type { Command } from 'commander';

export function addSettingFlags(command: Command): void {
  for (const { flag, isSwitch, doc } of flaggedSettings()) {
    command.addOption(new Option(isSwitch ? `--${flag}` : `--${flag} <value>`, doc));
  }
  command.addOption(new Option('--dotenv <file>', 'read this instead of ./.env'));
  // Node 20 takes this one for itself wherever it stands, so it is not the name to learn.
  command.addOption(new Option('--env-file <file>').hideHelp());
}

interface FlaggedSetting {
  readonly flag: string;
  readonly isSwitch: boolean;
  readonly doc: string;
}

function flaggedSettings(): FlaggedSetting[] {
  return SETTING_KEYS.flatMap((key) => {
    const { flag, doc, default: byDefault } = settingRow(key);
    if (flag === undefined || flag === 'data') return [];
    const lower = `${doc.slice(0, 1).toLowerCase()}${doc.slice(1).replace(/\.$/, '')}`;
    return [{ flag, isSwitch: typeof byDefault === 'boolean', doc: lower }];
  });
}

/** What the user gave of them, with `--data`. */
export function givenSettings(command: Command, data: string | undefined): Flags {
  const { dotenv, envFile = dotenv, ...options } = command.opts<Flags>();
  const names = new Set(flaggedSettings().map(({ flag }) => camelCase(flag)));
  const given = Object.entries(options).filter(([name]) => names.has(name));
  return {
    ...Object.fromEntries(given),
    ...(envFile === undefined ? {} : { envFile }),
    ...(data === undefined ? {} : { data }),
  };
}

const camelCase = (flag: string): string =>
  flag.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** The same as words for the daemon's own command line. */
export function asArguments(flags: Flags): string[] {
  return Object.entries(flags).flatMap(([name, value]) => {
    const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    if (value === true) return [flag];
    return value === undefined || value === false ? [] : [flag, String(value)];
  });
}
