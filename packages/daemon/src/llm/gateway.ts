// The model gateway: every model call of every agent goes through here, whatever door it came by.
//   G1. A model's name is resolved, the call paid for in advance, then sent; each that was paid for
//       is settled exactly once (B3). Where another tier pays, the model is that tier's (B5).
//   G2. Nothing of a call outlives its signal: not its place in line, not its connection.
//   S6. A call without a first token within its caller's limit is given up, and its caller told.
//   G3. Whoever did not ask for usage does not see it; whoever did always gets it.

import { KernelError } from '@hivekernel/kernel';
import { LAST_RESORT_ALIAS } from './aliases.ts';
import { CallMeter } from './call-meter.ts';
import { ProgressBook, firstTokenLate } from './call-progress.ts';
import type { CallProgress } from './call-progress.ts';
import type { Catalog, ResolvedModel } from './catalog.ts';
import type { ChatChunk, ChatCompletion, ChatRequest, HiveMark, ModelInfo } from './chat.ts';
import { CompletionFold } from './completion.ts';
import { abortError } from './exchange.ts';
import { FairGate } from './fair-gate.ts';
import { LLM_LIMITS } from './llm-limits.ts';
import type { CallEstimate, Caller, GatewayPorts, Reservation } from './ports.ts';
import type { Provider } from './provider.ts';
import { countPrompt } from './tokens.ts';
import type { LlmClock } from './wait.ts';
import { SYSTEM_CLOCK } from './wait.ts';

export interface GatewayOptions {
  readonly catalog: Catalog;
  readonly ports: GatewayPorts;
  readonly clock?: LlmClock | undefined;
  readonly queuedCallsMax?: number | undefined;
}

export interface GatewayCall {
  readonly caller: Caller;
  /** Checked already (chat-schema.ts). */
  readonly request: ChatRequest;
  readonly signal: AbortSignal;
  readonly taskId?: string | undefined;
  readonly idempotencyKey?: string | undefined;
}

/** An answer that has begun. */
export interface OpenCompletion {
  readonly hive: HiveMark;
  /** To be read once. Leaving it early aborts the call; not reading it at all needs `close`. */
  readonly chunks: AsyncGenerator<ChatChunk, void, void>;
  /** Gives the call up, if it still runs. */
  readonly close: () => void;
}

interface Running {
  readonly meter: CallMeter;
  readonly progress: CallProgress;
  readonly hive: HiveMark;
  readonly controller: AbortController;
  readonly chunks: AsyncGenerator<ChatChunk, void, void>;
  readonly asksUsage: boolean;
  readonly close: () => void;
}

/** Where a call goes, and what it costs there at most. */
interface Target {
  readonly provider: Provider;
  readonly request: ChatRequest;
  readonly estimate: CallEstimate;
}

interface Sent {
  readonly call: GatewayCall;
  readonly target: Target;
}

