// The standard health service (grpc.health.v1): SERVING for the server and its services while the
// door is open. Its two messages have one field each, so they are read and written by hand.

import { Metadata } from '@grpc/grpc-js';
import type * as grpc from '@grpc/grpc-js';
import { protoFields } from './proto-fields.ts';

const HEALTH = { UNKNOWN: 0, SERVING: 1, NOT_SERVING: 2, SERVICE_UNKNOWN: 3 } as const;
type HealthStatus = (typeof HEALTH)[keyof typeof HEALTH];

const NOT_FOUND = 5;
/** `ServingStatus status = 1`. */
const STATUS_TAG = 0x08;

const encodeStatus = (status: HealthStatus): Buffer => Buffer.from([STATUS_TAG, status]);
const decodeStatus = (bytes: Buffer): HealthStatus => (bytes[1] ?? 0) as HealthStatus;

/** An object, since grpc-js takes a request that is an empty string for none. */
interface HealthRequest {
  readonly service: string;
}

/** `string service = 1`; what cannot be read names no service that is known. */
function decodeService(bytes: Buffer): HealthRequest {
  let service = '';
  try {
    for (const field of protoFields(bytes)) {
      if (field.number === 1) service = Buffer.from(field.bytes).toString('utf8');
    }
  } catch {
    return { service: '\0' };
  }
  return { service };
}

function encodeService({ service }: HealthRequest): Buffer {
  const text = Buffer.from(service);
  return Buffer.concat([Buffer.from([0x0a, text.length]), text]);
}

const method = (name: string, responseStream: boolean) => ({
  path: `/grpc.health.v1.Health/${name}`,
  requestStream: false,
  responseStream,
  requestSerialize: encodeService,
  requestDeserialize: decodeService,
  responseSerialize: encodeStatus,
  responseDeserialize: decodeStatus,
});

export const HEALTH_SERVICE: grpc.ServiceDefinition = {
  check: method('Check', false),
  watch: method('Watch', true),
};

/** `services`: the full names that are served. */
export function healthHandlers(options: {
  services: readonly string[];
  stopping: AbortSignal;
}): grpc.UntypedServiceImplementation {
  const { services, stopping } = options;
  const statusOf = (service: string): HealthStatus => {
    if (service !== '' && !services.includes(service)) return HEALTH.SERVICE_UNKNOWN;
    return stopping.aborted ? HEALTH.NOT_SERVING : HEALTH.SERVING;
  };
  return {
    check(
      call: grpc.ServerUnaryCall<HealthRequest, HealthStatus>,
      done: grpc.sendUnaryData<HealthStatus>,
    ) {
      const status = statusOf(call.request.service);
      if (status !== HEALTH.SERVICE_UNKNOWN) return done(null, status);
      const details = `There is no service ${JSON.stringify(call.request.service)} here.`;
      return done({ code: NOT_FOUND, details, metadata: new Metadata() });
    },
    watch(call: grpc.ServerWritableStream<HealthRequest, HealthStatus>) {
      call.write(statusOf(call.request.service));
      const onStop = (): void => {
        call.write(statusOf(call.request.service));
        call.end();
      };
      stopping.addEventListener('abort', onStop, { once: true });
      call.once('close', () => stopping.removeEventListener('abort', onStop));
      call.once('cancelled', () => stopping.removeEventListener('abort', onStop));
    },
  };
}
