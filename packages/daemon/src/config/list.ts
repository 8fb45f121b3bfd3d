// Rows for `hive config ls`: every setting in the table's order, maps entry by entry, then the
// provider keys, masked. Data only; the command line lays it out.

import type { Config } from './load.ts';
import { SETTING_KEYS, settingRow } from './settings-table.ts';
import type { SettingKey } from './settings-table.ts';
import type { Origin, OriginKind } from './source.ts';

export interface ConfigListRow {
  readonly key: string;
  /** As it can be written in hive.yaml or a variable; a key is masked, with where it came from. */
  readonly value: string;
  readonly origin?: string;
  readonly originKind?: OriginKind;
}

/** `origin` and `originKind` are there with `showOrigin`. */
export function listConfig(
  config: Config,
  { showOrigin = false }: { showOrigin?: boolean } = {},
): readonly ConfigListRow[] {
  const rows = SETTING_KEYS.flatMap((key) => rowsOf(config, key));
  return [...rows, ...secretRows(config)].map(({ key, value, origin }) =>
    showOrigin && origin !== undefined
      ? { key, value, origin: origin.where, originKind: origin.kind }
      : { key, value },
  );
}

interface PlainRow {
  readonly key: string;
  readonly value: string;
  readonly origin?: Origin | undefined;
}

function rowsOf(config: Config, key: SettingKey): PlainRow[] {
  const { kind } = settingRow(key);
  const value: unknown = config.values[key];
  if (kind.isMerged !== true) {
    return [{ key, value: kind.show(value), origin: config.origins[key] }];
  }
  return Object.entries(value as Readonly<Record<string, string>>).map(([name, entry]) => ({
    key: `${key}.${name}`,
    value: entry,
    origin: config.origins[`${key}.${name}`],
  }));
}

const secretRows = (config: Config): PlainRow[] =>
  config.secrets.map(({ name, shown, where }) => ({
    key: `env.${name}`,
    value: shown === undefined ? 'not set' : `${shown} (${where})`,
    origin: where === undefined ? { kind: 'default', where: 'default' } : { kind: 'env', where },
  }));
