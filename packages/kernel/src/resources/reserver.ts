// The reserver: reserve, call, settle. A model call is paid for before a byte of it goes out.
//   B3. All or nothing: each limit that covers the call is asked, and only then one event holds it
//       on all of them. Whoever counts anything of a call folds that event and its settling.
//   B5. What its budget cannot pay is refused, waits, or is made at a cheaper tier. Who waits is
//       served by priority, then in order; nobody behind passes one that waits for the same budget.
//   B6. The context of the call, then the hour of its process, before any budget.

import { KernelError } from '../errors.ts';
import type { BodyOf, CallRef, ReserveOrder } from '../events/event.ts';
import type { EffectQueue } from '../events/effects.ts';
import type { Log } from '../events/log.ts';
import type { AtLimit, Tier } from '../events/words.ts';
import { NO_PID, type Seq, type TaskId } from '../ids.ts';
import { LIMITS } from '../limits.ts';
import { describeProcess, type ProcessRecord } from '../process/record.ts';
import { isLive } from '../process/states.ts';
import type { ProcessTable } from '../process/table.ts';
import type { BudgetAlarms } from './budget-alarms.ts';
import { remainingOf, tokensOf, type Entry, type Reservation } from './budget-tree.ts';
import type { BudgetWait, BudgetWaits } from './budget-waits.ts';
import { frozenBudget, notEnough } from './budget-words.ts';
import { cheaperThan, type Budgets } from './budgets.ts';

/** A call that asks to be held, at one tier. */
export interface CallQuestion {
  readonly caller: ProcessRecord;
  readonly tier: Tier;
  readonly tokens: number;
  readonly usdMicros: number;
}

/**
 * One more thing that bounds calls. It says why one may not be held now; `budget_exhausted` means
 * that waiting, or another tier, may help (B5). What it counts, it folds from the events.
 */
export interface CallLimit {
  refusalOf(call: CallQuestion): KernelError | undefined;
}

export interface Reserved {
  readonly reservation: Seq;
  /** Another than the one asked for: the model of that tier is to be called (B5). */
  readonly tier: Tier;
}

/** What stands in the way of a call: a limit, or the entry that cannot pay. */
interface Obstacle {
  readonly error: KernelError;
  readonly entry: Entry | undefined;
  readonly wanted: number;
}

type Settled = Omit<BodyOf<'llm.called'>, 'overdrawn'>;

const REFUSED = 'The call is refused';

export class Reserver {
  readonly #log: Log;
  readonly #table: ProcessTable;
  readonly #budgets: Budgets;
  readonly #waits: BudgetWaits;
  readonly #alarms: BudgetAlarms;
  readonly #effects: EffectQueue;
  readonly #limits: readonly CallLimit[];
  readonly #atLimit: AtLimit;
  readonly #onWait: (record: ProcessRecord, phase: string) => void;
  #seenRevision = -1;

  constructor(options: {
    log: Log;
    table: ProcessTable;
    budgets: Budgets;
    waits: BudgetWaits;
    alarms: BudgetAlarms;
    effects: EffectQueue;
    /** Beside the caller's own bounds and the budgets. */
    limits: readonly CallLimit[];
    atLimit: AtLimit;
    /** A process waits for its budget, or (with an empty phase) no more (P4). */
    onWait: (record: ProcessRecord, phase: string) => void;
  }) {
    this.#log = options.log;
    this.#table = options.table;
    this.#budgets = options.budgets;
    this.#waits = options.waits;
    this.#alarms = options.alarms;
    this.#effects = options.effects;
    this.#limits = options.limits;
    this.#atLimit = options.atLimit;
    this.#onWait = options.onWait;
  }

