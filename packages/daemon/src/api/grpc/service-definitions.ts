// The generated service definitions as grpc-js wants them.
//   A request that cannot be decoded must not become INTERNAL, which is what a throwing
//   deserialiser makes of it in grpc-js: it arrives as `Decoded`, and the handler answers
//   INVALID_ARGUMENT.

import type { ServiceDefinition } from '@grpc/grpc-js';

export type Decoded<T> = { readonly value: T } | { readonly garbage: string };

interface Codec {
  encode(message: never): { finish(): Uint8Array };
  decode(input: Uint8Array): unknown;
}

interface GenericMethod {
  readonly name: string;
  readonly requestType: Codec;
  readonly requestStream: boolean;
  readonly responseType: Codec;
  readonly responseStream: boolean;
}

interface GenericService {
  readonly fullName: string;
  readonly methods: Readonly<Record<string, GenericMethod>>;
}

/** What a method is called by on the wire; `key` is one of `methods`. */
export const pathOf = ({ fullName, methods }: GenericService, key: string): string =>
  `/${fullName}/${methods[key]?.name ?? key}`;

/** The server's side of a generated definition; keys are those of `methods`. */
export function serviceOf(definition: GenericService): ServiceDefinition {
  const methods = Object.entries(definition.methods).map(([key, method]) => {
    const path = pathOf(definition, key);
    const { requestStream, responseStream } = method;
    const requests = codecOf(method.requestType);
    const responses = codecOf(method.responseType);
    return [
      key,
      {
        path,
        requestStream,
        responseStream,
        requestSerialize: requests.serialize,
        requestDeserialize: requests.decode,
        responseSerialize: responses.serialize,
        responseDeserialize: responses.decode,
      },
    ];
  });
  return Object.fromEntries(methods) as ServiceDefinition;
}

function codecOf(codec: Codec) {
  return {
    // grpc-js hands it what the handler answered, which that RPC's types have checked. Bytes are a
    // message that the handler has encoded.
    serialize: (message: unknown): Buffer =>
      Buffer.isBuffer(message) ? message : asBuffer(codec.encode(message as never).finish()),
    decode: (bytes: Buffer): Decoded<unknown> => {
      try {
        return { value: codec.decode(bytes) };
      } catch (error) {
        return { garbage: error instanceof Error ? error.message : String(error) };
      }
    },
  };
}

const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
