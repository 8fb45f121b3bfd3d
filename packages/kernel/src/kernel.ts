// The kernel's boot list. Commands and time go in, events and effects come out (D2); this file only
// says what is built in which order, and passes each input to its place.
//   D3. `drain` gives the events for the journal, and the effects with the seq each waits for.

import type { CallRef, Event } from './events/event.ts';
import { EffectQueue, type PendingEffect } from './events/effects.ts';
import type { Pid } from './ids.ts';
import { Librarian } from './artifacts/librarian.ts';
import { Broker } from './ipc/broker.ts';
import { Deliverer } from './ipc/delivery.ts';
import { Refusals } from './permissions/refusals.ts';
import type { Time } from './ports.ts';
import { CallRate } from './resources/call-rate.ts';
import { Dispatcher } from './scheduler/dispatcher.ts';
import type { KernelSettings } from './settings.ts';
import { restoreSnapshot, takeSnapshot } from './snapshot.ts';
import { KernelState } from './state.ts';
import { Escalations } from './supervision/escalations.ts';
import { Killer } from './supervision/killer.ts';
import { Life, type LifeListener } from './supervision/life.ts';
import { Spawner } from './supervision/spawner.ts';
import { Waiter } from './supervision/waiter.ts';
import type { Call, Outcome } from './syscalls/abi.ts';
import type { KernelParts } from './syscalls/context.ts';
import { SyscallDispatcher } from './syscalls/dispatch.ts';
import { Facts, type Fact } from './syscalls/facts.ts';

export interface KernelOptions {
  readonly settings: KernelSettings;
  /** 0 on one machine. */
  readonly partition: number;
}

export class Kernel {
  readonly state: KernelState;
  readonly parts: KernelParts;
  readonly #effects: EffectQueue;
  readonly #deliverer: Deliverer;
  readonly #refusals: Refusals;
  readonly #dispatch: SyscallDispatcher;
  readonly #facts: Facts;

  constructor({ settings, partition }: KernelOptions) {
    const state = new KernelState({
      partition,
      settings,
      onExpired: (message) => broker.expire(message),
    });
    const { log, table, office, catalog, tasks, waits, kills, timers, ledger } = state;
    const effects = new EffectQueue(() => log.lastSeq);
    const deliverer = new Deliverer({ table, office, effects });
    const broker: Broker = new Broker({
      log,
      table,
      office,
      onWaiting: deliverer.note,
      onAcknowledged: (message, ack) => escalations.onAcknowledged(message, ack),
    });
    const librarian = new Librarian({
      log,
      table,
      catalog,
      quotaBytesPerUser: settings.artifactQuotaBytesPerUser,
    });
    const dispatcher: Dispatcher = new Dispatcher({
      log,
      table,
      tasks,
      effects,
      timers,
      onFinished: (record, { result }) => {
        if (record.spec.exitAfterTask && record.state === 'idle') life.exit(record, result);
      },
    });
    const life: Life = new Life({
      log,
      table,
      effects,
      timers,
      broker,
      deliverer,
      dispatcher,
      settings,
      listeners: (): readonly LifeListener[] => listeners,
    });
    const spawner = new Spawner({ log, table, effects, life, dispatcher, settings });
    const killer = new Killer({ log, table, kills, effects, life });
    const defaultMs = settings.waitDefaultMs;
    const waiter = new Waiter({ log, table, waits, effects, timers, life, defaultMs });
    const escalations: Escalations = new Escalations({
      log,
      table,
      records: state.escalations,
      broker,
      effects,
      timers,
      answerMs: settings.escalationAnswerMs,
    });
    const listeners: readonly LifeListener[] = [spawner, waiter, escalations, killer];
    this.state = state;
    this.#effects = effects;
    this.#deliverer = deliverer;
    this.parts = {
      settings,
      log,
      effects,
      table,
      office,
      catalog,
      tasks,
      ledger,
      broker,
      librarian,
      dispatcher,
      life,
      spawner,
      killer,
      waiter,
      escalations,
    };
    this.#refusals = new Refusals(log);
    const rate = new CallRate(settings.syscallsPerMinuteMax);
    const { parts } = this;
    this.#dispatch = new SyscallDispatcher({ parts, refusals: this.#refusals, rate });
    this.#facts = new Facts(this.parts);
  }

  /** Serves one syscall. The reply may leave once `gate` is durable, or is owed as an effect. */
  dispatch(call: Call, time: Time): Outcome {
    return this.#dispatch.dispatch(call, time);
  }

  /** Takes what the world reports. */
  input(fact: Fact, time: Time): void {
    this.state.log.begin(time, this.#facts.authorOf(fact));
    this.#facts.take(fact);
  }

  /** Lets time pass: fires what is due. */
  tick(time: Time): void {
    this.state.log.begin(time, this.parts.table.king.pid);
    this.state.timers.fireDue(time.monoMs);
    this.#refusals.flush();
  }

  /** When `tick` is wanted next, on the kernel's clock. */
  get nextDeadline(): number | undefined {
    const timer = this.state.timers.nextDeadline;
    const summary = this.#refusals.nextDeadline;
    if (timer === undefined || summary === undefined) return timer ?? summary;
    return Math.min(timer, summary);
  }

  /** At the end of a pass: what is to be written, and what may leave after it. */
  drain(): { events: Event[]; effects: PendingEffect[] } {
    this.#deliverer.flush();
    return { events: this.state.log.drain(), effects: this.#effects.drain() };
  }

  set isStorageLow(isLow: boolean) {
    this.#dispatch.isStorageLow = isLow;
  }

  /** A process's link was made anew or lost: what was under way to it waits again. */
  resetDelivery(pid: Pid): void {
    this.#deliverer.reset(pid);
  }

  snapshot(): string {
    return takeSnapshot(this.state);
  }

  /** The time of the last event: where a restored kernel's clock goes on. */
  get stamp(): Time {
    return this.state.log.stamp;
  }

  /** Hashes of content that the state refers to; retention must keep it. */
  *liveHashes(): Generator<string> {
    for (const artifact of this.state.catalog.all()) {
      for (const { content } of artifact.versions) {
        if (content.inline === undefined && content.hash !== undefined) yield content.hash;
      }
    }
    for (const box of this.state.office.boxes.values()) {
      for (const { content } of box.messages()) if (content.hash !== undefined) yield content.hash;
      for (const { content } of box.deadLetters) if (content.hash !== undefined) yield content.hash;
    }
  }

  /** Calls whose answer is owed, as far as the durable state knows. */
  *owedRefs(): Generator<CallRef> {
    const { tasks, waits, kills, escalations, table } = this.state;
    for (const { owed } of tasks.byId.values()) if (owed !== null) yield owed;
    for (const { owed } of waits.byId.values()) yield owed;
    for (const { owed } of kills.byId.values()) if (owed !== null) yield owed;
    for (const { owed } of escalations.byId.values()) if (owed !== null) yield owed;
    for (const { owed } of table.byPid.values()) if (owed !== null) yield owed;
  }

  /** Fills a fresh kernel: a snapshot, then the events after it, then `resume`. */
  restore(body: string): void {
    restoreSnapshot(this.state, body);
  }

  replay(event: Event): void {
    this.state.log.replay(event);
  }

  /** After the replay: timers run again. */
  resume(): void {
    this.parts.dispatcher.rearm();
    this.parts.waiter.rearm();
    this.parts.escalations.rearm();
  }
}
