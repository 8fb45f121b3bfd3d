// Settings from the environment (HIVE_*) and from flags. Empty text counts as not set.
//   The process environment comes before .env, which never overrides what is set.

import { nearest } from './nearest.ts';
import { OTHER_ENV_NAMES, SETTING_KEYS, envNameOf, settingRow } from './settings-table.ts';
import type { SettingKey } from './settings-table.ts';
import type { Candidate } from './source.ts';

const PREFIX = 'HIVE_';

export interface EnvValue {
  readonly value: string;
  /** `HIVE_MODEL`, or `HIVE_MODEL (.env:2)`. */
  readonly where: string;
  readonly baseDir: string;
}

const KEY_BY_ENV_NAME: ReadonlyMap<string, SettingKey> = new Map(
  SETTING_KEYS.map((key) => [envNameOf(key), key]),
);

export function envCandidates(env: ReadonlyMap<string, EnvValue>): Candidate[] {
  const candidates: Candidate[] = [];
  for (const [name, key] of KEY_BY_ENV_NAME) {
    const entry = env.get(name);
    if (entry === undefined || entry.value === '') continue;
    const { value: raw, where, baseDir } = entry;
    candidates.push({ key, raw, origin: { kind: 'env', where }, baseDir, whereOf: () => where });
  }
  return candidates;
}

/** A sentence for each HIVE_* that nothing reads: most likely a misspelt one. */
export function unknownEnvWarnings(env: ReadonlyMap<string, EnvValue>): string[] {
  const known = [...KEY_BY_ENV_NAME.keys(), ...OTHER_ENV_NAMES];
  return [...env.entries()]
    .filter(([name]) => name.startsWith(PREFIX) && !known.includes(name))
    .map(([name, { where }]) => {
      const match = nearest(name, known);
      const hint = match === undefined ? '' : `; did you mean ${match}?`;
      return `${where} is not a setting and is ignored${hint}`;
    });
}

export type FlagValue = string | number | boolean | readonly string[] | undefined;
/** By name without dashes, kebab-case or camelCase. Flags that are no settings are passed over. */
export type Flags = Readonly<Record<string, FlagValue>>;

export function flagValue(flags: Flags, flag: string): FlagValue {
  const camelCase = flag.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return flags[flag] ?? flags[camelCase];
}

export function flagCandidates(flags: Flags, baseDir: string): Candidate[] {
  const candidates: Candidate[] = [];
  for (const key of SETTING_KEYS) {
    const { flag } = settingRow(key);
    const raw = flag === undefined ? undefined : flagValue(flags, flag);
    if (raw === undefined) continue;
    const where = `--${flag}`;
    candidates.push({ key, raw, origin: { kind: 'flag', where }, baseDir, whereOf: () => where });
  }
  return candidates;
}
