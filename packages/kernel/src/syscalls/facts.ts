// Facts: what the world reports to the kernel. A fact cannot be refused; a late one, of an earlier
// incarnation or of a process that is no more, changes nothing.

import { KernelError } from '../errors.ts';
import type { Content } from '../events/content.ts';
import type { CallRef, TaskResult } from '../events/event.ts';
import type { ExitCause, Tier } from '../events/words.ts';
import { KING_PID, NO_PID, type MessageId, type Pid, type Seq, type TaskId } from '../ids.ts';
import type { Acknowledgement } from '../ipc/message-ends.ts';
import { LIMITS } from '../limits.ts';
import { KING_ADDRESS } from '../process/address.ts';
import { describeProcess, isVirtual, runOf, type ProcessRecord } from '../process/record.ts';
import { isLive } from '../process/states.ts';
import { kingSpec } from '../process/birth.ts';
import { leavesFirst } from '../process/tree.ts';
import { comesBack } from '../supervision/restart-policy.ts';
import type { KernelParts } from './parts.ts';

export interface LlmCallFact {
  readonly pid: Pid;
  readonly tier: Tier;
  readonly model: string;
  readonly provider: string;
  readonly simulated: boolean;
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly estimated: boolean;
  readonly latencyMs: number;
  readonly outcome: 'ok' | 'error' | 'aborted';
  readonly errorCode: string;
  /** B3: what it settles. */
  readonly reservation?: Seq;
  readonly usdMicros?: number;
}

export type Fact =
  | { readonly fact: 'booted'; readonly version: string; readonly bootId: string }
  | { readonly fact: 'stopping'; readonly reason: string; readonly graceMs: number }
  | { readonly fact: 'stopped'; readonly reason: string }
  | {
      readonly fact: 'started';
      readonly pid: Pid;
      readonly incarnation: number;
      readonly osPid: number;
      readonly osStarted: string;
    }
  | { readonly fact: 'ready'; readonly pid: Pid; readonly incarnation: number }
  | {
      readonly fact: 'start_failed';
      readonly pid: Pid;
      readonly incarnation: number;
      readonly error: string;
    }
  | {
      readonly fact: 'exited';
      readonly pid: Pid;
      readonly incarnation: number;
      readonly exitCode: number;
      readonly cause: ExitCause;
      readonly detail: string;
    }
  | {
      readonly fact: 'task_ended';
      readonly pid: Pid;
      readonly task: TaskId;
      readonly completed: boolean;
      readonly result: TaskResult;
      readonly error: string;
    }
  | { readonly fact: 'acked'; readonly pid: Pid; readonly acks: readonly Acknowledgement[] }
  /** M6: given to it, and over without a word of it on these. */
  | {
      readonly fact: 'delivery_failed';
      readonly pid: Pid;
      readonly messages: readonly MessageId[];
      readonly why: string;
    }
  | { readonly fact: 'responsive'; readonly pid: Pid; readonly isResponsive: boolean }
  /** S6: tokens came for it; or from now on a model call may be silent for `quietMs`. */
  | { readonly fact: 'progressed'; readonly pid: Pid; readonly quietMs: number }
  /** S7: what it gave with its last word. */
  | {
      readonly fact: 'checkpointed';
      readonly pid: Pid;
      readonly incarnation: number;
      readonly content: Content;
    }
  /** The answer to the effect `dump`. */
  | {
      readonly fact: 'dumped';
      readonly to: CallRef;
      readonly pid: Pid;
      readonly key: string;
      readonly content: Content;
    }
  | {
      readonly fact: 'log';
      readonly pid: Pid;
      readonly level: 'warn' | 'error';
      readonly message: string;
    }
  | ({ readonly fact: 'llm_called' } & LlmCallFact)
  /** M9: the stream that a subscription fed broke. */
  | { readonly fact: 'subscription_lost'; readonly pid: Pid; readonly subscription: number }
  /** A connection of operators is over, and what was subscribed to or opened over it. */
  | { readonly fact: 'channel_ended'; readonly channel: string };

type FactOf<F extends Fact['fact']> = Extract<Fact, { fact: F }>;

export class Facts {
  readonly #parts: KernelParts;

  constructor(parts: KernelParts) {
    this.#parts = parts;
  }

  /** In whose name the events are written. */
  authorOf(fact: Fact): Pid {
    return 'pid' in fact ? fact.pid : KING_PID;
  }

