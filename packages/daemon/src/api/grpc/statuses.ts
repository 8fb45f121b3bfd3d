// A refusal as what grpc-js sends: the status of the one table, the sentence, and the kernel's own
// code in the trailing metadata `hivekernel-code` for programs that want it exactly.

import { Metadata } from '@grpc/grpc-js';
import type { KernelError } from '@hivekernel/kernel';
import { GRPC_STATUS } from '../wire/grpc-status.ts';

export const CODE_TRAILER = 'hivekernel-code';

const DETAIL_CHARS_MAX = 2_048;

export interface Status {
  readonly code: number;
  readonly details: string;
  readonly metadata: Metadata;
}

export function statusOf(error: KernelError): Status {
  const metadata = new Metadata();
  metadata.set(CODE_TRAILER, error.code);
  const details = error.message.slice(0, DETAIL_CHARS_MAX);
  return { code: GRPC_STATUS[error.code], details, metadata };
}
