// A real grpc-js client of CoreService for tests: one call a method, with the headers named by what
// they mean. Not a test.

import { Client, Metadata, credentials } from '@grpc/grpc-js';
import type { ClientReadableStream, ServiceError } from '@grpc/grpc-js';
import { core } from '@hivekernel/protocol';

type Methods = typeof core.CoreServiceDefinition.methods;
type Rpc = keyof Methods;
type RequestOf<R extends Rpc> = Parameters<Methods[R]['requestType']['encode']>[0];
type ResponseOf<R extends Rpc> = ReturnType<Methods[R]['responseType']['decode']>;

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

  /** Missing fields are zero. Rejects with the `ServiceError`. */
  call<R extends Rpc>(
    rpc: R,
    request: Partial<RequestOf<R>> = {},
    headers: Headers = {},
  ): Promise<ResponseOf<R>> {
    return this.send(rpc, bytesOf(rpc, request), headers);
  }

  /** As `call`, with the request already encoded, or not even that. */
  send<R extends Rpc>(rpc: R, bytes: Buffer, headers: Headers = {}): Promise<ResponseOf<R>> {
    const method = core.CoreServiceDefinition.methods[rpc];
    return new Promise((resolve, reject) => {
      const call = this.raw.makeUnaryRequest(
        pathOf(rpc),
        (sent: Buffer) => sent,
        (answer: Buffer) => method.responseType.decode(answer) as ResponseOf<R>,
        bytes,
        metadataOf(headers),
        (error: ServiceError | null, value?: ResponseOf<R>) => {
          if (error === null) resolve(value as ResponseOf<R>);
          else reject(error);
        },
      );
      headers.signal?.addEventListener('abort', () => call.cancel(), { once: true });
    });
  }

  events(sinceSeq: number, headers: Headers = {}): ClientReadableStream<core.ProcessEvent> {
    const { signal } = headers;
    const stream = this.raw.makeServerStreamRequest(
      pathOf('subscribeEvents'),
      (sent: Buffer) => sent,
      (answer: Buffer) => core.ProcessEvent.decode(answer),
      bytesOf('subscribeEvents', { sinceSeq }),
      metadataOf(headers),
    );
    signal?.addEventListener('abort', () => stream.cancel(), { once: true });
    return stream;
  }
}

function bytesOf<R extends Rpc>(rpc: R, request: Partial<RequestOf<R>>): Buffer {
  const codec = core.CoreServiceDefinition.methods[rpc].requestType as unknown as {
    encode(message: object): { finish(): Uint8Array };
    decode(bytes: Uint8Array): object;
  };
  const whole = Object.assign(codec.decode(new Uint8Array()), request);
  return Buffer.from(codec.encode(whole).finish());
}

const pathOf = (rpc: Rpc): string =>
  `/hivekernel.core.CoreService/${core.CoreServiceDefinition.methods[rpc].name}`;

function metadataOf({ pid, token }: Headers): Metadata {
  const metadata = new Metadata();
  if (pid !== undefined) metadata.set('x-hivekernel-pid', String(pid));
  if (token !== undefined) metadata.set('authorization', `Bearer ${token}`);
  return metadata;
}