  /** Undefined: it waits, and the answer is owed to `ref`. Throws the refusal. */
  reserve(
    caller: ProcessRecord,
    order: ReserveOrder,
    how: { ref: CallRef; task: TaskId | null },
  ): Reserved | undefined {
    checkOrder(order);
    const own = this.#ownBoundOf(caller, order);
    if (own !== undefined) throw own;
    const call = questionOf(caller, order, order.tier);
    const obstacle = this.#obstacleTo(call);
    if (obstacle === undefined && !this.#isBehind(call, order.priority)) {
      return this.#hold(call, order);
    }
    if (obstacle?.entry !== undefined) {
      this.#alarms.exhausted(obstacle.entry, { by: caller.pid, wanted: obstacle.wanted });
    }
    if (obstacle === undefined) return this.#wait(caller, order, how);
    if (obstacle.error.code === 'budget_exhausted') {
      if (this.#atLimit === 'block') return this.#wait(caller, order, how);
      const cheaper = this.#atLimit === 'degrade' ? this.#degrade(call, order) : undefined;
      if (cheaper !== undefined) return cheaper;
    }
    throw obstacle.error;
  }

  /** B3: once for each call that was held, whatever became of it. A second time it is not told. */
  settle(call: Settled): void {
    const { reservation, pid, tier } = call;
    const held =
      reservation === undefined ? undefined : this.#budgets.reservations.get(reservation);
    if (reservation !== undefined && held === undefined) return;
    const tokens = call.promptTokens + call.completionTokens;
    const overdrawn = held === undefined ? 0 : Math.max(0, tokens - tokensOf(held));
    const payers =
      held === undefined
        ? [this.#budgets.payerOf(pid, tier), this.#budgets.payerOf(pid, 'usd')]
        : [held.payer, held.usdPayer];
    this.#log.emit('llm.called', { ...call, ...(overdrawn > 0 && { overdrawn }) });
    for (const payer of payers) this.#alarms.spent(payer, pid);
  }

  /** At a boot: whoever made them is no more, and may have spent all of it (B3). */
  settleAll(): void {
    for (const held of [...this.#budgets.reservations.values()]) {
      this.settle(lostCall(held));
    }
  }

  /** After a report of an agent was charged (B8). */
  charged(record: ProcessRecord): void {
    this.#alarms.spent(this.#budgets.tree.payerOf(record, record.spec.tier), record.pid);
  }

  /** At the end of a pass: whoever waits and can be paid by now. */
  flush(): void {
    const { roomRevision } = this.#budgets;
    if (roomRevision === this.#seenRevision) return;
    this.#seenRevision = roomRevision;
    if (this.#waits.byId.size === 0) return;
    const stuck = new Set<Entry>();
    for (const wait of this.#waits.inTurn()) this.#serve(wait, stuck);
  }

  /** The caller gave it up. True: there was one. */
  cancel(ref: CallRef): boolean {
    for (const wait of this.#waits.by(ref.pid)) {
      if (wait.owed.id !== ref.id || wait.owed.channel !== ref.channel) continue;
      this.#end(wait, refused(new KernelError('cancelled', 'The model call was given up.')));
      return true;
    }
    return false;
  }

  /** A run of it is over, and its calls with it. */
  endAllOf(record: ProcessRecord): void {
    for (const wait of this.#waits.by(record.pid)) {
      const why = `${describeProcess(record)}, whose call waited for its budget, is no more.`;
      this.#end(wait, refused(new KernelError('cancelled', why)));
    }
  }

  /** At a boot: the connections that waited are no more. */
  endAll(): void {
    const error = new KernelError('cancelled', 'The kernel ended while the call waited.');
    for (const wait of [...this.#waits.byId.values()]) this.#end(wait, refused(error));
  }

  #serve(wait: BudgetWait, stuck: Set<Entry>): void {
    const { order, pid } = wait;
    const caller = this.#table.find(pid);
    if (caller === undefined || !isLive(caller.state)) return;
    const call = questionOf(caller, order, order.tier);
    const payers = this.#payersOf(call);
    const isBehind = payers.some((payer) => stuck.has(payer));
    const own = isBehind ? undefined : this.#ownBoundOf(caller, order);
    const obstacle = isBehind || own !== undefined ? undefined : this.#obstacleTo(call);
    if (isBehind || obstacle?.error.code === 'budget_exhausted') {
      for (const payer of payers) stuck.add(payer);
      return;
    }
    const error = own ?? obstacle?.error;
    if (error !== undefined) this.#end(wait, refused(error));
    else this.#end(wait, { ok: true, value: this.#hold(call, order) });
  }

  #hold({ caller, tier, usdMicros }: CallQuestion, order: ReserveOrder): Reserved {
    const { model, provider, simulated, promptTokens, completionTokensMax } = order;
    const payer = this.#budgets.tree.payerOf(caller, tier);
    const usdPayer = this.#budgets.tree.payerOf(caller, 'usd');
    const reservation = this.#log.emit('budget.reserved', {
      pid: caller.pid,
      tier,
      promptTokens,
      completionTokensMax,
      usdMicros,
      payer: payer?.pid ?? NO_PID,
      usdPayer: usdPayer?.pid ?? NO_PID,
      model,
      provider,
      simulated,
      ...(tier !== order.tier && { askedTier: order.tier }),
    });
    return { reservation, tier };
  }

  /** B5. A frozen budget is no lack of tokens: no other tier takes its place. */
  #degrade(call: CallQuestion, order: ReserveOrder): Reserved | undefined {
    const payer = this.#budgets.tree.payerOf(call.caller, call.tier);
    if (payer !== undefined && this.#budgets.frozen.has(payer.pid)) return undefined;
    for (const tier of cheaperThan(call.tier)) {
      const other = { ...call, tier };
      if (this.#obstacleTo(other) === undefined) return this.#hold(other, order);
    }
    return undefined;
  }

  #wait(
    caller: ProcessRecord,
    order: ReserveOrder,
    how: { ref: CallRef; task: TaskId | null },
  ): undefined {
    const waiting = this.#waits.byId.size;
    if (waiting >= LIMITS.budgetWaitsMax) {
      const why = `${waiting} calls wait for their budgets already, which is the limit (B5).`;
      throw new KernelError('queue_full', why);
    }
    const { ref: owed, task } = how;
    this.#log.emit('budget.wait_began', { pid: caller.pid, task, owed, order });
    this.#onWait(caller, PHASE);
  }

  #end(wait: BudgetWait, result: { ok: true; value: Reserved } | Refused): void {
    this.#log.emit('budget.wait_ended', { pid: wait.pid, wait: wait.wait });
    const record = this.#table.find(wait.pid);
    if (record !== undefined) this.#onWait(record, '');
    this.#effects.push({ do: 'reply', to: wait.owed, result });
  }

  /** B6. */
  #ownBoundOf(caller: ProcessRecord, order: ReserveOrder): KernelError | undefined {
    const { tokensPerHourMax: max, contextTokensMax } = caller.spec.limits;
    const wanted = tokensOf(order);
    if (wanted > contextTokensMax) return tooLong(caller, { wanted, max: contextTokensMax });
    if (max === LIMITS.noLimit) return undefined;
    if (wanted > max) return overTheHour(caller, { wanted, max });
    const { pid } = caller;
    const waitMs = this.#budgets.hours.waitMs(pid, { wanted, max, nowMonoMs: this.#log.monoMs });
    return waitMs === 0 ? undefined : hourIsFull(caller, { wanted, max, waitMs });
  }

  #obstacleTo(call: CallQuestion): Obstacle | undefined {
    const { caller, tier, tokens, usdMicros } = call;
    const { tree } = this.#budgets;
    const payer = tree.payerOf(caller, tier);
    if (payer === undefined) return { error: nobodyPays(call), entry: undefined, wanted: tokens };
    const usdPayer = tree.payerOf(caller, 'usd');
    const short = this.#shortOf(payer, tokens) ?? this.#shortOf(usdPayer, usdMicros);
    if (short !== undefined) return short;
    for (const limit of this.#limits) {
      const error = limit.refusalOf(call);
      if (error !== undefined) return { error, entry: undefined, wanted: tokens };
    }
    return undefined;
  }

  #shortOf(entry: Entry | undefined, wanted: number): Obstacle | undefined {
    if (entry === undefined) return undefined;
    const owner = this.#table.find(entry.pid);
    if (this.#budgets.frozen.has(entry.pid)) {
      return { error: frozenBudget(REFUSED, { ...entry, owner }), entry: undefined, wanted };
    }
    const left = remainingOf(entry);
    // What costs nothing may be made for nothing, but not on a budget that is overdrawn.
    if (left >= wanted) return undefined;
    return { error: notEnough(REFUSED, { entry, owner, wanted, rule: 'B3' }), entry, wanted };
  }

