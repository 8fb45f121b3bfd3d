// Refusals on the wire. The link answers every refusal with CallError; gRPC tells domain failures
// in the reply and keeps statuses for identity, overload and shutdown (PROTOCOL §2).

import { AssertionError, KernelError } from '@hivekernel/kernel';
import type { ErrorCode } from '@hivekernel/kernel';
import type { ReplyValueOf, link } from '@hivekernel/protocol';
import { noArtifact } from './artifact-views.ts';
import type { SyscallCase } from './calls.ts';

/** What came out of the kernel or a store, as a refusal; our own faults become `internal`. */
export function asKernelError(error: unknown): KernelError {
  if (error instanceof KernelError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const what = error instanceof AssertionError ? 'The kernel broke a rule of its own' : 'It failed';
  return new KernelError('internal', `${what}: ${message}`, { cause: error });
}

export function errorReply(error: KernelError): link.CallError {
  const details: Record<string, string> = {};
  for (const [key, value] of Object.entries(error.details)) details[key] = String(value);
  return { code: error.code, message: error.message, details };
}

/** These say nothing of the request: who asks, or whether the kernel can answer at all. */
const ALWAYS_STATUS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'unauthenticated',
  'rate_limited',
  'unavailable',
  'fenced',
  'internal',
]);

type FailureOf<C extends SyscallCase> = (told: {
  error: string;
  errorCode: string;
}) => ReplyValueOf<C>;

/** Replies that have a place for a failure. */
const FAILURES: { readonly [C in SyscallCase]?: FailureOf<C> } = {
  spawn: (told) => ({ success: false, childPid: 0, ...told }),
  kill: (told) => ({ success: false, killedPids: [], ...told }),
  send: (told) => ({ delivered: false, messageId: '', ...told }),
  store: (told) => ({ success: false, artifactId: '', version: 0, sha256: '', ...told }),
  getArtifact: (told) => noArtifact({ message: told.error, code: told.errorCode }),
  executeOn: (told) => ({ success: false, result: undefined, ...told }),
  executeTask: (told) => ({ success: false, result: undefined, taskId: '', ...told }),
  waitChild: (told) => ({
    success: false,
    pid: 0,
    exitCode: 0,
    output: '',
    cause: '',
    name: '',
    ...told,
  }),
  requestResources: ({ error, errorCode }) => ({
    granted: false,
    grantedAmount: 0,
    reason: error,
    errorCode,
  }),
  escalate: ({ error, errorCode }) => ({
    received: false,
    handledByPid: 0,
    response: error,
    errorCode,
  }),
};

/** The reply that tells of the failure; undefined: it is to be told as a status. */
export function failureOf<C extends SyscallCase>(
  name: C,
  error: KernelError,
): ReplyValueOf<C> | undefined {
  if (ALWAYS_STATUS.has(error.code)) return undefined;
  return FAILURES[name]?.({ error: error.message, errorCode: error.code });
}
