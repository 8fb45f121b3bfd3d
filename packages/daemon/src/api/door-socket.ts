// Where a door listens: Unix sockets for the operator (mode 0600) and loopback TCP ports.
//   1. A socket file that nobody answers on is left over from a daemon that died: it is replaced.
//      One that somebody answers on, or that is no socket at all, is refused and never touched.
//   2. Both loopback addresses get the same port; a machine without IPv6 does with one.
//   3. Every connection is known here, so that a stop ends them all.

import { unlinkSync } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { createConnection, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { KernelError } from '@hivekernel/kernel';
import type { ListenAddress } from '../config/listen-address.ts';

export interface DoorSocketOptions {
  readonly address: ListenAddress;
  readonly onConnection: (socket: Socket) => void;
  /** What to do when the address is taken: "choose another with --listen". */
  readonly advice: string;
}

const PROBE_TIMEOUT_MS = 1_000;
/** Tries for a free port that is free on both loopback addresses. */
const PORT_TRIES_MAX = 10;
/** Others may neither read nor write the socket. */
const OWNER_ONLY = 0o177;
const NO_SUCH_FAMILY: ReadonlySet<string> = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT']);

/** Listens until `close`. */
export class DoorSocket {
  readonly #options: DoorSocketOptions;
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();
  #port = 0;
  #onSocketGone: (() => void) | undefined;

  private constructor(options: DoorSocketOptions) {
    this.#options = options;
  }

  /** Throws `conflict` when the address is taken, `unavailable` when it cannot be had. */
  static async open(options: DoorSocketOptions): Promise<DoorSocket> {
    const door = new DoorSocket(options);
    const { address } = options;
    try {
      if (address.kind === 'unix') await door.#openUnix(address.path);
      else await door.#openTcp(address);
    } catch (error) {
      await door.close();
      throw error;
    }
    return door;
  }

  get address(): ListenAddress {
    return this.#options.address;
  }

  /** `unix:///path`, or `127.0.0.1:PORT` with the true port. */
  get text(): string {
    const { address } = this.#options;
    if (address.kind === 'unix') return `unix://${address.path}`;
    return hostAndPort(address.hosts[0] ?? '', this.#port);
  }

  /** 0 for a Unix socket. */
  get port(): number {
    return this.#port;
  }

  /** Takes no more connections; those that are there go on until `dropConnections`. */
  stopListening(): void {
    for (const server of this.#servers) server.close();
  }

  dropConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Resolves when no connection is left, or the signal aborts. */
  drained(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const settle = (): void => {
        if (this.#sockets.size > 0 && !signal.aborted) return;
        this.#onSocketGone = undefined;
        signal.removeEventListener('abort', settle);
        resolve();
      };
      this.#onSocketGone = settle;
      signal.addEventListener('abort', settle);
      settle();
    });
  }

  /** Resolves when the address is free again. */
  async close(): Promise<void> {
    const closed = this.#servers
      .filter((server) => server.listening)
      .map((server) => new Promise((resolve) => server.once('close', resolve)));
    this.stopListening();
    this.dropConnections();
    await Promise.all(closed);
  }

  async #openUnix(path: string): Promise<void> {
    try {
      await this.#listen({ path });
    } catch (error) {
      if (codeOf(error) !== 'EADDRINUSE') throw this.#cannotListen(error, `unix://${path}`);
      if (!(await isLeftOver(path))) throw this.#taken(`unix://${path}`, error);
      unlinkSync(path);
      await this.#listen({ path }).catch((again: unknown) => {
        throw this.#cannotListen(again, `unix://${path}`);
      });
    }
  }

  async #openTcp(address: { hosts: readonly string[]; port: number }): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      const taken = await this.#openHosts(address);
      if (taken === undefined) return;
      if (address.port !== 0 || tries === PORT_TRIES_MAX) throw taken;
      await this.close();
      this.#servers.length = 0;
      this.#port = 0;
    }
  }

  /** Undefined when all is well; the refusal when the port of the first is taken on another. */
  async #openHosts(address: {
    hosts: readonly string[];
    port: number;
  }): Promise<KernelError | undefined> {
    for (const [i, host] of address.hosts.entries()) {
      const port = this.#port === 0 ? address.port : this.#port;
      try {
        const server = await this.#listen({ host, port, ipv6Only: host.includes(':') });
        this.#port = (server.address() as AddressInfo).port;
      } catch (error) {
        const where = hostAndPort(host, port);
        const isSpare = i > 0 && NO_SUCH_FAMILY.has(codeOf(error));
        if (isSpare) continue;
        if (codeOf(error) !== 'EADDRINUSE') throw this.#cannotListen(error, where);
        return this.#taken(where, error);
      }
    }
    return undefined;
  }

  #listen(how: {
    path?: string;
    host?: string;
    port?: number;
    ipv6Only?: boolean;
  }): Promise<Server> {
    const server = createServer((socket) => this.#onConnection(socket));
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      const listening = (): void => {
        server.off('error', reject);
        // A listener may fail later (too many open files): the door lives on.
        server.on('error', () => undefined);
        this.#servers.push(server);
        resolve(server);
      };
      // The file is made within `listen`, so it is never there with another mode.
      const mask = how.path === undefined ? undefined : process.umask(OWNER_ONLY);
      try {
        server.listen(how, listening);
      } finally {
        if (mask !== undefined) process.umask(mask);
      }
    });
  }

  #onConnection(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.#onSocketGone?.();
    });
    // Whoever takes it listens too; an error before that must not end the daemon.
    socket.on('error', () => undefined);
    socket.setNoDelay(true);
    this.#options.onConnection(socket);
  }

  #taken(where: string, cause: unknown): KernelError {
    return new KernelError(
      'conflict',
      `${where} is in use by another program: ${this.#options.advice}.`,
      { cause, details: { address: where } },
    );
  }

  #cannotListen(cause: unknown, where: string): KernelError {
    const why = codeOf(cause) === '' ? String(cause) : codeOf(cause);
    return new KernelError(
      'unavailable',
      `${where} cannot be listened on (${why}): ${this.#options.advice}.`,
      { cause, details: { address: where } },
    );
  }
}

const hostAndPort = (host: string, port: number): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : '';

/** A socket file behind which nobody listens. */
async function isLeftOver(path: string): Promise<boolean> {
  const isSocket = await lstat(path).then(
    (stat) => stat.isSocket(),
    () => false,
  );
  if (!isSocket) return false;
  const probe = createConnection({ path, timeout: PROBE_TIMEOUT_MS });
  return new Promise((resolve) => {
    const settle = (isDead: boolean): void => {
      probe.destroy();
      resolve(isDead);
    };
    probe.once('connect', () => settle(false));
    probe.once('timeout', () => settle(false));
    probe.once('error', (error) => settle(codeOf(error) === 'ECONNREFUSED'));
  });
}
