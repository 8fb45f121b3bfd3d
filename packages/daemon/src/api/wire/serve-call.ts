// One decoded call of the link, served: into the kernel and back as replies. The agent link of the
// runtime and the admin link both go through here; the gRPC door does with the same tables.
//   1. Exactly one reply a call, whatever happens, at the moment when it may leave (D3).
//   2. Nothing that a client sends makes this throw.

import { asPid } from '@hivekernel/kernel';
import type { CallResult } from '@hivekernel/kernel';
import type { IncomingCall, ReplyBody } from '@hivekernel/protocol';
import type { Host } from '../../journal/host.ts';
import { isSyscall, toCall } from './calls.ts';
import type { CallOrigin, SyscallCase } from './calls.ts';
import { asKernelError, errorReply } from './failures.ts';
import { toReply } from './replies.ts';

/** What serving a call needs of it. */
export type ServedCall = Pick<IncomingCall, 'id' | 'pid' | 'taskId' | 'body' | 'reply'>;

export interface CallDoor extends CallOrigin {
  readonly host: Pick<Host, 'call' | 'content' | 'hashedContent' | 'bytes' | 'durableSeq'>;
}

/** Serves any syscall. Operators' calls that are no syscalls are refused here. */
export function serveCall(call: ServedCall, door: CallDoor): void {
  const { host } = door;
  try {
    const kernelCall = toCall(call, door);
    const name = call.body.$case as SyscallCase;
    const seqBefore = host.durableSeq;
    host.call(kernelCall, (result) => answer(call, { name, result, host, seqBefore }));
  } catch (error) {
    refuse(call, error);
  }
}

/**
 * The client gave up a call that is under way: a wait ends, a task that it asked for is cancelled.
 * What cannot be given up is answered when it is done. For `ServerSession`'s `onCancel`.
 */
export function cancelCall(call: Pick<ServedCall, 'id' | 'pid' | 'body'>, door: CallDoor): void {
  if (!isSyscall(call.body) || !GIVEN_UP.has(call.body.$case)) return;
  const pid = asPid(call.pid === 0 && door.isOperator ? 1 : call.pid);
  const { channel, isOperator } = door;
  door.host.call(
    {
      name: 'cancel',
      args: { call: { channel, pid, id: call.id } },
      // Its own id must be nobody else's: those of callers are positive.
      ref: { channel, pid, id: -call.id },
      task: null,
      isOperator,
    },
    () => undefined,
  );
}

const GIVEN_UP: ReadonlySet<SyscallCase> = new Set<SyscallCase>([
  'waitChild',
  'executeOn',
  'executeTask',
  'take',
  'readPipe',
  'writePipe',
]);

/** Nothing goes on when nobody waits for it any more. */
export const isWait = (body: ServedCall['body']): boolean =>
  isSyscall(body) && WAITS.has(body.$case);

const WAITS: ReadonlySet<SyscallCase> = new Set<SyscallCase>([
  'waitChild',
  'take',
  'readPipe',
  'writePipe',
]);

interface Answer {
  readonly name: SyscallCase;
  readonly result: CallResult;
  readonly host: CallDoor['host'];
  readonly seqBefore: number;
}

function answer(call: ServedCall, { name, result, host, seqBefore }: Answer): void {
  if (!result.ok) return refuse(call, result.error);
  try {
    const body = toReply(name, result.value, { host, seqBefore });
    if (body instanceof Promise) void replyLater(call, body);
    else call.reply(body);
  } catch (error) {
    refuse(call, error);
  }
}

/** Never rejects: a failed fetch is a refusal. */
async function replyLater(call: ServedCall, body: Promise<ReplyBody>): Promise<void> {
  try {
    call.reply(await body);
  } catch (error) {
    refuse(call, error);
  }
}

function refuse(call: ServedCall, error: unknown): void {
  call.reply({ $case: 'error', value: errorReply(asKernelError(error)) });
}
