// Measures one model call that is paid for, and settles it.
//   B3. Exactly one settling per call, for success, failure and abort. What never reached the
//       provider costs nothing; an abort costs the prompt and what was received.

import { KernelError } from '@hivekernel/kernel';
import type { ErrorCode } from '@hivekernel/kernel';
import type { ChatChunk, Usage } from './chat.ts';
import type {
  CallEstimate,
  CallOutcome,
  Caller,
  GatewayPorts,
  LlmCallRecord,
  Reservation,
} from './ports.ts';
import { countTokens } from './tokens.ts';
import type { LlmClock } from './wait.ts';

export interface MeterOptions {
  readonly caller: Caller;
  readonly estimate: CallEstimate;
  readonly streamed: boolean;
  readonly taskId?: string | undefined;
  readonly idempotencyKey?: string | undefined;
  readonly reservation: Pick<Reservation, 'tier' | 'settle'>;
  readonly ports: Pick<GatewayPorts, 'observe'>;
  readonly clock: LlmClock;
}

export class CallMeter {
  readonly #options: MeterOptions;
  readonly #startedMs: number;
  #estimate: CallEstimate;
  #firstTokenMs: number | undefined;
  #received = 0;
  #reported: Usage | undefined;
  #isSent = false;
  #isSettled = false;

  constructor(options: MeterOptions) {
    this.#options = options;
    this.#estimate = options.estimate;
    this.#startedMs = options.clock.monoMs();
  }

  get isSettled(): boolean {
    return this.#isSettled;
  }

  get hasReportedUsage(): boolean {
    return this.#reported !== undefined;
  }

  /** B5: another model than the one it was held for. */
  redirect(estimate: CallEstimate): void {
    this.#estimate = estimate;
  }

  /** From here on the provider may compute, and bill, the prompt. */
  sent(): void {
    this.#isSent = true;
  }

  take(chunk: ChatChunk): void {
    this.#firstTokenMs ??= this.#elapsedMs();
    if (chunk.usage != null && isCount(chunk.usage)) this.#reported = chunk.usage;
    const tokens = chunk.choices.reduce((sum, choice) => sum + countDelta(choice.delta), 0);
    this.#received += tokens;
    if (tokens > 0) this.#options.ports.observe(this.#options.caller.pid, tokens);
  }

  /** The provider's numbers; ours where it gave none. */
  usage(): Usage {
    if (this.#reported !== undefined) return this.#reported;
    const prompt = this.#isSent ? this.#estimate.promptTokens : 0;
    return {
      prompt_tokens: prompt,
      completion_tokens: this.#received,
      total_tokens: prompt + this.#received,
    };
  }

  settle(outcome: CallOutcome, errorCode?: ErrorCode): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    const { caller, streamed, taskId, idempotencyKey, reservation } = this.#options;
    const estimate = this.#estimate;
    const usage = this.usage();
    const latencyMs = this.#elapsedMs();
    const record: LlmCallRecord = {
      pid: caller.pid,
      tier: reservation.tier,
      model: estimate.model,
      alias: estimate.alias,
      provider: estimate.provider,
      simulated: estimate.simulated,
      promptTokens: usage.prompt_tokens,
      completionTokens: usage.completion_tokens,
      estimated: this.#reported === undefined,
      latencyMs,
      firstTokenMs: this.#firstTokenMs ?? latencyMs,
      streamed,
      outcome,
      ...(errorCode === undefined ? {} : { errorCode }),
      ...(taskId === undefined ? {} : { taskId }),
      ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    };
    reservation.settle(record);
  }

  /** A refusal by the provider costs nothing; a time-out may have cost the prompt. */
  fail(error: unknown, signal: AbortSignal): void {
    const code = error instanceof KernelError ? error.code : 'internal';
    if (this.#firstTokenMs === undefined && code !== 'timed_out' && !signal.aborted) {
      this.#isSent = false;
    }
    this.settle(signal.aborted ? 'aborted' : 'error', code);
  }

  #elapsedMs(): number {
    return this.#options.clock.monoMs() - this.#startedMs;
  }
}

/** A provider that reports nonsense has reported nothing. */
const isCount = ({ prompt_tokens: prompt, completion_tokens: completion }: Usage): boolean =>
  [prompt, completion].every((count) => Number.isFinite(count) && count >= 0);

const COUNTED_FIELDS = ['content', 'refusal', 'reasoning', 'reasoning_content'] as const;

function countDelta(delta: ChatChunk['choices'][number]['delta']): number {
  let count = 0;
  for (const field of COUNTED_FIELDS) {
    const text = delta[field];
    if (typeof text === 'string' && text !== '') count += countTokens(text);
  }
  for (const call of delta.tool_calls ?? []) {
    count += countTokens(call.function?.name ?? '') + countTokens(call.function?.arguments ?? '');
  }
  return count;
}
