// What the gateway needs from the kernel: who calls, may it be paid for, and where the bill goes.
// Not the budgets themselves (B1-B7): `reserve` is their seam.

import type { ErrorCode, Priority } from '@hivekernel/kernel';

export type CallerTier = 'strategic' | 'tactical' | 'operational';

/** The process behind a bearer key. */
export interface Caller {
  readonly pid: number;
  readonly name: string;
  readonly tier: CallerTier;
  /** Serves requests that name no model, or `default`. */
  readonly model: string;
  readonly user: string;
  /** S6: from a call to its first token; 0: no limit of its own. */
  readonly firstTokenMs: number;
}

/** What a call can cost at most, as far as one knows before it. */
export interface CallEstimate {
  readonly model: string;
  readonly alias: string;
  readonly provider: string;
  readonly simulated: boolean;
  readonly promptTokens: number;
  readonly completionTokensMax: number;
}

export type CallOutcome = 'ok' | 'error' | 'aborted';

/** One model call, as the journal gets it: exactly once, however the call ended. */
export interface LlmCallRecord {
  readonly pid: number;
  /** Of the budget that pays (B2). */
  readonly tier: CallerTier;
  /** The provider's name for the model. */
  readonly model: string;
  /** What the caller asked for: an alias or a model's name. */
  readonly alias: string;
  readonly provider: string;
  readonly simulated: boolean;
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** True: the provider reported no usage; the numbers are our counter's. */
  readonly estimated: boolean;
  readonly latencyMs: number;
  /** Until the first chunk; the whole latency when there was none. */
  readonly firstTokenMs: number;
  readonly streamed: boolean;
  readonly outcome: CallOutcome;
  readonly errorCode?: ErrorCode;
  readonly taskId?: string;
  readonly idempotencyKey?: string;
}

/** A model call that asks to be paid for. */
export interface ReserveWish {
  readonly caller: Caller;
  readonly estimate: CallEstimate;
  readonly taskId: string | undefined;
  readonly signal: AbortSignal;
}

/** What is held for a call (B3). */
export interface Reservation {
  readonly tier: CallerTier;
  /** B5: to be called instead of what was asked for, whose budget could not pay. */
  readonly instead: string | undefined;
  /** B7: of the work that the call is for; absent: normal. */
  readonly priority?: Priority | undefined;
  /** To be told exactly once, however the call ended. */
  settle(call: LlmCallRecord): void;
}

export interface GatewayPorts {
  /** Undefined: nobody has this key. */
  identify(bearer: string | undefined): Caller | undefined;
  /**
   * Resolves when the estimate is held, durably; before that no byte goes out (B3). May wait for
   * room (B5). Rejects with the refusal, or with the signal's reason; then nothing is held.
   */
  reserve(wish: ReserveWish): Promise<Reservation>;
  /** Completion tokens that just arrived, by our count. For display; never the bill. */
  observe(pid: number, tokenDelta: number): void;
  /** S6: something came of its model calls; it may be quiet for so long from now, 0: as ever. */
  progressed(pid: number, quietMs: number): void;
}
