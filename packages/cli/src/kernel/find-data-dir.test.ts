import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '@hivekernel/daemon/config';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findDataDir } from './find-data-dir.ts';
import type { Surroundings } from './find-data-dir.ts';

let root: string;
let cwd: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'hive-data-'));
  cwd = join(root, 'project/inside');
  mkdirSync(cwd, { recursive: true });
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Both answers: ours, and what the whole configuration says. */
async function answers(asked: Partial<Surroundings>): Promise<readonly [string, string]> {
  const place = { cwd, env: { HOME: root, ...asked.env }, flag: asked.flag };
  const flags = place.flag === undefined ? {} : { data: place.flag };
  const config = await loadConfig({ cwd, env: place.env, flags });
  return [await findDataDir(place), config.daemon.dataDir];
}

describe('findDataDir()', () => {
  it.each<{ name: string; asked: Partial<Surroundings>; files?: Record<string, string> }>([
    { name: 'nothing', asked: {} },
    { name: '--data', asked: { flag: 'there' } },
    { name: '--data over HIVE_DATA', asked: { flag: '/abs', env: { HIVE_DATA: 'env' } } },
    { name: 'HIVE_DATA', asked: { env: { HIVE_DATA: 'env' } } },
    { name: 'HIVE_DATA with ~', asked: { env: { HIVE_DATA: '~/env' } } },
    { name: 'hive.yaml above', asked: {}, files: { 'project/hive.yaml': 'data: kept\n' } },
    { name: 'hive.yaml without data', asked: {}, files: { 'project/hive.yaml': 'node: n\n' } },
    { name: '.env', asked: {}, files: { 'project/inside/.env': 'HIVE_DATA=dotenv\n' } },
    { name: "the user's file", asked: {}, files: { '.config/hive/config.yaml': 'data: mine\n' } },
    {
      name: '--data over hive.yaml',
      asked: { flag: 'flag' },
      files: { 'project/hive.yaml': 'data: kept\n' },
    },
  ])('says what the configuration says: $name', async ({ asked, files = {} }) => {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(join(root, name, '..'), { recursive: true });
      writeFileSync(join(root, name), text);
    }
    const [ours, whole] = await answers(asked);
    expect(ours).toBe(whole);
  });
});
