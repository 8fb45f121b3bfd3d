import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_SETTINGS } from '@hivekernel/kernel';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toDaemonSettings, toKernelSettings } from './daemon-settings.ts';
import { loadConfig } from './load.ts';
import { SETTINGS, SETTING_KEYS, envNameOf, settingRow } from './settings-table.ts';
import type { SettingKey, SettingValues } from './settings-table.ts';
import type { OriginKind } from './source.ts';

const SAMPLES: Partial<Record<SettingKey, (n: number) => unknown>> = {
  listen: (n) => [`:${n}`, `unix:///run/${n}.sock`],
  env_pass: (n) => [`NAME_${n}`],
  'models.aliases': (n) => ({ opus: `m/opus-${n}` }),
  providers: (n) => [{ name: `p${n}`, baseUrl: `http://127.0.0.1:${n}`, models: ['m'] }],
  data: (n) => `/var/lib/hive-${n}`,
  // Always above what the interval can be here: the two are checked together.
  'heartbeat.unresponsive_after': (n) => 20_000 + n,
  'restart.jitter': (n) => n / 8,
  'acl.rules': (n) => [`deny user:u${n} spawn`],
  'capabilities.grant': (n) => [`/king/coder-${n} shell_exec`],
  'king.usd': (n) => n * 1_250_000,
};

/** What a number in a file is of is not what is kept of it, or it is no scalar. */
const AS_TEXT: ReadonlySet<SettingKey> = new Set<SettingKey>(['providers', 'king.usd']);

/** The n-th value of a key, n from 1: good, not the default, and mostly another for another n. */
function sample(key: SettingKey, n: number): unknown {
  const special = SAMPLES[key]?.(n);
  if (special !== undefined) return special;
  const { kind, default: initial } = settingRow(key);
  const { range, choices } = kind;
  if (range !== undefined) {
    const base = Math.max(range.min, 1_000 <= range.max - 20 ? 1_000 : range.min);
    return base + n === initial ? base + n + 10 : base + n;
  }
  if (choices !== undefined) {
    const others = choices.filter((one) => one !== initial);
    return others[n % others.length];
  }
  if (typeof initial === 'boolean') return !initial;
  return `name-${n}`;
}

const shown = (key: SettingKey, value: unknown): string => settingRow(key).kind.show(value);

const defaults = Object.fromEntries(
  SETTING_KEYS.map((key) => [key, settingRow(key).default]),
) as SettingValues;

describe('SETTINGS', () => {
  it.each(SETTING_KEYS)('%s has a default that its own kind takes', (key) => {
    const { kind, default: initial } = settingRow(key);
    expect(kind.parse(kind.show(initial))).toEqual({ ok: true, value: initial });
  });

  it.each(SETTING_KEYS)('%s is said in one sentence', (key) => {
    expect(SETTINGS[key].doc).toMatch(/^[A-Z][^\n]*[^.]\.$/);
  });

  it('gives the kernel its own defaults, on a machine that has the memory', () => {
    expect(toKernelSettings(defaults, 64_000 * 1024 ** 2)).toEqual(DEFAULT_SETTINGS);
  });

  it.each([
    { memoryGib: 2, fit: 64 },
    { memoryGib: 8, fit: 128 },
    { memoryGib: 64, fit: 1_024 },
    { memoryGib: 1_024, fit: 5_000 },
  ])('lets $fit processes run in $memoryGib GiB, where nobody says how many', (row) => {
    const memoryBytes = row.memoryGib * 1024 ** 3;
    expect(toKernelSettings(defaults, memoryBytes).osProcessesMax).toBe(row.fit);
    const set = { ...defaults, 'processes.max': 7 };
    expect(toKernelSettings(set, memoryBytes).osProcessesMax).toBe(7);
  });

  it.each(SETTING_KEYS)('%s reaches the kernel or the daemon', (key) => {
    const changed = { ...defaults, [key]: sample(key, 1) };
    const before = [toKernelSettings(defaults), toDaemonSettings(defaults)];
    expect([toKernelSettings(changed), toDaemonSettings(changed)]).not.toEqual(before);
  });

  it('has no key that is also a section, and no variable or flag twice', () => {
    const sections = SETTING_KEYS.filter((key) =>
      SETTING_KEYS.some((other) => other.startsWith(`${key}.`)),
    );
    expect(sections).toEqual([]);
    expect(new Set(SETTING_KEYS.map(envNameOf)).size).toBe(SETTING_KEYS.length);
    const flags = SETTING_KEYS.flatMap((key) => settingRow(key).flag ?? []);
    expect(new Set(flags).size).toBe(flags.length);
  });

  it('keeps every timer within what the runtime can wait', () => {
    const tooLong = SETTING_KEYS.filter((key) => {
      const { kind } = settingRow(key);
      return kind.word === 'duration' && (kind.range?.max ?? 0) > 2 ** 31 - 1;
    });
    expect(tooLong).toEqual(['journal.keep']);
  });
});

