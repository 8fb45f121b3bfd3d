// Server reflection, so that grpcurl and its like find our services without .proto files. The files
// are told under their own names, as they were compiled into the protocol package.

import type { Server } from '@grpc/grpc-js';
import { DESCRIPTOR_SET_BASE64 } from '@hivekernel/protocol/descriptors';
import { protoFields } from './proto-fields.ts';

/** Loaded on use: it brings a parser of .proto files along, which nobody else needs. */
export async function addReflection(server: Server, services: readonly string[]): Promise<void> {
  const { ReflectionService } = await import('@grpc/reflection');
  const fileDescriptorProtos: Buffer[] = [];
  // FileDescriptorSet: `repeated FileDescriptorProto file = 1`.
  for (const { number, bytes } of protoFields(Buffer.from(DESCRIPTOR_SET_BASE64, 'base64'))) {
    if (number === 1) fileDescriptorProtos.push(Buffer.from(bytes));
  }
  // Of a package definition only the descriptors of its files are looked at.
  type Package = ConstructorParameters<typeof ReflectionService>[0];
  const files = { hivekernel: { fileDescriptorProtos } } as unknown as Package;
  new ReflectionService(files, { services: [...services] }).addToServer(server);
}
