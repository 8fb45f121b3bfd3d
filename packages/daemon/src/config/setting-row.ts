// What a row of the settings table is, and the spans of time and size that rows are written in.
// Not the rows: those are in settings-table.ts and supervision-rows.ts.

import type { Kind } from './value-kinds.ts';

export interface SettingRow<V> {
  readonly kind: Kind<V>;
  readonly default: V;
  /** Command-line flag without its dashes, where there is one. */
  readonly flag?: string;
  /** The letter of the semantics or the decision that asks for it. */
  readonly rule?: string;
  /** One sentence for people. */
  readonly doc: string;
}

export const row = <V>(setting: SettingRow<V>): SettingRow<V> => setting;

export const MIB = 1024 ** 2;
export const GIB = 1024 ** 3;
export const SECOND_MS = 1_000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;
/** What one timer of the runtime can wait: under 2^31 ms. */
export const TIMER_MS_MAX = 24 * DAY_MS;