/** Lowest first; a source's place here is the number of its sample. */
const SOURCES: readonly OriginKind[] = ['default', 'user_file', 'project_file', 'env', 'flag'];

describe('loadConfig()', () => {
  let dir = '';
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'hive-config-'));
    await mkdir(join(dir, 'xdg', 'hive'), { recursive: true });
  });
  afterAll(async () => {
    await rm(dir, { recursive: true, force: true });
  });

  /** Which sources name which keys. */
  type Plan = Readonly<Record<SettingKey, readonly OriginKind[]>>;

  const namedBy = (plan: Plan, source: OriginKind): SettingKey[] =>
    SETTING_KEYS.filter((key) => plan[key].includes(source));

  function yamlOf(keys: readonly SettingKey[], valueText: (key: SettingKey) => string): string {
    return keys.map((key) => `${key}: ${valueText(key)}\n`).join('');
  }

  async function loadPlan(plan: Plan): ReturnType<typeof loadConfig> {
    const asText = (key: SettingKey, n: number): string => shown(key, sample(key, n));
    const asYaml = (key: SettingKey): string =>
      AS_TEXT.has(key) ? asText(key, 2) : JSON.stringify(sample(key, 2));
    const user = yamlOf(namedBy(plan, 'user_file'), (key) => JSON.stringify(asText(key, 1)));
    await writeFile(join(dir, 'xdg', 'hive', 'config.yaml'), user);
    await writeFile(join(dir, 'hive.yaml'), yamlOf(namedBy(plan, 'project_file'), asYaml));
    const env = namedBy(plan, 'env').map((key) => [envNameOf(key), asText(key, 3)]);
    const flags = namedBy(plan, 'flag').flatMap((key) => {
      const { flag } = settingRow(key);
      return flag === undefined ? [] : [[flag, asText(key, 4)]];
    });
    return loadConfig({
      cwd: dir,
      env: { XDG_CONFIG_HOME: join(dir, 'xdg'), ...(Object.fromEntries(env) as object) },
      flags: Object.fromEntries(flags) as Record<string, string>,
    });
  }

  const plans = fc.record(
    Object.fromEntries(
      SETTING_KEYS.map((key) => {
        const sources = SOURCES.slice(1, settingRow(key).flag === undefined ? -1 : undefined);
        return [key, fc.subarray([...sources])];
      }),
    ) as Record<SettingKey, fc.Arbitrary<OriginKind[]>>,
  );

  it('takes every setting from the highest source that names it, and says which', async () => {
    await fc.assert(
      fc.asyncProperty(plans, async (plan) => {
        const config = await loadPlan(plan);
        for (const key of SETTING_KEYS) {
          const winner = plan[key].at(-1) ?? 'default';
          expect([key, config.origins[key]?.kind]).toEqual([key, winner]);
          if (winner === 'default') continue;
          const value = sample(key, SOURCES.indexOf(winner));
          const whole =
            key === 'models.aliases' ? { ...defaults[key], ...(value as object) } : value;
          expect([key, config.values[key]]).toEqual([key, whole]);
        }
      }),
      { numRuns: 60 },
    );
  });
});
