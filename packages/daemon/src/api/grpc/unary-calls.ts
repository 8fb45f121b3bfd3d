// gRPC calls with one answer: each is a syscall, and which one is the matter of rpc-table.ts. The
// translation is that of all doors (api/wire); here is only what is gRPC's own: identity, statuses,
// cancelling.
//   Domain failures are told in the reply where it has a place for them (PROTOCOL §2), others, as
//   all of ControlService, by a status.

import type { ServerUnaryCall, sendUnaryData } from '@grpc/grpc-js';
import { KernelError } from '@hivekernel/kernel';
import type { CallResult } from '@hivekernel/kernel';
import type { CallBody, ReplyValueOf } from '@hivekernel/protocol';
import type { Host } from '../../journal/host.ts';
import { toCall } from '../wire/calls.ts';
import type { SyscallCase } from '../wire/calls.ts';
import { asKernelError, failureOf } from '../wire/failures.ts';
import { toReplyValue } from '../wire/replies.ts';
import { cancelCall } from '../wire/serve-call.ts';
import { identify } from './identity.ts';
import type { Caller, ChannelPolicy } from './identity.ts';
import type { Decoded } from './service-definitions.ts';
import { statusOf } from './statuses.ts';

export interface UnaryCallsOptions {
  readonly host: Host;
  /** Of all gRPC calls of this boot. */
  readonly channel: string;
  readonly termGraceMs: number;
  readonly nextCallId: () => number;
}

type Request = ServerUnaryCall<Decoded<object>, unknown>;

interface Asked {
  readonly value: object;
  readonly caller: Caller;
}

interface Served<C extends SyscallCase> {
  readonly name: C;
  readonly result: CallResult;
  readonly seqBefore: number;
}

export class UnaryCalls {
  readonly #options: UnaryCallsOptions;

  constructor(options: UnaryCallsOptions) {
    this.#options = options;
  }

  get channel(): string {
    return this.#options.channel;
  }

  readonly nextCallId = (): number => this.#options.nextCallId();

  /** Answers by `done`, once. Never throws. */
  serve(
    name: SyscallCase,
    rpc: { readonly call: Request; readonly policy: ChannelPolicy },
    done: sendUnaryData<unknown>,
  ): void {
    const { call, policy } = rpc;
    let asked: Asked;
    try {
      asked = read(name, call, policy);
    } catch (error) {
      // Who calls, and whether it can be read at all, are no matters of the domain.
      return done(statusOf(asKernelError(error)));
    }
    try {
      this.#dispatch({ name, call, ...asked }, done);
    } catch (error) {
      refuse(name, error, done);
    }
  }

  #dispatch(
    asked: Asked & { readonly name: SyscallCase; readonly call: Request },
    done: sendUnaryData<unknown>,
  ): void {
    const { name, call, value, caller } = asked;
    const { host, channel, termGraceMs, nextCallId } = this.#options;
    const body = { $case: name, value } as CallBody;
    const linkCall = { id: nextCallId(), pid: caller.pid, taskId: '', body };
    const origin = { host, channel, termGraceMs, isOperator: caller.isOperator };
    const kernelCall = toCall(linkCall, origin);
    const onCancelled = (): void => cancelCall(linkCall, origin);
    call.once('cancelled', onCancelled);
    const seqBefore = host.durableSeq;
    host.call(kernelCall, (result) => {
      call.off('cancelled', onCancelled);
      void this.#answer({ name, result, seqBefore }, done);
    });
  }

  /** Never rejects. */
  async #answer<C extends SyscallCase>(
    { name, result, seqBefore }: Served<C>,
    done: sendUnaryData<unknown>,
  ): Promise<void> {
    try {
      if (!result.ok) throw result.error;
      const { host } = this.#options;
      const value = toReplyValue(name, result.value, { host, seqBefore });
      done(null, value instanceof Promise ? await value : value);
    } catch (error) {
      refuse(name, error, done);
    }
  }
}

/** Throws what becomes the status of the call. */
function read(name: SyscallCase, call: Request, policy: ChannelPolicy): Asked {
  const { request, metadata } = call;
  const value = 'value' in request ? request.value : {};
  const caller = identify(metadata, policy, { needsPid: comesWithPid(name, value) });
  if ('garbage' in request) throw unreadable(request.garbage);
  return { value, caller };
}

/** PROTOCOL §2: clients send no header with these. */
function comesWithPid(name: SyscallCase, request: object): boolean {
  if (name === 'executeTask') return false;
  if (name !== 'info' && name !== 'listInbox') return true;
  return !('pid' in request && request.pid !== 0);
}

function refuse(name: SyscallCase, cause: unknown, done: sendUnaryData<unknown>): void {
  const error = whoIsAsked(name, asKernelError(cause));
  const isUnknown = error.code === 'not_found' && error.cause instanceof KernelError;
  const failure: ReplyValueOf<SyscallCase> | undefined = isUnknown
    ? undefined
    : failureOf(name, error);
  if (failure === undefined) done(statusOf(error));
  else done(null, failure);
}

/** PROTOCOL §2: calls about the caller itself say of an unknown one that it is not found. */
function whoIsAsked(name: SyscallCase, error: KernelError): KernelError {
  const isAboutCaller = name === 'usage' || name === 'requestResources';
  if (!isAboutCaller || error.code !== 'unauthenticated') return error;
  return new KernelError('not_found', error.message, { details: error.details, cause: error });
}

export function unreadable(why: string): KernelError {
  return new KernelError('invalid_argument', `The request cannot be read: ${why}`);
}
