// The kernel. Commands and time go in, events and effects come out (D2); this file only passes each
// input to its place. What it is made of, and in which order, stands in syscalls/parts.ts.
//   D3. `drain` gives the events for the journal, and the effects with the seq each waits for.

import type { Content } from './events/content.ts';
import type { PendingEffect } from './events/effects.ts';
import type { CallRef, Event } from './events/event.ts';
import type { Pid } from './ids.ts';
import type { Chance, Time } from './ports.ts';
import type { KernelSettings } from './settings.ts';
import { restoreSnapshot, takeSnapshot } from './snapshot.ts';
import type { KernelState } from './state.ts';
import type { Call, Outcome } from './syscalls/abi.ts';
import { SyscallDispatcher } from './syscalls/dispatch.ts';
import { Facts, type Fact } from './syscalls/facts.ts';
import { buildParts, type KernelParts } from './syscalls/parts.ts';

export interface KernelOptions {
  readonly settings: KernelSettings;
  /** 0 on one machine. */
  readonly partition: number;
  /** For what is spread at random (S4). A kernel that only folds needs none. */
  readonly chance?: Chance;
}

const NO_CHANCE: Chance = { next: () => 0 };

export class Kernel {
  readonly state: KernelState;
  readonly parts: KernelParts;
  readonly #dispatch: SyscallDispatcher;
  readonly #facts: Facts;

  constructor(options: KernelOptions) {
    this.parts = buildParts({ ...options, chance: options.chance ?? NO_CHANCE });
    this.state = this.parts.state;
    const { parts } = this;
    this.#dispatch = new SyscallDispatcher(parts);
    this.#facts = new Facts(parts);
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
    this.parts.refusals.flush();
  }

  /** When `tick` is wanted next, on the kernel's clock. */
  get nextDeadline(): number | undefined {
    const timer = this.state.timers.nextDeadline;
    const summary = this.parts.refusals.nextDeadline;
    if (timer === undefined || summary === undefined) return timer ?? summary;
    return Math.min(timer, summary);
  }

  /** At the end of a pass: what is to be written, and what may leave after it. */
  drain(): { events: Event[]; effects: PendingEffect[] } {
    this.parts.deliverer.flush();
    this.parts.subscriptions.flush();
    this.parts.pipes.flush();
    this.parts.reserver.flush();
    return { events: this.state.log.drain(), effects: this.parts.effects.drain() };
  }

  set isStorageLow(isLow: boolean) {
    this.#dispatch.isStorageLow = isLow;
    this.parts.refusals.isPaused = isLow;
  }

  /** A process's link was made anew or lost: what was under way to it waits again. */
  resetDelivery(pid: Pid): void {
    this.parts.deliverer.reset(pid);
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
    for (const { inline, hash } of this.#contents()) {
      if (inline === undefined && hash !== undefined) yield hash;
    }
  }

  *#contents(): Generator<Content> {
    const { catalog, tasks, office, queueTable, topics, table } = this.state;
    for (const { checkpoint } of table.byPid.values()) {
      if (checkpoint !== undefined) yield checkpoint;
    }
    for (const { versions } of catalog.all()) for (const { content } of versions) yield content;
    for (const { spec } of tasks.byId.values()) yield spec.context;
    for (const shelf of [...office.boxes.values(), ...queueTable.all()]) {
      for (const { content } of shelf.messages()) yield content;
      for (const { content } of shelf.deadLetters) yield content;
    }
    for (const { content } of topics.publications()) yield content;
  }

  /** Calls whose answer is owed: as far as the durable state knows, and in pipes (`inherit`). */
  *owedRefs(): Generator<CallRef> {
    const { tasks, waits, kills, escalations, budgetWaits, table } = this.state;
    for (const { owed } of tasks.byId.values()) if (owed !== null) yield owed;
    for (const { owed } of waits.byId.values()) yield owed;
    for (const { owed } of budgetWaits.byId.values()) yield owed;
    for (const { owed } of kills.byId.values()) if (owed !== null) yield owed;
    for (const { owed } of escalations.byId.values()) if (owed !== null) yield owed;
    yield* this.parts.pipes.owedRefs();
    for (const { owed, halting } of table.byPid.values()) {
      if (owed !== null) yield owed;
      if (halting?.owed !== undefined) yield halting.owed;
    }
  }

  /** Fills a fresh kernel: a snapshot, then the events after it, then `resume`. */
  restore(body: string): void {
    restoreSnapshot(this.state, body);
  }

  replay(event: Event): void {
    this.state.log.replay(event);
  }

  /**
   * After a refold in the middle of its life, what the kernel before it was told and no event
   * holds: declared silences (S6), who waits for a place (P6), pipes (M10), a stop that has begun.
   * Subscriptions are over, and what they held waits again; their numbers are not used for others.
   */
  inherit(from: Kernel): void {
    this.parts.watchdog.inherit(from.parts.watchdog);
    this.parts.sleeper.inherit(from.parts.sleeper);
    this.parts.subscriptions.inherit(from.parts.subscriptions);
    this.parts.pipes.inherit(from.parts.pipes);
    if (from.parts.stop.isSet) this.parts.stop.set();
  }

  /** After the replay: timers run again. */
  resume(): void {
    this.parts.dispatcher.rearm();
    this.parts.redelivery.rearm();
    this.parts.waiter.rearm();
    this.parts.escalations.rearm();
    this.parts.supervisor.rearm();
    for (const record of this.state.table.byPid.values()) {
      this.parts.life.scheduleDecay(record);
      this.parts.watchdog.onState(record);
      this.parts.sleeper.onState(record);
    }
  }
}
