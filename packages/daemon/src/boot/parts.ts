// The parts of the daemon that take more than one line to make: each function starts one part and
// adds its end to the teardown, so that whatever was started is stopped, in reverse.

import { createRequire } from 'node:module';
import type { link } from '@hivekernel/protocol';
import { createAdminLink } from '../api/admin/admin-link.ts';
import { createGrpcDoor } from '../api/grpc/grpc-door.ts';
import { EventFeed } from '../api/events/event-feed.ts';
import { ProcessBook } from '../api/events/process-book.ts';
import { createHttp, type HttpServer } from '../api/http/http-server.ts';
import type { Config } from '../config/index.ts';
import { JournaledKernel } from '../journal/journaled-kernel.ts';
import { Listeners } from '../journal/listeners.ts';
import { SnapshotFollower } from '../journal/snapshot-follower.ts';
import { SqliteStore } from '../journal/sqlite/sqlite-store.ts';
import type { Discovery } from '../llm/discovery.ts';
import { Gateway } from '../llm/gateway.ts';
import { Runtime } from '../runtime/runtime.ts';
import { VERSION } from '../version.ts';
import type { AccessKeys, KeyHolder } from './access-keys.ts';
import { clearRuntimeDir, type DataDirs } from './data-dir.ts';
import { gatewayPorts } from './gateway-ports.ts';
import type { Teardown } from './teardown.ts';

/** What most parts need. */
export interface Ground {
  readonly config: Config;
  readonly dirs: DataDirs;
  readonly bootId: string;
  readonly log: (line: string) => void;
  readonly teardown: Teardown;
}

export async function openJournal(
  ground: Ground,
  onFatal: (error: Error) => void,
): Promise<{ store: SqliteStore; host: JournaledKernel }> {
  const { config, dirs, teardown, log } = ground;
  const { journal } = config.daemon;
  const space = new Listeners<boolean>();
  const store = await SqliteStore.open({
    dir: dirs.data,
    ballastBytes: journal.ballastBytes,
    commitAppendsMax: journal.commitEventsMax,
    onSpaceChange: (isLow) => {
      log(isLow ? 'disk space is low: growing calls are refused' : 'disk space is back');
      space.tell(isLow);
    },
  });
  teardown.add('store', () => store.close());
  // Another daemon's until here: now the lock is held.
  teardown.add('runtime directory', () => clearRuntimeDir(dirs));
  const host = await JournaledKernel.open({
    store,
    settings: config.kernel,
    chance: { next: Math.random },
    onFatal,
    onFault: (fault) => log(`fault of the kernel: ${stackOf(fault.cause ?? fault)}`),
  });
  space.add((isLow) => host.setStorageLow(isLow));
  host.setStorageLow((await store.stats({ partition: 0 })).isLow);
  teardown.add('kernel', () => host.close());
  return { store, host };
}

const stackOf = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);

/** Snapshots and retention, behind the kernel's back. */
export function openFollower(
  ground: Ground,
  parts: { store: SqliteStore; host: JournaledKernel },
): void {
  const { config, dirs, log, teardown } = ground;
  const { store, host } = parts;
  const { snapshotEveryEvents, snapshotEveryMs, keepMs, keepBytes } = config.daemon.journal;
  const follower = new SnapshotFollower({
    store,
    host,
    dir: dirs.data,
    settings: config.kernel,
    partition: 0,
    epoch: host.lease.epoch,
    everyEvents: snapshotEveryEvents,
    everyMs: snapshotEveryMs,
    keepMs,
    keepBytes,
    onError: (error) => log(`snapshot: ${error.message}`),
  });
  follower.start();
  teardown.add('snapshots', () => follower.stop());
}

