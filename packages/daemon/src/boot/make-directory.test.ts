import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeDirectory } from './make-directory.ts';

let ground: string;
beforeAll(async () => {
  ground = await mkdtemp(join(tmpdir(), 'hive-make-'));
});
afterAll(() => rm(ground, { recursive: true, force: true }));

describe('makeDirectory()', () => {
  it('makes what is missing above, with the mode, and takes what is there', async () => {
    const path = join(ground, 'a', 'b', 'c');
    await makeDirectory(path, 0o700);
    await makeDirectory(path);
    const { mode } = await stat(join(ground, 'a'));
    expect(mode & 0o777).toBe(0o700);
    expect((await stat(path)).isDirectory()).toBe(true);
  });

  it('makes one once, however many make it', async () => {
    const path = join(ground, 'x', 'y', 'z');
    await Promise.all(Array.from({ length: 10 }, () => makeDirectory(path)));
    expect((await stat(path)).isDirectory()).toBe(true);
  });

  it('refuses a file in the way', async () => {
    await writeFile(join(ground, 'file'), '');
    await expect(makeDirectory(join(ground, 'file'))).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(makeDirectory(join(ground, 'file', 'a'))).rejects.toMatchObject({
      code: 'ENOTDIR',
    });
  });

  it('ends where a directory takes no others, as /proc', async () => {
    await expect(makeDirectory('/proc/hive/data')).rejects.toThrow(/mkdir/);
  });
});
