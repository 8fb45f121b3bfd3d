import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RUN_FILE, isOsProcessAlive, readRunFile } from './run-file.ts';

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'hive-run-file-'));
});

afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe('readRunFile()', () => {
  it('reads what the kernel wrote, and fills in what is missing', async () => {
    writeFileSync(join(dir, RUN_FILE), '{"osPid":7,"adminSocket":"/s","version":"0.1.0"}');
    expect(await readRunFile(dir)).toEqual({
      osPid: 7,
      bootId: '',
      adminSocket: '/s',
      httpUrl: '',
      grpcAddress: '',
      version: '0.1.0',
      startedAtMs: 0,
      node: '',
    });
  });

  it.each(['', '{', '[]', 'null', '{"osPid":1}', '{"adminSocket":7}'])(
    'takes %j for no run file',
    async (text) => {
      writeFileSync(join(dir, RUN_FILE), text);
      expect(await readRunFile(dir)).toBeUndefined();
    },
  );

  it('is undefined where there is none', async () => {
    expect(await readRunFile(join(dir, 'nowhere'))).toBeUndefined();
  });
});

describe('isOsProcessAlive()', () => {
  it('knows this process, a dead one, and what is no pid', () => {
    const { pid } = spawnSync(process.execPath, ['-e', '0']);
    expect(isOsProcessAlive(process.pid)).toBe(true);
    expect(isOsProcessAlive(pid)).toBe(false);
    for (const none of [0, -1, 1.5, Number.NaN]) expect(isOsProcessAlive(none)).toBe(false);
  });
});