export async function openHttp(
  ground: Ground,
  parts: { host: JournaledKernel; keys: AccessKeys; model: Discovery; feed: EventFeed },
): Promise<HttpServer> {
  const { config, log, teardown, bootId } = ground;
  const { host, keys, model, feed } = parts;
  const ports = gatewayPorts({ host, keys, settings: config.kernel, bootId });
  const gateway = new Gateway({ catalog: model.catalog, ports });
  const http = createHttp({
    gateway,
    port: config.daemon.httpPort,
    health: () => ({ status: 'ok', version: VERSION, seq: host.durableSeq }),
    events: { host, feed, holderOf: (key) => kindOf(keys.holderOf(key)) },
    onInternalError: (error) => log(`model endpoint: ${error.message}`),
  });
  await http.start();
  teardown.add('http', () => http.stop());
  teardown.add('gateway', async () => gateway.stop());
  return http;
}

function kindOf(holder: KeyHolder | undefined): 'operator' | 'process' | undefined {
  if (holder === undefined) return undefined;
  return 'operator' in holder ? 'operator' : 'process';
}

export async function openRuntime(
  ground: Ground,
  parts: { host: JournaledKernel; keys: AccessKeys; http: HttpServer },
): Promise<Runtime> {
  const { config, dirs, bootId, log, teardown } = ground;
  const { host, keys, http } = parts;
  const runtime = new Runtime({
    host,
    runtimeDir: dirs.runtime,
    dataDir: dirs.data,
    projectDir: config.files.projectDir,
    nodePath: process.execPath,
    runnerPath: createRequire(import.meta.url).resolve('@hivekernel/sdk/runner'),
    modelEndpoint: {
      url: `${http.url ?? ''}/v1`,
      issueKey: (pid) => keys.issue(pid),
      revokeKey: (pid) => keys.revoke(pid),
    },
    envPass: config.daemon.envPass,
    startTimeoutMs: config.kernel.startTimeoutMs,
    ackTimeoutMs: config.kernel.ackTimeoutMs,
    heartbeatIntervalMs: config.kernel.heartbeatIntervalMs,
    unresponsiveAfterMs: config.kernel.unresponsiveAfterMs,
    termGraceMs: config.kernel.termGraceMs,
    kernelDeathGraceMs: config.daemon.kernelDeathGraceMs,
    kernelVersion: VERSION,
    bootId,
    logger: {
      warn: (fields, message) => log(`${message} ${JSON.stringify(fields)}`),
      error: (fields, message) => log(`${message} ${JSON.stringify(fields)}`),
    },
  });
  await runtime.startService();
  teardown.add('runtime', () => runtime.stopService());
  return runtime;
}

export function openFeed(ground: Ground, host: JournaledKernel): EventFeed {
  const book = new ProcessBook({ host });
  ground.teardown.add('process book', async () => book.close());
  return new EventFeed({ host, book });
}

/** Resolves with the addresses: its Unix socket first. */
export async function openGrpc(
  ground: Ground,
  parts: { host: JournaledKernel; feed: EventFeed; operatorToken: string },
): Promise<readonly string[]> {
  const { config, dirs, bootId, teardown, log } = ground;
  const { listen, trustPidHeader } = config.daemon;
  if (trustPidHeader) {
    log('--trust-pid-header: whoever reaches the TCP port may act as any process');
  }
  const door = createGrpcDoor({
    ...parts,
    listen: [{ kind: 'unix', path: dirs.grpcSocket }, ...listen],
    trustPidHeader,
    bootId,
    termGraceMs: config.kernel.termGraceMs,
  });
  await door.start();
  teardown.add('gRPC', () => door.stop());
  return door.addresses;
}

/** The operator's own socket; the last door to open. */
export async function openAdmin(
  ground: Ground,
  parts: {
    host: JournaledKernel;
    feed: EventFeed;
    status: () => Promise<link.KernelStatus>;
    onStop: (reason: string) => void;
  },
): Promise<void> {
  const { config, dirs, bootId, teardown } = ground;
  const { host, feed, status, onStop } = parts;
  const admin = createAdminLink({
    host,
    feed,
    socketPath: dirs.adminSocket,
    kernelVersion: VERSION,
    bootId,
    termGraceMs: config.kernel.termGraceMs,
    status,
    stopKernel: onStop,
  });
  await admin.start();
  teardown.add('admin link', () => admin.stop());
}
