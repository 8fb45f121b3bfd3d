// The kernel's error codes as gRPC statuses: one total table, and nothing else knows both.
// Numbers as gRPC defines them, so that nobody must load grpc-js to translate.

import type { ErrorCode } from '@hivekernel/kernel';

const STATUS = {
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

export type GrpcStatus = (typeof STATUS)[keyof typeof STATUS];

export const GRPC_STATUS: Readonly<Record<ErrorCode, GrpcStatus>> = {
  invalid_argument: STATUS.INVALID_ARGUMENT,
  not_found: STATUS.NOT_FOUND,
  gone: STATUS.OUT_OF_RANGE,
  unauthenticated: STATUS.UNAUTHENTICATED,
  permission_denied: STATUS.PERMISSION_DENIED,
  wrong_state: STATUS.FAILED_PRECONDITION,
  conflict: STATUS.ABORTED,
  limit_exceeded: STATUS.RESOURCE_EXHAUSTED,
  too_large: STATUS.RESOURCE_EXHAUSTED,
  queue_full: STATUS.RESOURCE_EXHAUSTED,
  rate_limited: STATUS.RESOURCE_EXHAUSTED,
  budget_exhausted: STATUS.RESOURCE_EXHAUSTED,
  storage_full: STATUS.RESOURCE_EXHAUSTED,
  start_failed: STATUS.FAILED_PRECONDITION,
  timed_out: STATUS.DEADLINE_EXCEEDED,
  cancelled: STATUS.CANCELLED,
  unavailable: STATUS.UNAVAILABLE,
  unimplemented: STATUS.UNIMPLEMENTED,
  unknown_outcome: STATUS.UNKNOWN,
  fenced: STATUS.UNAVAILABLE,
  data_loss: STATUS.DATA_LOSS,
  internal: STATUS.INTERNAL,
};
