// The model gateway: every model call of every agent goes through here, whatever door it came by.
//   G1. A model's name is resolved, the call paid for in advance, then sent; each that was paid for
//       is settled exactly once (B3). Where another tier pays, the model is that tier's (B5).
//   G2. Nothing of a call outlives its signal: not its place in line, not its connection.
//   B7. First it is paid for, then it waits for its model's governor. What cannot be paid takes no
//       place; a wait for a budget, which may last, keeps none; and which model it will be is known
//       only then. What is held while it waits is what it will spend: given to a later call, it
//       would be missing when its turn comes. Between two tries it holds neither money nor place,
//       and tries go on only while nothing was handed on to the caller.
//   S6. A call without a first token within its caller's limit is given up, and its caller told.
//   G3. Whoever did not ask for usage does not see it; whoever did always gets it.

import { KernelError } from '@hivekernel/kernel';
import type { Priority } from '@hivekernel/kernel';
import { LAST_RESORT_ALIAS } from './aliases.ts';
import { Attempt } from './attempt.ts';
import { CallMeter } from './call-meter.ts';
import { ProgressBook, firstTokenLate } from './call-progress.ts';
import type { Catalog, ResolvedModel } from './catalog.ts';
import type { ChatChunk, ChatCompletion, ChatRequest, HiveMark, ModelInfo } from './chat.ts';
import { CompletionFold } from './completion.ts';
import { abortError } from './exchange.ts';
import type { Passage } from './governor/governor.ts';
import { Governors } from './governor/governors.ts';
import { LLM_LIMITS } from './llm-limits.ts';
import type { CallEstimate, Caller, GatewayPorts, Reservation } from './ports.ts';
import type { Provider } from './provider.ts';
import { pauseAfterMs } from './retry.ts';
import { countPrompt } from './tokens.ts';
import { Visit } from './visit.ts';
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

/** A try that was sent. */
interface Running {
  readonly visit: Visit;
  readonly attempt: Attempt;
  readonly hive: HiveMark;
  readonly chunks: AsyncGenerator<ChatChunk, void, void>;
  readonly asksUsage: boolean;
}

/** One that has something to hand on. */
interface Begun {
  readonly running: Running;
  readonly first: IteratorResult<ChatChunk, void>;
}

/** Where a call goes, and what it costs there at most. */
interface Target {
  readonly provider: Provider;
  /** Its `model` is the provider's name for it. */
  readonly request: ChatRequest;
  readonly estimate: CallEstimate;
}

/** One try, about to be made. */
interface Start {
  readonly call: GatewayCall;
  readonly visit: Visit;
  readonly aim: Target;
  readonly tries: number;
}

