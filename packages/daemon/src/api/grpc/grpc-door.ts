// The gRPC door: CoreService and ControlService for programs in any language, on Unix sockets (the
// operator's, mode 0600) and on loopback TCP (with the operator's token, or `--trust-pid-header`).
//   A stop refuses new calls, lets those under way end within its deadline, and cuts off the rest.
// Not what a call means: api/wire translates, for this door as for the others.

import type { Socket } from 'node:net';
import type { ListenAddress } from '../../config/listen-address.ts';
import type { Host } from '../../journal/host.ts';
import { DoorSocket } from '../door-socket.ts';
import type { EventFeed } from '../events/event-feed.ts';
import { ServiceState } from '../service-state.ts';
import { GrpcServer } from './grpc-server.ts';
import type { ChannelPolicy } from './identity.ts';
import { UnaryCalls } from './unary-calls.ts';

export interface GrpcDoorOptions {
  readonly host: Host;
  readonly feed: EventFeed;
  readonly listen: readonly ListenAddress[];
  readonly operatorToken: string;
  readonly trustPidHeader: boolean;
  /** Differs at each boot. */
  readonly bootId: string;
  /** For a kill that names no grace period. */
  readonly termGraceMs: number;
}

export interface GrpcDoor {
  /** Throws `conflict` when an address is taken, `unavailable` when it cannot be had. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Once started: `unix:///path` and `127.0.0.1:PORT`, in the order of `listen`. */
  readonly addresses: readonly string[];
}

/** For calls under way when the door stops. */
const STOP_GRACE_MS = 2_000;

export function createGrpcDoor(options: GrpcDoorOptions): GrpcDoor {
  return new GrpcListeners(options);
}

class GrpcListeners implements GrpcDoor {
  readonly #options: GrpcDoorOptions;
  readonly #state = new ServiceState('The gRPC door');
  readonly #stopping = new AbortController();
  readonly #calls: UnaryCalls;
  #servers: GrpcServer[] = [];
  #doors: DoorSocket[] = [];
  #lastCallId = 0;

  constructor(options: GrpcDoorOptions) {
    this.#options = options;
    const { host, termGraceMs, bootId } = options;
    const nextCallId = (): number => (this.#lastCallId += 1);
    this.#calls = new UnaryCalls({ host, termGraceMs, channel: `grpc:${bootId}`, nextCallId });
  }

  get addresses(): readonly string[] {
    return this.#doors.map((door) => door.text);
  }

  start(): Promise<void> {
    return this.#state.start(async () => {
      try {
        await this.#open();
      } catch (error) {
        await this.#close();
        throw error;
      }
    });
  }

  stop(): Promise<void> {
    return this.#state.stop(() => this.#close());
  }

  async #open(): Promise<void> {
    const { listen } = this.#options;
    for (const kind of ['unix', 'tcp'] as const) {
      const addresses = listen.filter((address) => address.kind === kind);
      if (addresses.length > 0) await this.#openKind(kind, addresses);
    }
    this.#doors.sort((a, b) => listen.indexOf(a.address) - listen.indexOf(b.address));
  }

  async #openKind(kind: 'unix' | 'tcp', addresses: readonly ListenAddress[]): Promise<void> {
    const { host, feed, operatorToken, trustPidHeader } = this.#options;
    const policy: ChannelPolicy = {
      kind: kind === 'unix' ? 'operator' : 'token',
      operatorToken,
      trustPidHeader,
    };
    const stopping = this.#stopping.signal;
    const calls = this.#calls;
    const server = await GrpcServer.create({ host, feed, calls, policy, stopping });
    this.#servers.push(server);
    const onConnection = (socket: Socket): void => server.take(socket);
    for (const address of addresses) {
      this.#doors.push(await DoorSocket.open({ address, onConnection, advice: ADVICE[kind] }));
    }
  }

  async #close(): Promise<void> {
    this.#stopping.abort();
    for (const door of this.#doors) door.stopListening();
    for (const server of this.#servers) server.beginClose();
    const deadline = AbortSignal.timeout(STOP_GRACE_MS);
    await Promise.all(this.#doors.map((door) => door.drained(deadline)));
    for (const server of this.#servers) server.cutOff();
    await Promise.all(this.#doors.map((door) => door.close()));
  }
}

const ADVICE = {
  unix: 'stop the daemon that has it (hive down), or choose another path with --listen',
  tcp: 'stop that program, or choose another port with --listen :PORT (:0 takes a free one)',
} as const;
