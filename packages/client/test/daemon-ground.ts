// A real daemon in this process on a temporary data directory, for the tests of the client.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '@hivekernel/client';
import type { HiveClient } from '@hivekernel/client';
import { Daemon, loadConfig } from '@hivekernel/daemon';

export class DaemonGround {
  readonly dir: string;
  readonly dataDir: string;
  readonly #clients: HiveClient[] = [];
  #daemon: Daemon | undefined;

  static async make(): Promise<DaemonGround> {
    return new DaemonGround(await mkdtemp(join(tmpdir(), 'hive-client-')));
  }

  private constructor(dir: string) {
    this.dir = dir;
    this.dataDir = join(dir, 'data');
  }

  async start(): Promise<void> {
    const flags = { data: this.dataDir, 'http-port': '0', listen: '127.0.0.1:0', model: 'sim' };
    const env = { PATH: process.env['PATH'], HOME: this.dir, HIVE_MAID_ENABLED: 'false' };
    const config = await loadConfig({ cwd: this.dir, env, flags });
    this.#daemon = await Daemon.start({ config, log: () => undefined });
  }

  async stop(): Promise<void> {
    await this.#daemon?.stop('the test is over');
    this.#daemon = undefined;
  }

  async connect(): Promise<HiveClient> {
    const client = await connect({ dataDir: this.dataDir, client: 'test' });
    this.#clients.push(client);
    return client;
  }

  /** Writes an agent; returns what a spawn takes. */
  async agent(name: string, source: string): Promise<string> {
    const path = join(this.dir, name);
    await writeFile(path, source);
    return path;
  }

  async end(): Promise<void> {
    for (const client of this.#clients) client.close();
    await this.stop();
    await rm(this.dir, { recursive: true, force: true });
  }
}
