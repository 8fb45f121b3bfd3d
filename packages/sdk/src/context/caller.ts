// One kernel call: its task, its deadline, its refusal as a HiveError. A context and its artifacts
// and log share one caller; a task's context has its own.
//   C1. A call that starts work (spawn, executeOn, escalate, restart, wake) follows the task's
//       signal: after a cancel it is refused. A wait follows it unless it began after the cancel.
//       What cleans up or keeps (kill, collapse, send, checkpoint, artifacts, log) never follows
//       it, so that a `finally` can do its work.
import { anySignal } from '../deadline.ts';
import type { CallOptions } from '../deadline.ts';
import { asHiveError, HiveError } from '../hive-error.ts';
import type {
  CallValue,
  KernelCallOptions,
  KernelPort,
  PlainCase,
  ReplyValueOf,
} from '../kernel-port.ts';

/** How a call stands to the cancelling of its task (C1). */
export type Follows = 'always' | 'unless-cancelled-before' | 'never';

export interface Patience extends CallOptions {
  /** Default: `never`. */
  readonly follows?: Follows;
}

export interface CallerTask {
  readonly id: string;
  readonly signal: AbortSignal;
}

interface Refusable {
  readonly error: string;
  readonly errorCode: string;
}

export class Caller {
  readonly #port: KernelPort;
  readonly #task: CallerTask | undefined;
  /** Of a call that nothing but its reply ends. */
  readonly #routing: KernelCallOptions;

  constructor(port: KernelPort, task?: CallerTask) {
    this.#port = port;
    this.#task = task;
    this.#routing = task === undefined ? {} : { taskId: task.id };
  }

  call<Case extends PlainCase>(
    kind: Case,
    value: CallValue<Case>,
    patience: Patience = {},
  ): Promise<ReplyValueOf<Case>> {
    const { timeoutMs, follows = 'never' } = patience;
    const signal = anySignal(patience.signal, this.#taskSignal(follows));
    const isPatient = signal === undefined && timeoutMs === undefined;
    const routing = isPatient ? this.#routing : this.#routingOf(signal, timeoutMs);
    const reply = this.#port.call(kind, value, routing);
    return reply.catch((error: unknown) => {
      const reason: unknown = signal?.aborted === true ? signal.reason : undefined;
      throw reason instanceof HiveError ? reason : asHiveError(error);
    });
  }

  #routingOf(signal: AbortSignal | undefined, timeoutMs: number | undefined): KernelCallOptions {
    return {
      ...this.#routing,
      ...(signal !== undefined && { signal }),
      ...(timeoutMs !== undefined && { timeoutMs }),
    };
  }

  #taskSignal(follows: Follows): AbortSignal | undefined {
    const signal = this.#task?.signal;
    if (follows === 'never' || signal === undefined) return undefined;
    return follows === 'unless-cancelled-before' && signal.aborted ? undefined : signal;
  }
}

/** Throws what a reply with its own error field says; older kernels give no code. */
export function refuseIf(isRefused: boolean, reply: Refusable): void {
  if (!isRefused) return;
  const code = reply.errorCode === '' ? 'internal' : reply.errorCode;
  throw new HiveError(code, reply.error === '' ? `Refused: ${code}.` : reply.error);
}