export class Gateway {
  readonly #options: GatewayOptions;
  readonly #clock: LlmClock;
  readonly #gates: ReadonlyMap<Provider, FairGate>;
  readonly #progress: ProgressBook;
  readonly #open = new Set<AbortController>();
  #isStopped = false;

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#clock = options.clock ?? SYSTEM_CLOCK;
    const tell = (pid: number, quietMs: number): void => options.ports.progressed(pid, quietMs);
    this.#progress = new ProgressBook({ clock: this.#clock, tell });
    const queuedMax = options.queuedCallsMax ?? LLM_LIMITS.queuedCallsMax;
    this.#gates = new Map(
      options.catalog.providers.map((provider) => {
        const { name, concurrentMax } = provider;
        return [provider, new FairGate({ name, concurrentMax, queuedMax })];
      }),
    );
  }

  get serving(): Provider {
    return this.#options.catalog.serving;
  }

  identify(bearer: string | undefined): Caller | undefined {
    return this.#options.ports.identify(bearer);
  }

  models(): Promise<readonly ModelInfo[]> {
    return this.#options.catalog.models();
  }

  /**
   * Resolves once the first chunk is there, so that a refusal is still an HTTP status.
   * Rejects with a KernelError.
   */
  async open(call: GatewayCall): Promise<OpenCompletion> {
    const { running, first } = await this.#begin(call);
    return {
      hive: running.hive,
      chunks: this.#relay(running, first),
      close: () => leave(running),
    };
  }

  /** The whole answer. */
  async complete(call: GatewayCall): Promise<ChatCompletion> {
    const { running, first } = await this.#begin(call);
    const fold = new CompletionFold();
    for await (const chunk of this.#relay(running, first)) fold.add(chunk);
    return fold.done({ usage: running.meter.usage(), hive: this.#mark(running) });
  }

  /** Ends every call under way with `unavailable`; new ones are refused. */
  stop(): void {
    this.#isStopped = true;
    const reason = stopping();
    for (const controller of this.#open) controller.abort(reason);
    this.#progress.stop();
  }

  async #begin(
    call: GatewayCall,
  ): Promise<{ running: Running; first: IteratorResult<ChatChunk, void> }> {
    if (this.#isStopped) throw stopping();
    const asked = call.request.model;
    const isDefault = asked === '' || asked === 'default';
    const name = isDefault ? call.caller.model || LAST_RESORT_ALIAS : asked;
    const running = await this.#enter(call, await this.#aim(call.request, name));
    try {
      const first = await running.chunks.next();
      if (first.done === true) throw new KernelError('unavailable', 'The model gave no answer.');
      running.progress.heard(first.value);
      return { running, first };
    } catch (error) {
      this.#failed(running, error);
      throw error;
    }
  }

  async #aim(asked: ChatRequest, name: string): Promise<Target> {
    const resolved = await this.#options.catalog.resolve(name);
    const request = withMaximum({ ...asked, model: resolved.model });
    return { provider: resolved.provider, request, estimate: estimateOf(resolved, request) };
  }

  /** Pays for the call and waits for a place at the provider. */
  async #enter(call: GatewayCall, aim: Target): Promise<Running> {
    const progress = this.#progress.open(call.caller);
    const controller = new AbortController();
    const { signal } = controller;
    let meter: CallMeter | undefined;
    let exit: (() => void) | undefined;
    const close = (): void => {
      call.signal.removeEventListener('abort', onAbort);
      this.#open.delete(controller);
      progress.end();
      exit?.();
    };
    // Also where nobody reads the answer any more.
    const onAbort = (): void => {
      controller.abort(call.signal.reason);
      meter?.settle('aborted', 'cancelled');
      close();
    };
    call.signal.addEventListener('abort', onAbort, { once: true });
    this.#open.add(controller);
    try {
      if (this.#isStopped) throw stopping();
      if (call.signal.aborted) throw abortError(call.signal);
      const reservation = await this.#pay({ call, estimate: aim.estimate, signal, progress });
      meter = this.#meterOf(call, { estimate: aim.estimate, reservation });
      if (signal.aborted) throw abortError(signal);
      const { instead } = reservation;
      const target = instead === undefined ? aim : await this.#aim(call.request, instead);
      if (target !== aim) meter.redirect(target.estimate);
      const onWait = (): void => progress.waits();
      exit = await this.#gates
        .get(target.provider)
        ?.enter({ key: call.caller.pid, signal, onWait });
      return this.#send({ call, target, meter, progress, controller, close });
    } catch (error) {
      meter?.fail(error, call.signal);
      close();
      throw error;
    }
  }

  /** B3. Who waits for its budget is not hung (S6). */
  async #pay(how: {
    call: GatewayCall;
    estimate: CallEstimate;
    signal: AbortSignal;
    progress: CallProgress;
  }): Promise<Reservation> {
    const { call, estimate, signal, progress } = how;
    const { caller, taskId } = call;
    const onLate = setTimeout(() => progress.waits(), LLM_LIMITS.budgetQuietMs);
    try {
      return await this.#options.ports.reserve({ caller, estimate, taskId, signal });
    } finally {
      clearTimeout(onLate);
    }
  }

  #send(start: Omit<Running, 'hive' | 'chunks' | 'asksUsage'> & Sent): Running {
    const { call, target, meter, progress, controller, close } = start;
    const { provider, request, estimate } = target;
    meter.sent();
    progress.sent((limitMs) => {
      const { model } = estimate;
      controller.abort(firstTokenLate({ model, provider: provider.name, limitMs }));
    });
    const { stream, stream_options: options } = call.request;
    return {
      meter,
      progress,
      controller,
      close,
      hive: { provider: provider.name, simulated: provider.simulated },
      chunks: provider.complete(request, controller.signal),
      asksUsage: stream !== true || options?.include_usage === true,
    };
  }

  async *#relay(
    running: Running,
    first: IteratorResult<ChatChunk, void>,
  ): AsyncGenerator<ChatChunk, void, void> {
    const { meter, progress, chunks } = running;
    let last: ChatChunk | undefined;
    try {
      for (let next = first; next.done !== true; next = await chunks.next()) {
        last = next.value;
        meter.take(last);
        progress.heard(last);
        const shown = this.#shown(running, last);
        if (shown !== undefined) yield shown;
      }
      meter.settle('ok');
      if (running.asksUsage && !meter.hasReportedUsage && last !== undefined) {
        yield { ...last, choices: [], usage: meter.usage(), hive: this.#mark(running) };
      }
    } catch (error) {
      this.#failed(running, error);
      throw error;
    } finally {
      leave(running);
      await chunks.return();
    }
  }

  #failed(running: Running, error: unknown): void {
    running.meter.fail(error, running.controller.signal);
    running.close();
  }

  /** Undefined: a chunk that holds nothing but usage which nobody asked for (G3). */
  #shown(running: Running, chunk: ChatChunk): ChatChunk | undefined {
    const isEnd = chunk.choices.some((choice) => choice.finish_reason != null);
    const marked = isEnd || chunk.usage != null ? { ...chunk, hive: this.#mark(running) } : chunk;
    if (running.asksUsage || chunk.usage == null) return marked;
    if (chunk.choices.length === 0) return undefined;
    const { usage: _, ...rest } = marked;
    return rest;
  }

  #mark(running: Running): HiveMark {
    const isEstimated = running.meter.isSettled && !running.meter.hasReportedUsage;
    return isEstimated ? { ...running.hive, estimated: true } : running.hive;
  }

  #meterOf(
    call: GatewayCall,
    paid: { estimate: CallEstimate; reservation: Reservation },
  ): CallMeter {
    return new CallMeter({
      ...paid,
      caller: call.caller,
      streamed: call.request.stream === true,
      taskId: call.taskId,
      idempotencyKey: call.idempotencyKey,
      ports: this.#options.ports,
      clock: this.#clock,
    });
  }
}

/** B3: a call without a maximum gets ours, so that what is reserved is what can be spent. */
function withMaximum(request: ChatRequest): ChatRequest {
  const isNamed = request.max_tokens !== undefined || request.max_completion_tokens !== undefined;
  return isNamed ? request : { ...request, max_tokens: LLM_LIMITS.completionTokensDefault };
}

function estimateOf(resolved: ResolvedModel, request: ChatRequest): CallEstimate {
  const perChoice =
    request.max_completion_tokens ?? request.max_tokens ?? LLM_LIMITS.completionTokensDefault;
  return {
    model: resolved.model,
    alias: resolved.alias,
    provider: resolved.provider.name,
    simulated: resolved.provider.simulated,
    promptTokens: countPrompt(request),
    completionTokensMax: perChoice * (request.n ?? 1),
  };
}

/** Without effect on a call that has ended. */
function leave(running: Running): void {
  running.meter.settle('aborted', 'cancelled');
  running.close();
  running.controller.abort();
}

function stopping(): KernelError {
  return new KernelError('unavailable', 'The kernel is stopping.');
}