  take(fact: Fact): void {
    const handle = this.#handlers[fact.fact] as (fact: Fact) => void;
    handle(fact);
  }

  readonly #handlers: { readonly [F in Fact['fact']]: (fact: FactOf<F>) => void } = {
    booted: (fact) => this.#booted(fact),
    stopping: (fact) => this.#stopping(fact),
    stopped: (fact) => {
      this.#parts.log.emit('kernel.stopped', { reason: fact.reason });
    },
    started: (fact) => {
      const record = this.#current(fact);
      if (record === undefined || record.osPid !== 0) return;
      const { incarnation, osPid, osStarted } = fact;
      this.#parts.spawner.started(record, { incarnation, osPid, osStarted });
    },
    ready: (fact) => {
      const record = this.#current(fact);
      if (record !== undefined && record.osPid !== 0) this.#parts.spawner.ready(record);
    },
    start_failed: (fact) => this.#startFailed(fact),
    exited: (fact) => {
      const record = this.#current(fact);
      if (record === undefined) return;
      const { exitCode, cause, detail } = fact;
      if (record.state === 'starting') {
        const why = detail === '' ? `it ended with code ${exitCode} before it was ready` : detail;
        this.#parts.spawner.failed(record, why);
      } else this.#parts.life.exited(record, { exitCode, cause, detail });
    },
    task_ended: (fact) => {
      const task = this.#parts.tasks.byId.get(fact.task);
      if (task === undefined || task.pid !== fact.pid || !task.isRunning) return;
      // S5: what gives up because it is being stopped has not failed by itself. What becomes of it
      // is said when the run is over: another try, or its end with the process.
      if (!fact.completed && this.#isBeingStopped(fact.pid)) return;
      const outcome = fact.completed ? 'completed' : 'failed';
      const { result, error } = fact;
      this.#parts.dispatcher.finish(fact.task, { outcome, result, error });
    },
    acked: (fact) => this.#parts.ends.acknowledge(fact.pid, fact.acks),
    delivery_failed: (fact) => this.#parts.redelivery.failed(fact.pid, fact.messages, fact.why),
    responsive: (fact) => {
      const record = this.#live(fact.pid);
      if (record === undefined || record.isResponsive === fact.isResponsive) return;
      const { pid, isResponsive } = fact;
      this.#parts.log.emit('process.responsive', { pid, isResponsive });
      if (!isResponsive) this.#parts.watchdog.unresponsive(record);
    },
    progressed: ({ pid, quietMs }) => {
      if (this.#live(pid) !== undefined) this.#parts.watchdog.modelQuiet(pid, quietMs);
    },
    checkpointed: (fact) => {
      const record = this.#current(fact);
      if (record === undefined || fact.content.bytes > LIMITS.checkpointBytesMax) return;
      const { pid, content } = fact;
      this.#parts.log.emit('process.checkpointed', { pid, content });
    },
    dumped: (fact) => this.#dumped(fact),
    log: (fact) => {
      const { pid, level, message } = fact;
      this.#parts.log.emit('log.written', { pid, level, message, fields: { source: 'kernel' } });
    },
    subscription_lost: ({ pid, subscription }) => this.#parts.subscriptions.lost(pid, subscription),
    channel_ended: ({ channel }) => {
      this.#parts.subscriptions.endChannel(channel);
      this.#parts.pipes.endChannel(channel);
    },
    llm_called: ({ fact: _, ...call }) => {
      const promptTokens = tokenCount(call.promptTokens);
      const completionTokens = tokenCount(call.completionTokens);
      const { usdMicros: told } = call;
      const usdMicros = told === undefined ? {} : { usdMicros: amountOf(told) };
      this.#parts.reserver.settle({ ...call, ...usdMicros, promptTokens, completionTokens });
    },
  };

  #isBeingStopped(pid: Pid): boolean {
    const record = this.#parts.table.find(pid);
    return record?.state === 'stopping' && record.exiting === undefined;
  }

