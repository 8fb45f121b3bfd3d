// One grpc-js server: our two services, health and reflection behind one kind of channel.
// Connections are handed in by the door, which owns the listeners; each kind of channel has a
// server of its own, since a shared one cannot tell where a call came in (DESIGN §7).

import { Server, ServerCredentials } from '@grpc/grpc-js';
import type * as grpc from '@grpc/grpc-js';
import type { Socket } from 'node:net';
import { LIMITS } from '@hivekernel/kernel';
import { control, core } from '@hivekernel/protocol';
import type { Host } from '../../journal/host.ts';
import type { EventFeed } from '../events/event-feed.ts';
import { streamEvents } from './event-stream.ts';
import type { EventCall } from './event-stream.ts';
import { HEALTH_SERVICE, healthHandlers } from './health.ts';
import type { ChannelPolicy } from './identity.ts';
import { batching } from './message-batches.ts';
import { streamMessages } from './message-stream.ts';
import type { MessageCall } from './message-stream.ts';
import { NOT_SERVED, notServed } from './not-served.ts';
import { addReflection } from './reflection.ts';
import { CONTROL_RPCS, CORE_RPCS } from './rpc-table.ts';
import type { RpcTable } from './rpc-table.ts';
import { pathOf, serviceOf } from './service-definitions.ts';
import type { Decoded } from './service-definitions.ts';
import type { UnaryCalls } from './unary-calls.ts';

export interface GrpcServerOptions {
  readonly host: Host;
  readonly feed: EventFeed;
  readonly calls: UnaryCalls;
  readonly policy: ChannelPolicy;
  /** Fires when the door stops: streams end. */
  readonly stopping: AbortSignal;
}

const SERVICES = [core.CoreServiceDefinition.fullName, control.ControlServiceDefinition.fullName];

/** Calls under way on one connection. */
const STREAMS_PER_CONNECTION_MAX = 4_096;

/** Whose messages come in batches. */
const EVENTS_PATH = pathOf(core.CoreServiceDefinition, 'subscribeEvents');

export class GrpcServer {
  readonly #server: Server;
  readonly #injector: { injectConnection(socket: Socket): void };

  private constructor(options: GrpcServerOptions) {
    // No keepalive pings (PROTOCOL §2): grpc-js sends none unless told to.
    this.#server = new Server({
      'grpc.max_receive_message_length': LIMITS.frameBytesMax,
      'grpc.max_send_message_length': LIMITS.frameBytesMax,
      'grpc.max_concurrent_streams': STREAMS_PER_CONNECTION_MAX,
      interceptors: [batching(new Set([EVENTS_PATH]))],
    });
    this.#server.addService(serviceOf(core.CoreServiceDefinition), coreHandlers(options));
    const controlService = serviceOf(control.ControlServiceDefinition);
    this.#server.addService(controlService, unaryHandlers(CONTROL_RPCS, options));
    const { stopping } = options;
    this.#server.addService(HEALTH_SERVICE, healthHandlers({ services: SERVICES, stopping }));
    this.#injector = this.#server.createConnectionInjector(ServerCredentials.createInsecure());
  }

  static async create(options: GrpcServerOptions): Promise<GrpcServer> {
    const server = new GrpcServer(options);
    await addReflection(server.#server, SERVICES);
    return server;
  }

  take(socket: Socket): void {
    this.#injector.injectConnection(socket);
  }

  /** Refuses new calls; a connection ends when its calls under way have. */
  beginClose(): void {
    // Its callback does not wait for them: whoever owns the connections knows when they are gone.
    this.#server.tryShutdown(() => undefined);
  }

  /** Cuts off what is left. */
  cutOff(): void {
    this.#server.forceShutdown();
  }
}

function coreHandlers(options: GrpcServerOptions): grpc.UntypedServiceImplementation {
  const { host, feed, policy, stopping, calls } = options;
  const { channel, nextCallId } = calls;
  const handlers: grpc.UntypedServiceImplementation = {
    ...unaryHandlers(CORE_RPCS, options),
    subscribe(call: MessageCall) {
      void streamMessages(call, { host, policy, channel, nextCallId, stopping });
    },
    subscribeEvents(call: EventCall) {
      void streamEvents(call, { host, feed, policy, stopping });
    },
  };
  for (const rpc of Object.keys(NOT_SERVED) as (keyof typeof NOT_SERVED)[]) {
    handlers[rpc] = (_: unknown, done: grpc.sendUnaryData<unknown>) => done(notServed(rpc));
  }
  return handlers;
}

function unaryHandlers(
  table: RpcTable,
  { calls, policy }: GrpcServerOptions,
): grpc.UntypedServiceImplementation {
  const handlers: grpc.UntypedServiceImplementation = {};
  for (const [rpc, name] of Object.entries(table)) {
    handlers[rpc] = (
      call: grpc.ServerUnaryCall<Decoded<object>, unknown>,
      done: grpc.sendUnaryData<unknown>,
    ) => calls.serve(name, { call, policy }, done);
  }
  return handlers;
}
