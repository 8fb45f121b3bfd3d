import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { parseDotenv } from './dotenv.ts';
import { readYaml } from './yaml-source.ts';
import { GUIDE_PATH, renewGuide, settingsMarkdown } from './settings-guide.ts';
import { SETTING_KEYS } from './settings-table.ts';

const repoFile = (path: string): Promise<string> =>
  readFile(new URL(`../../../../${path}`, import.meta.url), 'utf8');

describe('renewGuide()', () => {
  it('leaves the guide as it is: `npm run docs` renews it', async () => {
    const guide = await repoFile(GUIDE_PATH);
    expect(renewGuide(guide)).toBe(guide);
  });

  it('replaces what is stale, and refuses a guide without its marks', () => {
    const stale = 'a\n<!-- settings:start -->\nold\n<!-- settings:end -->\nz\n';
    const renewed = renewGuide(stale);
    expect(renewed).toContain(settingsMarkdown());
    expect(renewed).not.toContain('old');
    expect(renewed.endsWith('<!-- settings:end -->\nz\n')).toBe(true);
    expect(() => renewGuide('no marks')).toThrow(/lacks/);
  });

  it('has an entry for each setting', () => {
    const markdown = settingsMarkdown();
    for (const key of SETTING_KEYS) expect(markdown).toContain(`#### \`${key}\`\n`);
  });
});

describe('the guide and .env.example', () => {
  it('give an example of hive.yaml that reads', async () => {
    const guide = await repoFile(GUIDE_PATH);
    const example = /```yaml\n(.*?)```/s.exec(guide)?.[1] ?? '';
    const file = { path: '/hive.yaml', shown: 'hive.yaml', text: example } as const;
    const { candidates, problems } = await readYaml({ ...file, kind: 'project_file' });
    expect(problems).toEqual([]);
    expect(candidates.length).toBeGreaterThan(3);
  });

  it('set nothing by themselves, and read when uncommented', async () => {
    const text = await repoFile('.env.example');
    expect(parseDotenv(text)).toEqual({ entries: [], problems: [] });
    const uncommented = text.replaceAll(/^# (?=[A-Z_]+=)/gm, '');
    expect(parseDotenv(uncommented).entries.length).toBeGreaterThan(4);
    expect(parseDotenv(uncommented).problems).toEqual([]);
  });
});
