// What the SDK needs of the kernel: one call, one answer. The agent link's `LinkCaller` is one; the
// way back, from the kernel to the agent, is host/.
import type {
  AnswerBody,
  CallValue,
  PlainCase,
  ReplyValueOf,
  RequestBody,
} from '@hivekernel/protocol/link-client';

export type { AnswerBody, CallValue, PlainCase, ReplyValueOf, RequestBody };

export interface KernelCallOptions {
  /** The task that the call works for; empty outside tasks. */
  readonly taskId?: string;
  /** Gives the call up on both sides. */
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

export interface KernelPort {
  /** Rejects with an error that has the kernel's `code`. */
  call<Case extends PlainCase>(
    kind: Case,
    value: CallValue<Case>,
    options?: KernelCallOptions,
  ): Promise<ReplyValueOf<Case>>;
}