  /** One that came before it waits for the same budget. */
  #isBehind(call: CallQuestion, priority: number): boolean {
    if (this.#waits.byId.size === 0) return false;
    const own = this.#payersOf(call);
    for (const { pid, order } of this.#waits.byId.values()) {
      if (order.priority > priority) continue;
      const caller = this.#table.find(pid);
      if (caller === undefined) continue;
      const theirs = this.#payersOf(questionOf(caller, order, order.tier));
      if (theirs.some((payer) => own.includes(payer))) return true;
    }
    return false;
  }

  #payersOf({ caller, tier, usdMicros }: CallQuestion): Entry[] {
    const { tree } = this.#budgets;
    const payers = [
      tree.payerOf(caller, tier),
      usdMicros > 0 ? tree.payerOf(caller, 'usd') : undefined,
    ];
    return payers.filter((payer) => payer !== undefined);
  }
}

/** P4: why the process waits. */
export const PHASE = 'budget';

type Refused = { readonly ok: false; readonly error: KernelError };
const refused = (error: KernelError): Refused => ({ ok: false, error });

const questionOf = (caller: ProcessRecord, order: ReserveOrder, tier: Tier): CallQuestion => ({
  caller,
  tier,
  tokens: tokensOf(order),
  usdMicros: order.usdMicrosMax,
});

