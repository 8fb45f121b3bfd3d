// What a source of settings hands over: a raw value for a key, and where it stands.
// Sources: YAML files, the environment and flags. Nothing is validated here.
//   Lowest first: default, user file, project file, environment, flag.

import type { SettingKey } from './settings-table.ts';

export type OriginKind = 'default' | 'user_file' | 'project_file' | 'env' | 'flag';

export interface Origin {
  readonly kind: OriginKind;
  /** `hive.yaml:3:5`, `HIVE_MODEL`, `HIVE_MODEL (.env:2)`, `--model`, `default`. */
  readonly where: string;
}

export interface Candidate {
  readonly key: SettingKey;
  readonly raw: unknown;
  readonly origin: Origin;
  /** A relative path in the value starts here. */
  readonly baseDir: string;
  /** The place of a part of the value, as near as the source knows it. */
  readonly whereOf: (path: readonly (string | number)[]) => string;
}