  /** A live one with a runtime: of the king and of virtual ones the world knows nothing. */
  #live(pid: Pid): ProcessRecord | undefined {
    const record = this.#parts.table.find(pid);
    if (record === undefined || isVirtual(record) || !isLive(record.state)) return undefined;
    return record;
  }

  /** The report is of the run that there is, or is about to be. */
  #current(fact: { pid: Pid; incarnation: number }): ProcessRecord | undefined {
    const record = this.#live(fact.pid);
    if (record === undefined || !record.isLaunched) return undefined;
    return runOf(record) === fact.incarnation ? record : undefined;
  }

  #startFailed(fact: FactOf<'start_failed'>): void {
    const record = this.#current(fact);
    if (record === undefined) return;
    if (record.state === 'starting') this.#parts.spawner.failed(record, fact.error);
    else {
      const detail = fact.error;
      this.#parts.life.exited(record, { exitCode: -1, cause: 'killed', detail });
    }
  }

  /** P2: the king is there before anything else. DESIGN §4: what ran died with the last kernel. */
  #booted(fact: FactOf<'booted'>): void {
    const { log, table, settings, life, waiter, mover, treasurer, reserver } = this.#parts;
    const { nodeName: node, agingMsPerLevel, artifactVersionsKept } = settings;
    const { version, bootId } = fact;
    const rules = { agingMsPerLevel, artifactVersionsKept };
    log.emit('kernel.booted', { version, bootId, node, rules });
    if (table.find(KING_PID) === undefined) {
      const spec = kingSpec(node, settings.tierModels.strategic, settings.kingChildrenMax);
      const body = { pid: KING_PID, parent: NO_PID, address: KING_ADDRESS, spec, owed: null };
      log.emit('process.spawned', body);
    }
    treasurer.configure();
    reserver.settleAll();
    reserver.endAll();
    const all = leavesFirst(table.king);
    // Nobody of them takes a result any more: what waits for a word of its parent waits on (S2).
    for (const record of all) if (record.isLaunched) waiter.endAllOf(record);
    for (const record of all) {
      if (!isLive(record.state)) life.scheduleDecay(record);
      else if (record.isLaunched) this.#diedWithKernel(record);
    }
    mover.adoptOrphans();
    for (const record of [...table.byPid.values()]) this.#comeBack(record);
  }

  #diedWithKernel(record: ProcessRecord): void {
    const { spawner, supervisor, life } = this.#parts;
    if (record.state === 'starting' && !record.wasReady) {
      spawner.failed(record, 'the kernel ended while it started');
    } else if (record.state === 'starting') {
      supervisor.returnAfterBoot(record, 'the kernel ended while it started');
    } else {
      const cause = record.state === 'stopping' ? 'killed' : 'kernel_died';
      const detail = 'the kernel ended and its agents with it';
      life.exited(record, { exitCode: -1, cause, detail });
    }
  }

  /** What a clean stop suspended, and sleepers for whom something came meanwhile. */
  #comeBack(record: ProcessRecord): void {
    const { supervisor, sleeper, life } = this.#parts;
    const wasSuspended =
      record.state === 'zombie' && record.exit?.cause === 'kernel_stopped' && !record.isGone;
    if (wasSuspended && comesBack(record.spec.restart)) {
      supervisor.returnAfterBoot(record, 'the kernel is up again');
    } else if (wasSuspended) life.scheduleDecay(record);
    else sleeper.stirForMail(record);
  }

  /** A clean stop: whatever runs is stopped, leaves first; nothing starts until the next boot. */
  #stopping(fact: FactOf<'stopping'>): void {
    const { stop, killer } = this.#parts;
    stop.set();
    killer.stopAll(fact.graceMs);
  }

  /** S1, USR1. What cannot be kept is told to who asked. */
  #dumped({ to, pid, key, content }: FactOf<'dumped'>): void {
    const { effects, librarian, table } = this.#parts;
    try {
      const owner = table.require(pid);
      if (owner.isGone) {
        throw new KernelError('wrong_state', `${describeProcess(owner)} ended meanwhile (P9).`);
      }
      const contentType = 'application/json';
      const order = { key, contentType, content, visibility: 'subtree', task: null } as const;
      librarian.store(owner, order);
      effects.push({ do: 'reply', to, result: { ok: true, value: { signalled: [pid], key } } });
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      effects.push({ do: 'reply', to, result: { ok: false, error } });
    }
  }
}

/** What a provider calls a number of tokens; a fact cannot be refused, so nonsense is bounded. */
function tokenCount(told: number): number {
  return told > 0 ? Math.min(Math.ceil(told), LIMITS.tokensPerReportMax) : 0;
}

const amountOf = (told: number): number =>
  told > 0 ? Math.min(Math.ceil(told), LIMITS.reserveMax) : 0;
