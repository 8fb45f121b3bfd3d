// The kernel as the model gateway sees it: who calls, may it be paid for, and where the bill goes.
//   B2. The tier of a call is that of its model's name; a name of no tier has its caller's.
//   B3. Held by a call of the kernel, so that it is durable before anything goes out; settled by a
//       fact, which cannot be refused. What is held when its asker is gone is settled with nothing.
//   B7. A call is as urgent as the task that it works for.
//   S6. What comes of model calls is progress of the process that makes them.
//   B8. Simulated use is marked as such.

import { asPid, KING_PID, TIERS } from '@hivekernel/kernel';
import type {
  AnswerOf,
  Call,
  CallRef,
  KernelSettings,
  Priority,
  ReserveOrder,
} from '@hivekernel/kernel';
import { taskIdFrom } from '../api/wire/wire-ids.ts';
import type { JournaledKernel } from '../journal/journaled-kernel.ts';
import { SIM_PREFIX } from '../llm/aliases.ts';
import { abortError } from '../llm/exchange.ts';
import type {
  Caller,
  CallerTier,
  GatewayPorts,
  LlmCallRecord,
  Reservation,
  ReserveWish,
} from '../llm/ports.ts';
import type { AccessKeys } from './access-keys.ts';

export interface GatewayPortsOptions {
  readonly host: JournaledKernel;
  readonly keys: AccessKeys;
  readonly settings: Pick<KernelSettings, 'tierModels'>;
  readonly bootId: string;
}

export function gatewayPorts(options: GatewayPortsOptions): GatewayPorts {
  const { host, keys } = options;
  const cashier = new Cashier(options);
  return {
    identify: (bearer) => {
      const holder = keys.holderOf(bearer);
      if (holder === undefined) return undefined;
      return callerOf(host, 'pid' in holder ? holder.pid : KING_PID);
    },
    reserve: (wish) => cashier.reserve(wish),
    observe: (pid, count) => host.observe({ type: 'tokens', pid, count }),
    progressed: (pid, quietMs) => host.fact({ fact: 'progressed', pid: asPid(pid), quietMs }),
  };
}

class Cashier {
  readonly #options: GatewayPortsOptions;
  readonly #channel: string;
  #lastCall = 0;

  constructor(options: GatewayPortsOptions) {
    this.#options = options;
    this.#channel = `models ${options.bootId}`;
  }

  reserve(wish: ReserveWish): Promise<Reservation> {
    const { host } = this.#options;
    const { signal, caller } = wish;
    this.#lastCall += 1;
    const ref = { channel: this.#channel, pid: asPid(caller.pid), id: this.#lastCall };
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(abortError(signal));
      const onAbort = (): void => {
        host.call(cancelCall(ref), () => undefined);
        reject(abortError(signal));
      };
      signal.addEventListener('abort', onAbort, { once: true });
      host.call(this.#reserveCall(ref, wish), (result) => {
        signal.removeEventListener('abort', onAbort);
        if (!result.ok) return reject(result.error);
        const held = this.#held(wish, result.value as AnswerOf<'reserve'>);
        if (signal.aborted) held.settle(unused(wish, held.tier));
        else resolve(held);
      });
    });
  }

  #reserveCall(ref: CallRef, { caller, estimate, taskId }: ReserveWish): Call {
    const { model, provider, simulated, promptTokens, completionTokensMax, alias } = estimate;
    const args: ReserveOrder = {
      tier: this.#tierOf(alias) ?? caller.tier,
      model,
      provider,
      simulated,
      promptTokens,
      completionTokensMax,
      usdMicrosMax: 0,
      priority: this.#priorityOf(caller, taskId),
    };
    const task = taskIdFrom(taskId ?? '') ?? null;
    return { name: 'reserve', args, ref, task, isOperator: ref.pid === KING_PID };
  }

  #held(wish: ReserveWish, { reservation, tier }: AnswerOf<'reserve'>): Reservation {
    const { host, settings } = this.#options;
    const asked = this.#tierOf(wish.estimate.alias) ?? wish.caller.tier;
    const model = settings.tierModels[tier];
    return {
      tier,
      priority: this.#priorityOf(wish.caller, wish.taskId),
      instead: tier === asked ? undefined : alikeNamed(wish.estimate.alias, model),
      settle: (call) => host.fact({ fact: 'llm_called', reservation, ...factOf(call) }),
    };
  }

  /** B7: its task's. One that is another's counts for nothing: anybody may name it. */
  #priorityOf({ pid }: Caller, taskId: string | undefined): Priority {
    const id = taskIdFrom(taskId ?? '');
    const task = id && this.#options.host.kernel.state.tasks.byId.get(id);
    return task?.pid === pid ? task.spec.priority : NORMAL;
  }

  #tierOf(alias: string): CallerTier | undefined {
    const name = alias.startsWith(SIM_PREFIX) ? alias.slice(SIM_PREFIX.length) : alias;
    return TIERS.find((tier) => this.#options.settings.tierModels[tier] === name);
  }
}

const NORMAL = 2;

/** Whoever asked for the simulated model by name gets no other. */
const alikeNamed = (asked: string, model: string): string =>
  asked.startsWith(SIM_PREFIX) ? `${SIM_PREFIX}${model}` : model;

const cancelCall = (ref: CallRef): Call => ({
  name: 'cancel',
  args: { call: ref },
  // Its own id must be nobody else's: those of reserves are positive.
  ref: { ...ref, id: -ref.id },
  task: null,
  isOperator: ref.pid === KING_PID,
});

function unused({ caller, estimate, taskId }: ReserveWish, tier: CallerTier): LlmCallRecord {
  const { promptTokens: _, completionTokensMax: __, ...rest } = estimate;
  return {
    ...rest,
    pid: caller.pid,
    tier,
    promptTokens: 0,
    completionTokens: 0,
    estimated: false,
    latencyMs: 0,
    firstTokenMs: 0,
    streamed: false,
    outcome: 'aborted',
    errorCode: 'cancelled',
    ...(taskId !== undefined && { taskId }),
  };
}

function callerOf(host: JournaledKernel, pid: number): Caller | undefined {
  const record = host.kernel.state.table.find(asPid(pid));
  if (record === undefined) return undefined;
  const { name, tier, model, user, watch } = record.spec;
  return { pid, name, tier, model, user, firstTokenMs: watch.firstTokenMs };
}

function factOf(call: LlmCallRecord) {
  const { tier, model, provider, simulated, promptTokens, completionTokens, estimated } = call;
  return {
    pid: asPid(call.pid),
    tier,
    model,
    provider,
    simulated,
    promptTokens,
    completionTokens,
    estimated,
    latencyMs: Math.round(call.latencyMs),
    outcome: call.outcome,
    errorCode: call.errorCode ?? '',
  };
}
