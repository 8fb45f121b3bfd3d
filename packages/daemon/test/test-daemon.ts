// A real daemon for tests of the whole: its own data directory, free ports, the simulated model
// without latency, agents as real OS processes. Everything it started is gone when `stop` resolves.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type HiveClient } from '@hivekernel/client';
import { Daemon, loadConfig, type Flags } from '@hivekernel/daemon';
import { shareCompileCache } from '@hivekernel/testkit/compile-cache';

export interface TestDaemonOptions {
  /** Default: a new one, removed at `stop`. */
  readonly dataDir?: string;
  /** Of hive.yaml, by flag. */
  readonly flags?: Flags;
  /** Instead of the environment of the test: `HIVE_*` settings, provider keys. */
  readonly env?: Readonly<Record<string, string>>;
  /** Images `./file.ts#Export` are resolved against it. */
  readonly projectDir?: string;
}

export interface TestDaemon {
  readonly daemon: Daemon;
  readonly client: HiveClient;
  readonly dataDir: string;
  readonly lines: readonly string[];
  stop(): Promise<void>;
}

export async function startTestDaemon(options: TestDaemonOptions = {}): Promise<TestDaemon> {
  const own = options.dataDir === undefined;
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'hive-test-')));
  shareCompileCache(dataDir);
  const lines: string[] = [];
  const config = await loadConfig({
    cwd: options.projectDir ?? dataDir,
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: dataDir,
      HIVE_MODELS_LOCAL_PROBE: 'false',
      HIVE_SIM_LATENCY: '0',
      HIVE_JOURNAL_BALLAST: '0',
      HIVE_MAID_ENABLED: 'false',
      ...options.env,
    },
    flags: { data: dataDir, listen: ['127.0.0.1:0'], httpPort: 0, ...options.flags },
  });
  const removeOwn = async (): Promise<void> => {
    if (own) await rm(dataDir, { recursive: true, force: true });
  };
  try {
    const daemon = await Daemon.start({ config, log: (line) => lines.push(line) });
    const client = await connect({ dataDir });
    const stop = async (): Promise<void> => {
      client.close();
      await daemon.stop('test');
      await removeOwn();
    };
    return { daemon, client, dataDir, lines, stop };
  } catch (error) {
    await removeOwn();
    throw error;
  }
}