export class Gateway {
  readonly #options: GatewayOptions;
  readonly #clock: LlmClock;
  readonly #governors: Governors;
  readonly #progress: ProgressBook;
  readonly #visits = new Set<Visit>();
  #isStopped = false;

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#clock = options.clock ?? SYSTEM_CLOCK;
    const tell = (pid: number, quietMs: number): void => options.ports.progressed(pid, quietMs);
    this.#progress = new ProgressBook({ clock: this.#clock, tell });
    const queuedMax = options.queuedCallsMax ?? LLM_LIMITS.queuedCallsMax;
    this.#governors = new Governors({ clock: this.#clock, queuedMax });
  }

  /** Calls that have a place, and those in line for one (B7). */
  get load(): { inside: number; waiting: number } {
    return this.#governors.load;
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
    return fold.done({ usage: running.attempt.meter.usage(), hive: this.#mark(running) });
  }

  /** Ends every call under way with `unavailable`; new ones are refused. */
  stop(): void {
    this.#isStopped = true;
    const reason = stopping();
    for (const visit of this.#visits) visit.abort(reason);
    this.#progress.stop();
    this.#governors.close();
  }

  async #begin(call: GatewayCall): Promise<Begun> {
    if (this.#isStopped) throw stopping();
    const asked = call.request.model;
    const isDefault = asked === '' || asked === 'default';
    const name = isDefault ? call.caller.model || LAST_RESORT_ALIAS : asked;
    const visit = new Visit({
      signal: call.signal,
      progress: this.#progress.open(call.caller),
      onEnd: (one) => this.#visits.delete(one),
    });
    this.#visits.add(visit);
    try {
      const aim = await this.#aim(call.request, name);
      return await this.#tryOn({ call, visit, aim });
    } catch (error) {
      visit.end();
      throw error;
    }
  }

  async #tryOn(start: Omit<Start, 'tries'>): Promise<Begun> {
    const { visit, aim } = start;
    const triesMax = aim.provider.triesMax ?? LLM_LIMITS.triesMax;
    for (let tries = 1; ; tries += 1) {
      const outcome = await this.#try({ ...start, tries });
      if ('first' in outcome) return outcome;
      const { error } = outcome;
      const pauseMs = pauseAfterMs(error, { tries, triesMax, chance: this.#clock.chance() });
      if (pauseMs === undefined || visit.signal.aborted) throw error;
      visit.progress.waits();
      await this.#clock.sleep(pauseMs, visit.signal).catch(() => {
        throw abortError(visit.signal);
      });
    }
  }

  async #try(start: Start): Promise<Begun | { error: unknown }> {
    const running = await this.#enter(start);
    try {
      const first = await running.chunks.next();
      if (first.done === true) throw new KernelError('unavailable', 'The model gave no answer.');
      running.visit.progress.heard(first.value);
      return { running, first };
    } catch (error) {
      running.attempt.fail(error, running.visit.signal);
      return { error };
    }
  }

  async #aim(asked: ChatRequest, name: string): Promise<Target> {
    const resolved = await this.#options.catalog.resolve(name);
    const request = withMaximum({ ...asked, model: resolved.model });
    return { provider: resolved.provider, request, estimate: estimateOf(resolved, request) };
  }

  /** Pays for the try and waits for its turn (B3, B7). */
  async #enter(start: Start): Promise<Running> {
    const { call, visit, aim, tries } = start;
    const { signal } = visit;
    if (signal.aborted) throw abortError(signal);
    this.#governors.check({ provider: aim.provider, model: aim.request.model });
    const reservation = await this.#pay(start);
    const meter = this.#meterOf(call, { estimate: aim.estimate, reservation });
    const attempt = new Attempt({ meter, tries });
    visit.tries(attempt);
    try {
      if (signal.aborted) throw abortError(signal);
      const { instead } = reservation;
      const target = instead === undefined ? aim : await this.#aim(call.request, instead);
      if (target !== aim) meter.redirect(target.estimate);
      attempt.goesIn(await this.#turn(start, { target, priority: reservation.priority }));
      if (signal.aborted) throw abortError(signal);
      return this.#send({ call, visit, target, attempt });
    } catch (error) {
      attempt.fail(error, signal);
      throw error;
    }
  }

  /** B3. Who waits for its budget is not hung (S6). */
  async #pay({ call, visit, aim }: Start): Promise<Reservation> {
    const { caller, taskId } = call;
    const { signal, progress } = visit;
    const onLate = setTimeout(() => progress.waits(), LLM_LIMITS.budgetQuietMs);
    try {
      return await this.#options.ports.reserve({ caller, estimate: aim.estimate, taskId, signal });
    } finally {
      clearTimeout(onLate);
    }
  }

  /** B7. Nor is who waits for its turn. */
  #turn(
    { call, visit }: Start,
    paid: { target: Target; priority: Priority | undefined },
  ): Promise<Passage> {
    const { provider, request, estimate } = paid.target;
    const to = { provider, model: request.model };
    return this.#governors.enter(to, {
      caller: call.caller.pid,
      priority: paid.priority ?? NORMAL,
      tokens: estimate.promptTokens + estimate.completionTokensMax,
      signal: visit.signal,
      onWait: () => visit.progress.waits(),
    });
  }

  #send(paid: { call: GatewayCall; visit: Visit; target: Target; attempt: Attempt }): Running {
    const { call, visit, target, attempt } = paid;
    const { provider, request, estimate } = target;
    attempt.meter.sent();
    visit.progress.sent((limitMs) => {
      const { model } = estimate;
      visit.abort(firstTokenLate({ model, provider: provider.name, limitMs }));
    });
    const { stream, stream_options: options } = call.request;
    return {
      visit,
      attempt,
      hive: { provider: provider.name, simulated: provider.simulated },
      chunks: provider.complete(request, visit.signal),
      asksUsage: stream !== true || options?.include_usage === true,
    };
  }

  async *#relay(
    running: Running,
    first: IteratorResult<ChatChunk, void>,
  ): AsyncGenerator<ChatChunk, void, void> {
    const { visit, attempt, chunks } = running;
    const { meter } = attempt;
    let last: ChatChunk | undefined;
    try {
      for (let next = first; next.done !== true; next = await chunks.next()) {
        last = next.value;
        meter.take(last);
        visit.progress.heard(last);
        const shown = this.#shown(running, last);
        if (shown !== undefined) yield shown;
      }
      attempt.succeed();
      if (running.asksUsage && !meter.hasReportedUsage && last !== undefined) {
        yield { ...last, choices: [], usage: meter.usage(), hive: this.#mark(running) };
      }
    } catch (error) {
      attempt.fail(error, visit.signal);
      throw error;
    } finally {
      leave(running);
      await chunks.return();
    }
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
    const { meter } = running.attempt;
    const isEstimated = meter.isSettled && !meter.hasReportedUsage;
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

const NORMAL = 2;

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
  running.attempt.giveUp();
  running.visit.end();
  running.visit.abort(undefined);
}

function stopping(): KernelError {
  return new KernelError('unavailable', 'The kernel is stopping.');
}
