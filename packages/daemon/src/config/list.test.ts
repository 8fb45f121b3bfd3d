import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listConfig } from './list.ts';
import type { ConfigListRow } from './list.ts';
import { loadConfig } from './load.ts';
import type { Config } from './load.ts';
import { maskSecret } from './secrets.ts';
import { SETTING_KEYS } from './settings-table.ts';

let dir = '';
let config: Config;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hive-config-'));
  await writeFile(join(dir, 'hive.yaml'), 'models:\n  aliases: {zeta: z/z}\nsim.seed: 7\n');
  config = await loadConfig({
    cwd: dir,
    env: { HOME: dir, OPENROUTER_API_KEY: 'sk-or-v1-0123456789abcf3a', HIVE_JOURNAL_KEEP: '48h' },
    flags: { model: 'sonnet' },
  });
});
afterAll(async () => {
  await rm(dir, { recursive: true, force: true });
});

const find = (rows: readonly ConfigListRow[], key: string): ConfigListRow | undefined =>
  rows.find((row) => row.key === key);

describe('listConfig()', () => {
  it('has every setting in the order of the table, maps by entry, then the keys', () => {
    const keys = listConfig(config).map(({ key }) => key);
    const expected = SETTING_KEYS.flatMap((key) =>
      key === 'models.aliases'
        ? ['opus', 'sonnet', 'mini', 'haiku', 'zeta'].map((name) => `${key}.${name}`)
        : [key],
    );
    expect(keys).toEqual([...expected, 'env.OPENROUTER_API_KEY', 'env.OPENAI_API_KEY']);
  });

  it('shows where each value came from, when asked', () => {
    const rows = listConfig(config, { showOrigin: true });
    expect(find(rows, 'models.aliases.zeta')?.origin).toBe('hive.yaml:2:19');
    expect(find(rows, 'sim.seed')).toMatchObject({ value: '7', originKind: 'project_file' });
    expect(find(rows, 'model')).toMatchObject({ value: 'sonnet', origin: '--model' });
    expect(find(rows, 'journal.keep')).toMatchObject({ value: '2d', origin: 'HIVE_JOURNAL_KEEP' });
    expect(find(rows, 'signals.term_grace')).toMatchObject({ value: '5s', origin: 'default' });
    expect(find(listConfig(config), 'model')).toEqual({ key: 'model', value: 'sonnet' });
  });

  it('masks keys and says which variable holds them', () => {
    const rows = listConfig(config, { showOrigin: true });
    expect(find(rows, 'env.OPENROUTER_API_KEY')?.value).toBe('sk-…f3a (env OPENROUTER_API_KEY)');
    expect(find(rows, 'env.OPENAI_API_KEY')?.value).toBe('not set');
    expect(JSON.stringify(rows)).not.toContain('0123456789');
  });
});

describe('maskSecret()', () => {
  it('shows nothing of a short one', () => {
    expect(maskSecret('sk-12345')).toBe('…');
  });
});
