import { chmod, mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dataDirsOf, prepareDataDirs } from './data-dir.ts';
import type { DataDirs } from './data-dir.ts';

let ground: string;
beforeAll(async () => {
  ground = await mkdtemp(join(tmpdir(), 'hive-dirs-'));
});
afterAll(() => rm(ground, { recursive: true, force: true }));

/** Sockets under the ground, too. */
function dirsOf(name: string): DataDirs {
  const root = join(ground, `${name}-run`);
  const runtime = join(root, 'leaf');
  return { ...dataDirsOf(join(ground, name)), runtimeRoot: root, runtime };
}

const modeOf = async (path: string): Promise<string> =>
  ((await stat(path)).mode & 0o777).toString(8);

/** Whatever others may read, write or enter. */
async function openEntries(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true });
  const modes = await Promise.all(entries.map(async (one) => [one, await modeOf(join(dir, one))]));
  return modes.filter(([, mode]) => !mode?.endsWith('00')).map(([one]) => one ?? '');
}

describe('prepareDataDirs()', () => {
  it('makes all of it for its owner alone', async () => {
    const dirs = dirsOf('new');
    await prepareDataDirs(dirs);
    expect(await modeOf(dirs.data)).toBe('700');
    expect(await openEntries(dirs.data)).toEqual([]);
    expect(await readdir(dirs.data)).toContain('journal.db');
    expect([await modeOf(dirs.runtimeRoot), await modeOf(dirs.runtime)]).toEqual(['700', '700']);
  });

  it('closes one that it finds open, with the files in it', async () => {
    const dirs = dirsOf('old');
    for (const dir of [dirs.data, dirs.logs]) await mkdir(dir, { mode: 0o755 });
    const files = ['journal.db', 'journal.db-wal', 'journal.db-shm', 'lock.db'];
    for (const file of files) await writeFile(join(dirs.data, file), 'x', { mode: 0o644 });
    await chmod(dirs.data, 0o775);
    await prepareDataDirs(dirs);
    expect(await modeOf(dirs.data)).toBe('700');
    expect(await openEntries(dirs.data)).toEqual([]);
    expect((await stat(join(dirs.data, 'journal.db'))).size).toBe(1);
  });

  it.each(['sticky', 'with files of others in it'])(
    'closes only its own in one %s',
    async (how) => {
      const dirs = dirsOf(how.slice(0, 4));
      await mkdir(dirs.data);
      await chmod(dirs.data, how === 'sticky' ? 0o1777 : 0o755);
      if (how !== 'sticky') await writeFile(join(dirs.data, 'index.html'), '', { mode: 0o644 });
      await prepareDataDirs(dirs);
      expect(await modeOf(dirs.data)).toBe(how === 'sticky' ? '777' : '755');
      expect(await openEntries(dirs.data)).toEqual(how === 'sticky' ? [] : ['index.html']);
    },
  );

  it.each(['runtimeRoot', 'runtime'] as const)('refuses a %s that is a link', async (which) => {
    const dirs = dirsOf(`link-${which}`);
    const elsewhere = join(ground, `elsewhere-${which}`);
    await mkdir(elsewhere, { mode: 0o700 });
    if (which === 'runtime') await mkdir(dirs.runtimeRoot, { mode: 0o700 });
    await symlink(elsewhere, dirs[which]);
    await expect(prepareDataDirs(dirs)).rejects.toMatchObject({
      code: 'permission_denied',
      message: expect.stringMatching(/is a symbolic link.*XDG_RUNTIME_DIR/) as string,
    });
    expect(await readdir(elsewhere)).toEqual([]);
  });

  it.each(['runtimeRoot', 'runtime'] as const)(
    'refuses a %s that others may write in, and closes one that they may read',
    async (which) => {
      const dirs = dirsOf(`open-${which}`);
      await mkdir(dirs.runtime, { recursive: true });
      await chmod(dirs[which], 0o755);
      await prepareDataDirs(dirs);
      expect(await modeOf(dirs[which])).toBe('700');
      await chmod(dirs[which], 0o770);
      await expect(prepareDataDirs(dirs)).rejects.toMatchObject({
        code: 'permission_denied',
        message: expect.stringMatching(/others may write in it.*XDG_RUNTIME_DIR/) as string,
      });
    },
  );

  it.runIf(process.getuid?.() === 0)("refuses another user's runtime directory", async () => {
    const { chown } = await import('node:fs/promises');
    const dirs = dirsOf('foreign');
    await mkdir(dirs.runtimeRoot, { mode: 0o700 });
    await chown(dirs.runtimeRoot, 12_345, 12_345);
    await expect(prepareDataDirs(dirs)).rejects.toMatchObject({
      code: 'permission_denied',
      message: expect.stringContaining('it belongs to user 12345') as string,
    });
  });

  it('says what to do where no runtime directory can be made', async () => {
    await writeFile(join(ground, 'plain'), '');
    const dirs = { ...dirsOf('none'), runtimeRoot: join(ground, 'plain', 'x') };
    await expect(prepareDataDirs(dirs)).rejects.toMatchObject({
      message: expect.stringMatching(/cannot be made: ENOTDIR.*XDG_RUNTIME_DIR/) as string,
    });
  });
});
