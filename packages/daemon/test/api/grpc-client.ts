// A real grpc-js client of CoreService and ControlService for tests: one call a method, with the
// headers named by what they mean. Not a test.

import { Client, Metadata, credentials } from '@grpc/grpc-js';
import type { ClientReadableStream, ServiceError } from '@grpc/grpc-js';
import { agent, control, core } from '@hivekernel/protocol';

interface Services {
  readonly core: typeof core.CoreServiceDefinition.methods;
  readonly control: typeof control.ControlServiceDefinition.methods;
}
type Service = keyof Services;
type Rpc<S extends Service> = keyof Services[S] & string;

/** What both generated definitions say of a method. */
interface Method<Request, Response> {
  readonly name: string;
  readonly requestType: {
    encode(message: Request): { finish(): Uint8Array };
    decode(bytes: Uint8Array): Request;
  };
  readonly responseType: { decode(bytes: Uint8Array): Response };
}
type Decoded<Codec> = Codec extends { decode(bytes: Uint8Array): infer Message } ? Message : never;
type Part<S extends Service, R extends Rpc<S>, P extends string> =
  Services[S][R] extends Readonly<Record<P, infer Codec>> ? Decoded<Codec> : never;
type RequestOf<S extends Service, R extends Rpc<S>> = Part<S, R, 'requestType'>;
type ResponseOf<S extends Service, R extends Rpc<S>> = Part<S, R, 'responseType'>;

const DEFINITIONS = {
  core: core.CoreServiceDefinition,
  control: control.ControlServiceDefinition,
} as const;

export type CoreRpc = Rpc<'core'>;
export type ControlRpc = Rpc<'control'>;

export interface Headers {
  readonly pid?: number | string;
  readonly token?: string;
  readonly signal?: AbortSignal;
}

export class GrpcClient {
  readonly raw: Client;

  constructor(address: string) {
    this.raw = new Client(address, credentials.createInsecure(), {
      'grpc.max_receive_message_length': -1,
    });
  }

  close(): void {
    this.raw.close();
  }

  /** CoreService. Missing fields are zero. Rejects with the `ServiceError`. */
  call<R extends CoreRpc>(
    rpc: R,
    request: Partial<RequestOf<'core', R>> = {},
    headers: Headers = {},
  ): Promise<ResponseOf<'core', R>> {
    return this.send(rpc, bytesOf('core', rpc, request), headers);
  }

  /** As `call`, with the request already encoded, or not even that. */
  send<R extends CoreRpc>(
    rpc: R,
    bytes: Buffer,
    headers: Headers = {},
  ): Promise<ResponseOf<'core', R>> {
    return this.#unary('core', rpc, { bytes, headers });
  }

  /** ControlService, likewise. */
  control<R extends ControlRpc>(
    rpc: R,
    request: Partial<RequestOf<'control', R>> = {},
    headers: Headers = {},
  ): Promise<ResponseOf<'control', R>> {
    return this.#unary('control', rpc, { bytes: bytesOf('control', rpc, request), headers });
  }

  events(
    since: number | Partial<core.SubscribeEventsRequest>,
    headers: Headers = {},
  ): ClientReadableStream<core.ProcessEvent> {
    const request = typeof since === 'number' ? { sinceSeq: since } : since;
    const decode = (bytes: Uint8Array): core.ProcessEvent => core.ProcessEvent.decode(bytes);
    return this.#stream('subscribeEvents', { request, decode, headers });
  }

  messages(
    request: Partial<core.SubscribeRequest>,
    headers: Headers & { readonly deadlineMs?: number } = {},
  ): ClientReadableStream<agent.AgentMessage> {
    const decode = (bytes: Uint8Array): agent.AgentMessage => agent.AgentMessage.decode(bytes);
    return this.#stream('subscribe', { request, decode, headers });
  }

  #stream<R extends 'subscribe' | 'subscribeEvents', Answer>(
    rpc: R,
    what: {
      readonly request: Partial<RequestOf<'core', R>>;
      readonly decode: (bytes: Uint8Array) => Answer;
      readonly headers: Headers & { readonly deadlineMs?: number };
    },
  ): ClientReadableStream<Answer> {
    const { signal, deadlineMs } = what.headers;
    const stream = this.raw.makeServerStreamRequest(
      pathOf('core', rpc),
      (sent: Buffer) => sent,
      (answer: Buffer) => what.decode(answer),
      bytesOf('core', rpc, what.request),
      metadataOf(what.headers),
      deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs },
    );
    signal?.addEventListener('abort', () => stream.cancel(), { once: true });
    return stream;
  }

  #unary<S extends Service, R extends Rpc<S>>(
    service: S,
    rpc: R,
    what: { readonly bytes: Buffer; readonly headers: Headers },
  ): Promise<ResponseOf<S, R>> {
    const { responseType } = methodOf(service, rpc);
    return new Promise((resolve, reject) => {
      const call = this.raw.makeUnaryRequest(
        pathOf(service, rpc),
        (sent: Buffer) => sent,
        (answer: Buffer) => responseType.decode(answer),
        what.bytes,
        metadataOf(what.headers),
        (error: ServiceError | null, value?: ResponseOf<S, R>) => {
          if (error === null) resolve(value as ResponseOf<S, R>);
          else reject(error);
        },
      );
      what.headers.signal?.addEventListener('abort', () => call.cancel(), { once: true });
    });
  }
}

function methodOf<S extends Service, R extends Rpc<S>>(service: S, rpc: R) {
  const methods: Readonly<Record<string, unknown>> = DEFINITIONS[service].methods;
  return methods[rpc] as Method<RequestOf<S, R>, ResponseOf<S, R>>;
}

function bytesOf<S extends Service, R extends Rpc<S>>(
  service: S,
  rpc: R,
  request: Partial<RequestOf<S, R>>,
): Buffer {
  const codec = methodOf(service, rpc).requestType;
  const whole = Object.assign(codec.decode(new Uint8Array()), request);
  return Buffer.from(codec.encode(whole).finish());
}

const pathOf = <S extends Service>(service: S, rpc: Rpc<S>): string =>
  `/${DEFINITIONS[service].fullName}/${methodOf(service, rpc).name}`;

function metadataOf({ pid, token }: Headers): Metadata {
  const metadata = new Metadata();
  if (pid !== undefined) metadata.set('x-hivekernel-pid', String(pid));
  if (token !== undefined) metadata.set('authorization', `Bearer ${token}`);
  return metadata;
}
