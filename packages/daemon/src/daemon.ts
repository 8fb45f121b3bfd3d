// hived's boot list: the order of the lines is the order of the start, and a stop is the reverse.
// What each part does is its own business; here is only what is made of what.
//   P12. The daemon is itself a node from boot.
//   DESIGN §4. What an earlier kernel left running is ended before anything new starts.

import { randomUUID } from 'node:crypto';
import { AccessKeys, operatorToken } from './boot/access-keys.ts';
import { dataDirsOf, prepareDataDirs } from './boot/data-dir.ts';
import { discoverModels } from './boot/discover-models.ts';
import { countBuffersWithHeap } from './boot/buffer-memory.ts';
import { drainSwarm } from './boot/drain-swarm.ts';
import { leftovers } from './boot/leftovers.ts';
import { seeToMaid } from './boot/maid.ts';
import {
  openAdmin,
  openFeed,
  openFollower,
  openGrpc,
  openHttp,
  openJournal,
  openRuntime,
  type Ground,
} from './boot/parts.ts';
import { removeRunFile, writeRunFile, type RunInfo } from './boot/run-file.ts';
import { statusOf } from './boot/status.ts';
import { Teardown } from './boot/teardown.ts';
import type { Config } from './config/index.ts';
import type { JournaledKernel } from './journal/journaled-kernel.ts';
import type { Discovery } from './llm/discovery.ts';
import { endRecorded } from './runtime/os/end-recorded.ts';
import { VERSION } from './version.ts';

export interface DaemonOptions {
  readonly config: Config;
  /** Lines for the daemon's own log. */
  readonly log: (line: string) => void;
}

/** Time beyond the grace period for a swarm to end at a stop. */
const DRAIN_EXTRA_MS = 3_000;
const STOP_GRACE_MS = 2_000;

export class Daemon {
  readonly config: Config;
  readonly model: Discovery;
  readonly info: RunInfo;
  /** Resolves when it has stopped, whoever asked; rejects when it had to. */
  readonly ended: Promise<void>;
  readonly #host: JournaledKernel;
  readonly #teardown: Teardown;
  readonly #end = Promise.withResolvers<void>();
  #stopping: Promise<void> | undefined;

  private constructor(parts: Parts) {
    this.config = parts.config;
    this.model = parts.model;
    this.info = parts.info;
    this.#host = parts.host;
    this.#teardown = parts.teardown;
    this.ended = this.#end.promise;
    this.ended.catch(() => undefined);
    void parts.fatal.then((error) => this.#die(error));
    void parts.stopAsked.then((reason) => this.stop(reason));
  }

  /** Throws `KernelError` with what to do: a port in use, a locked or damaged journal, no model. */
  static async start(options: DaemonOptions): Promise<Daemon> {
    const { log } = options;
    countBuffersWithHeap();
    const teardown = new Teardown((step, error) => log(`stop of ${step}: ${String(error)}`));
    try {
      return new Daemon(await boot(options, teardown));
    } catch (error) {
      await teardown.run();
      throw error;
    }
  }

  /** Ends every agent, then everything else, in reverse order of the start. */
  stop(reason: string): Promise<void> {
    this.#stopping ??= this.#stop(reason);
    return this.#stopping;
  }

  async #stop(reason: string): Promise<void> {
    const withinMs = STOP_GRACE_MS + DRAIN_EXTRA_MS;
    await drainSwarm(this.#host, { reason, graceMs: STOP_GRACE_MS, withinMs });
    this.#host.fact({ fact: 'stopped', reason });
    await this.#host.settled();
    await this.#teardown.run();
    this.#end.resolve();
  }

  async #die(error: Error): Promise<void> {
    this.#stopping ??= this.#teardown.run();
    await this.#stopping;
    this.#end.reject(error);
  }
}

interface Parts {
  readonly config: Config;
  readonly teardown: Teardown;
  readonly host: JournaledKernel;
  readonly model: Discovery;
  readonly info: RunInfo;
  /** The journal is lost: nothing that is written now would count. */
  readonly fatal: Promise<Error>;
  /** An operator asked for the end. */
  readonly stopAsked: Promise<string>;
}

async function boot(options: DaemonOptions, teardown: Teardown): Promise<Parts> {
  const { config, log } = options;
  const fatal = Promise.withResolvers<Error>();
  const stopAsked = Promise.withResolvers<string>();
  const dirs = dataDirsOf(config.daemon.dataDir);
  const ground: Ground = { config, dirs, bootId: randomUUID(), log, teardown };
  const model = await discoverModels(config);
  await prepareDataDirs(dirs);
  const { store, host } = await openJournal(ground, fatal.resolve);
  const { left } = await endRecorded(leftovers(host));
  if (left.length > 0) log(`could not end what an earlier kernel left: OS pids ${left.join(', ')}`);
  const token = await operatorToken(dirs.tokenFile);
  const keys = new AccessKeys(token);
  const feed = openFeed(ground, host);
  const http = await openHttp(ground, { host, keys, model, feed });
  const runtime = await openRuntime(ground, { host, keys, http });
  host.start(runtime);
  host.fact({ fact: 'booted', version: VERSION, bootId: ground.bootId });
  await host.settled();
  openFollower(ground, { store, host });
  const grpc = await openGrpc(ground, { host, feed, operatorToken: token });
  const info = runInfoOf(ground, { httpUrl: http.url ?? '', grpc });
  const served = { provider: model.serving.name, simulated: model.serving.kind === 'simulated' };
  const status = () => statusOf({ host, store, run: info, dataDir: dirs.data, model: served });
  await openAdmin(ground, { host, feed, status, onStop: stopAsked.resolve });
  await writeRunFile(dirs.runFile, info);
  teardown.add('run file', () => removeRunFile(dirs.runFile));
  seeToMaid(ground, host);
  const ends = { fatal: fatal.promise, stopAsked: stopAsked.promise };
  return { config, teardown, host, model, info, ...ends };
}

function runInfoOf(
  { config, dirs, bootId }: Ground,
  doors: { httpUrl: string; grpc: readonly string[] },
): RunInfo {
  return {
    osPid: process.pid,
    bootId,
    version: VERSION,
    node: config.kernel.nodeName,
    startedAtMs: Date.now(),
    adminSocket: dirs.adminSocket,
    grpcSocket: dirs.grpcSocket,
    grpcAddress: doors.grpc[1] ?? doors.grpc[0] ?? '',
    httpUrl: doors.httpUrl,
  };
}