function checkOrder(order: ReserveOrder): void {
  for (const field of ['promptTokens', 'completionTokensMax', 'usdMicrosMax'] as const) {
    const value = order[field];
    if (Number.isSafeInteger(value) && value >= 0 && value <= LIMITS.reserveMax) continue;
    throw new KernelError(
      'invalid_argument',
      `A call may cost from 0 to ${LIMITS.reserveMax}, as a whole number, not ${value} (B3).`,
      { details: { field } },
    );
  }
}

/** Nobody knows what became of it: it counts as if it had used all that it might. */
function lostCall(held: Reservation): Settled {
  const { reservation, pid, tier, model, provider, simulated, usdMicros } = held;
  return {
    reservation,
    pid,
    tier,
    model,
    provider,
    simulated,
    promptTokens: held.promptTokens,
    completionTokens: held.completionTokensMax,
    usdMicros,
    estimated: true,
    latencyMs: 0,
    outcome: 'aborted',
    errorCode: 'unknown_outcome',
  };
}

const nobodyPays = ({ caller, tier, tokens }: CallQuestion): KernelError =>
  new KernelError(
    'budget_exhausted',
    `${REFUSED}: nobody from ${describeProcess(caller)} upwards has a budget of ${tier} ` +
      'tokens (B1). Set one for the king in hive.yaml.',
    { details: { purse: tier, wanted: tokens, remaining: 0 } },
  );

type Bound = { readonly wanted: number; readonly max: number };

const tooLong = (caller: ProcessRecord, { wanted, max }: Bound): KernelError =>
  new KernelError(
    'limit_exceeded',
    `${REFUSED}: prompt and answer may take ${wanted} tokens, and the max_context_tokens of ` +
      `${describeProcess(caller)} is ${max} (B6). Shorten the prompt, or lower max_tokens.`,
    { details: { wanted, max_context_tokens: max } },
  );

const overTheHour = (caller: ProcessRecord, { wanted, max }: Bound): KernelError =>
  new KernelError(
    'limit_exceeded',
    `${REFUSED}: it may take ${wanted} tokens, more than the max_tokens_per_hour of ` +
      `${describeProcess(caller)}, ${max} (B6). Lower max_tokens.`,
    { details: { wanted, max_tokens_per_hour: max } },
  );

const hourIsFull = (caller: ProcessRecord, how: Bound & { waitMs: number }): KernelError =>
  new KernelError(
    'rate_limited',
    `${REFUSED}: ${describeProcess(caller)} has used up its ${how.max} tokens of this hour, and ` +
      `${how.wanted} are wanted; wait ${how.waitMs} ms (B6).`,
    { details: { waitMs: how.waitMs, retryAfterMs: how.waitMs, max_tokens_per_hour: how.max } },
  );
