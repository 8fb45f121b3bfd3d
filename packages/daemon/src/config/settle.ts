// Decides every setting: parses each candidate, lets the highest source win, checks what several
// settings must keep together. Pure: it reads no file and no environment.
//   Candidates come lowest source first. A key without a good candidate has its default.

import { join, resolve } from 'node:path';
import type { ConfigProblem } from './problem.ts';
import { SETTING_KEYS, settingRow } from './settings-table.ts';
import type { SettingKey, SettingRow, SettingValues } from './settings-table.ts';
import type { Candidate, Origin } from './source.ts';
import { showDuration } from './value-kinds.ts';

export interface SettleRequest {
  readonly candidates: readonly Candidate[];
  /** Default paths start here. */
  readonly projectDir: string;
  readonly homeDir: string;
}

export interface Settled {
  readonly values: SettingValues;
  readonly origins: Readonly<Record<string, Origin>>;
  readonly problems: readonly ConfigProblem[];
  readonly warnings: readonly string[];
}

const DEFAULT_ORIGIN: Origin = { kind: 'default', where: 'default' };

export function settle(request: SettleRequest): Settled {
  const values: Partial<Record<SettingKey, unknown>> = {};
  const origins: Record<string, Origin> = {};
  const problems: ConfigProblem[] = [];
  for (const key of SETTING_KEYS) {
    const candidates = request.candidates.filter((one) => one.key === key);
    values[key] = settleOne({ key, candidates, origins, problems, request });
  }
  // Every key was just set to what its own kind parsed, or to its default.
  const all = values as SettingValues;
  problems.push(...checkTogether(all, origins));
  return { values: all, origins, problems, warnings: warningsFor(all, origins) };
}

interface OneSetting {
  readonly key: SettingKey;
  readonly candidates: readonly Candidate[];
  readonly origins: Record<string, Origin>;
  readonly problems: ConfigProblem[];
  readonly request: SettleRequest;
}

function settleOne({ key, candidates, origins, problems, request }: OneSetting): unknown {
  const row = settingRow(key);
  let value = located({ row, value: row.default, baseDir: request.projectDir, request });
  origins[key] = DEFAULT_ORIGIN;
  if (row.kind.isMerged) noteEntries({ key, value, originOf: () => DEFAULT_ORIGIN, origins });
  for (const candidate of candidates) {
    const parsed = row.kind.parse(candidate.raw);
    if (!parsed.ok) {
      problems.push(...parsed.problems.map(({ path, what }) => describe(candidate, path, what)));
      continue;
    }
    const next = located({ row, value: parsed.value, baseDir: candidate.baseDir, request });
    origins[key] = candidate.origin;
    if (row.kind.isMerged) {
      const originOf = (name: string): Origin => ({
        kind: candidate.origin.kind,
        where: candidate.whereOf([name]),
      });
      noteEntries({ key, value: next, originOf, origins });
      value = { ...(value as object), ...(next as object) };
    } else {
      value = next;
    }
  }
  return value;
}

function describe(
  candidate: Candidate,
  path: readonly (string | number)[],
  what: string,
): ConfigProblem {
  const { kind } = settingRow(candidate.key);
  const key = candidate.key + path.map(pathStep).join('');
  return { where: candidate.whereOf(path), key, what, allowed: kind.allowed };
}

const pathStep = (step: string | number): string =>
  typeof step === 'number' ? `[${step}]` : `.${step}`;

function noteEntries(entries: {
  readonly key: SettingKey;
  readonly value: unknown;
  readonly originOf: (name: string) => Origin;
  readonly origins: Record<string, Origin>;
}): void {
  for (const name of Object.keys(entries.value as object)) {
    entries.origins[`${entries.key}.${name}`] = entries.originOf(name);
  }
}

function located(place: {
  readonly row: SettingRow<unknown>;
  readonly value: unknown;
  readonly baseDir: string;
  readonly request: SettleRequest;
}): unknown {
  const { row, value, baseDir, request } = place;
  if (row.kind.isPath !== true || typeof value !== 'string') return value;
  if (value === '~' || value.startsWith('~/')) return join(request.homeDir, value.slice(1));
  return resolve(baseDir, value);
}

function checkTogether(
  values: SettingValues,
  origins: Readonly<Record<string, Origin>>,
): ConfigProblem[] {
  const intervalMs = values['heartbeat.interval'];
  const afterMs = values['heartbeat.unresponsive_after'];
  if (afterMs >= intervalMs) return [];
  const isDefault = origins['heartbeat.unresponsive_after']?.kind === 'default';
  const key = isDefault ? 'heartbeat.interval' : 'heartbeat.unresponsive_after';
  return [
    {
      where: origins[key]?.where ?? key,
      key,
      what:
        `an agent would be unresponsive (after ${showDuration(afterMs)}) ` +
        `before it is asked (every ${showDuration(intervalMs)})`,
      allowed: 'heartbeat.unresponsive_after at least heartbeat.interval',
    },
  ];
}

const LOOPBACK_HOST = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/;

function warningsFor(values: SettingValues, origins: Readonly<Record<string, Origin>>): string[] {
  const where = origins['providers']?.where ?? 'providers';
  const warnings = values.providers
    .filter(({ apiKeyEnv, baseUrl }) => {
      if (baseUrl === undefined) return false;
      const url = new URL(baseUrl);
      return (
        apiKeyEnv !== undefined && url.protocol === 'http:' && !LOOPBACK_HOST.test(url.hostname)
      );
    })
    .map(({ name }) => `${where}: the key of provider ${name} goes over plain http`);
  if (values.trust_pid_header) {
    const by = origins['trust_pid_header']?.where ?? '';
    warnings.push(`trust_pid_header is on (${by}): any local program may act as any process`);
  }
  return warnings;
}
