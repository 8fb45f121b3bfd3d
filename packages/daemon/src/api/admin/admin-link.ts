// The admin link: the operator's Unix socket, on which `hive` and the pages speak the agent link's
// protocol. Whoever may open the socket (mode 0600) is the operator and may act for any process.
//   1. One session a connection, many at once; none outlives its connection.
//   2. Slow readers wait: the session's windows hold their calls and streams, nobody else's.
//   3. A client that vanishes gives up its waits and streams; tasks that it started go on.
//   4. A stop tells every client `unavailable` and ends within its deadline.

import type { Socket } from 'node:net';
import { readHello, socketStream } from '@hivekernel/protocol/link';
import type { PendingLink } from '@hivekernel/protocol/link';
import type { link } from '@hivekernel/protocol';
import type { Host } from '../../journal/host.ts';
import { DoorSocket } from '../door-socket.ts';
import type { EventFeed } from '../events/event-feed.ts';
import { ServiceState } from '../service-state.ts';
import { AdminSession } from './admin-session.ts';

export interface AdminLinkOptions {
  readonly host: Host;
  readonly feed: EventFeed;
  /** At most 107 bytes. */
  readonly socketPath: string;
  readonly kernelVersion: string;
  /** Differs at each boot. */
  readonly bootId: string;
  /** For a kill that names no grace period. */
  readonly termGraceMs: number;
  readonly status: () => link.KernelStatus | Promise<link.KernelStatus>;
  /** Begins the end of the daemon; returns at once. The caller was told before. */
  readonly stopKernel: (reason: string) => void;
}

export interface AdminLink {
  /** Throws `conflict` when another daemon has the socket. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

const ADMIN_LIMITS = {
  /** Clients at once; further ones are told to try later. */
  clientsMax: 1_000,
  helloTimeoutMs: 10_000,
  /** From the last word to every client to the end of its connection. */
  stopGraceMs: 1_000,
} as const;

const ADVICE = 'stop the daemon that has it (hive down), or choose another data directory (--data)';

export function createAdminLink(options: AdminLinkOptions): AdminLink {
  return new AdminDoor(options);
}

class AdminDoor implements AdminLink {
  readonly #options: AdminLinkOptions;
  readonly #state = new ServiceState('The admin link');
  readonly #stopping = new AbortController();
  readonly #sessions = new Set<AdminSession>();
  #door: DoorSocket | undefined;
  #clients = 0;

  constructor(options: AdminLinkOptions) {
    this.#options = options;
  }

  start(): Promise<void> {
    return this.#state.start(async () => {
      this.#door = await DoorSocket.open({
        address: { kind: 'unix', path: this.#options.socketPath },
        onConnection: (socket) => void this.#greet(socket),
        advice: ADVICE,
      });
    });
  }

  stop(): Promise<void> {
    return this.#state.stop(async () => {
      this.#stopping.abort();
      this.#door?.stopListening();
      for (const session of this.#sessions) session.close(STOPPING);
      await this.#allGone();
      await this.#door?.close();
    });
  }

  /** Never rejects: a client that says no Hello only loses its connection. */
  async #greet(socket: Socket): Promise<void> {
    const stream = socketStream(socket);
    const deadline = AbortSignal.timeout(ADMIN_LIMITS.helloTimeoutMs);
    const signal = AbortSignal.any([deadline, this.#stopping.signal]);
    const pending = await readHello(stream, { signal }).catch(() => undefined);
    if (pending === undefined) return;
    if (this.#state.isStopping) pending.refuse(STOPPING);
    else if (pending.hello.pid !== 0) pending.refuse(notTheOperator(pending.hello.pid));
    else if (this.#sessions.size >= ADMIN_LIMITS.clientsMax) pending.refuse(TOO_MANY);
    else this.#open(pending);
  }

  #open(pending: PendingLink): void {
    const { host, feed, termGraceMs, status, stopKernel, kernelVersion, bootId } = this.#options;
    this.#clients += 1;
    const session = new AdminSession({
      host,
      feed,
      termGraceMs,
      status,
      stopKernel,
      channel: `admin:${bootId}:${this.#clients}`,
      onEnd: () => void this.#sessions.delete(session),
    });
    this.#sessions.add(session);
    session.attach(pending, { kernelVersion, bootId, resumeSecret: '' });
  }

  /** Every connection has ended, or the grace is over. */
  async #allGone(): Promise<void> {
    const door = this.#door;
    if (door === undefined) return;
    await door.drained(AbortSignal.timeout(ADMIN_LIMITS.stopGraceMs));
  }
}

const STOPPING: link.CallError = {
  code: 'unavailable',
  message: 'The kernel is stopping.',
  details: {},
};

const TOO_MANY: link.CallError = {
  code: 'limit_exceeded',
  message: `${ADMIN_LIMITS.clientsMax} clients are connected already; try again later.`,
  details: {},
};

const notTheOperator = (pid: number): link.CallError => ({
  code: 'permission_denied',
  message: `denied: this is the operator's socket; process ${pid} has one of its own.`,
  details: {},
});
