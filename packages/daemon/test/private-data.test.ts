// What a running daemon keeps is for its owner alone, whatever the umask and the mode of the data
// directory that it was given.

import { chmod, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { startTestDaemon } from './test-daemon.ts';

const ACTORS = fileURLToPath(new URL('./agents/actors.ts', import.meta.url));
/** The number of a process, which everybody can see. */
const PUBLIC = new Set(['lock.pid']);
const TIMEOUT_MS = 30_000;

it(
  'a daemon closes an open data directory and all that it makes in it',
  async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'hive-private-'));
    await chmod(dataDir, 0o755);
    const { client, daemon, stop } = await startTestDaemon({ dataDir });
    try {
      const order = { name: 'one', role: 'worker', tier: 'operational' } as const;
      await client.spawn({ ...order, image: `${ACTORS}#Echo` });
      const entries = ['.', 'logs', 'work', 'cache', ...(await readdir(dataDir))];
      const runtime = dirname(daemon.info.adminSocket);
      const paths = [...entries.map((entry) => join(dataDir, entry)), runtime, dirname(runtime)];
      const modes = await Promise.all(paths.map(async (path) => (await stat(path)).mode & 0o077));
      const open = paths.filter((path, at) => modes[at] !== 0 && !PUBLIC.has(basename(path)));
      expect(open).toEqual([]);
      expect(entries).toContain('journal.db-wal');
    } finally {
      await stop();
      await rm(dataDir, { recursive: true, force: true });
    }
  },
  TIMEOUT_MS,
);
