// Dials the admin socket and says Hello: one link connection, ready for calls. It fails with
// `unavailable` when nobody answers, within a deadline.

import { createConnection } from 'node:net';
import type { Socket } from 'node:net';
import { LinkCallError, LinkCaller, socketStream } from '@hivekernel/protocol/link-client';
import { HiveClientError, asClientError } from './client-error.ts';
import { readRunFile } from './run-file.ts';

export const DIAL_LIMITS = {
  /** From the dial to the kernel's answer to Hello. */
  helloTimeoutMs: 10_000,
} as const;

/** Where the kernel is: its socket, or its data directory, whose run.json is read at each dial. */
export type KernelPlace = { readonly socketPath: string } | { readonly dataDir: string };

export interface Greeting {
  readonly version: string;
  readonly bootId: string;
}

export interface Dialled {
  readonly caller: LinkCaller;
  readonly kernel: Greeting;
}

export interface DialRequest {
  readonly place: KernelPlace;
  /** "hive/0.1.0": who is there, for the kernel's journal. */
  readonly client: string;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** Throws `unavailable` (nobody there), `timed_out`, `cancelled`. */
export async function dial(request: DialRequest): Promise<Dialled> {
  const path = await socketPathOf(request.place);
  const { timeoutMs = DIAL_LIMITS.helloTimeoutMs } = request;
  const deadline = AbortSignal.timeout(Math.ceil(timeoutMs));
  const signal = request.signal ? AbortSignal.any([request.signal, deadline]) : deadline;
  const socket = createConnection({ path });
  const caller = new LinkCaller({
    hello: { pid: 0, client: request.client },
    whenLost: 'reject',
  });
  try {
    await connected(socket, signal);
    const hello = await caller.attach(socketStream(socket), { signal });
    return { caller, kernel: { version: hello.kernelVersion, bootId: hello.bootId } };
  } catch (error) {
    caller.close();
    socket.destroy();
    if (deadline.aborted) {
      const what = `the kernel at ${path} did not answer within ${timeoutMs} ms`;
      throw new HiveClientError('timed_out', what, { details: { socketPath: path }, cause: error });
    }
    if (request.signal?.aborted) throw cancelled(error);
    throw unreachable(path, error);
  }
}

async function socketPathOf(place: KernelPlace): Promise<string> {
  if ('socketPath' in place) return place.socketPath;
  const run = await readRunFile(place.dataDir);
  if (run !== undefined) return run.adminSocket;
  throw new HiveClientError('unavailable', `no kernel runs in ${place.dataDir}`, {
    details: { dataDir: place.dataDir, reason: 'no_run_file' },
  });
}

function connected(socket: Socket, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(new LinkCallError('cancelled', 'dialling was aborted'));
    const settle = (end: () => void): void => {
      signal.removeEventListener('abort', onAbort);
      socket.removeListener('connect', onConnect);
      socket.removeListener('error', onError);
      end();
    };
    const onConnect = (): void => settle(resolve);
    const onError = (error: Error): void => settle(() => reject(error));
    socket.once('connect', onConnect);
    socket.once('error', onError);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
  });
}

function cancelled(cause: unknown): HiveClientError {
  return new HiveClientError('cancelled', 'dialling the kernel was aborted', { cause });
}

function unreachable(path: string, error: unknown): unknown {
  const known = asClientError(error);
  if (known instanceof HiveClientError && known.code !== 'unavailable') return known;
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'lost';
  return new HiveClientError('unavailable', `no kernel answers at ${path} (${code})`, {
    details: { socketPath: path, reason: code },
    cause: error,
  });
}
