// The newest events, held once for all followers, between the kernel, which does not wait, and
// readers, who may be slow.
//   1. Bounded, by number and roughly by size, however many readers there are and however slow: a
//      reader has only its place. Who has fallen out of the window goes back to the store.
//   2. Without a gap or a double: what the window holds continues from `startSeq`, by one.
//   3. Volatile observations have no store to go back to: the oldest go, and each reader is told
//      how many it did not get.
// Listens to the host only while somebody holds it open.

import type { Event } from '@hivekernel/kernel';
import type { Host, Observation } from '../../journal/host.ts';
import { LIVE_LIMITS } from './limits.ts';
import type { LiveLimits } from './limits.ts';

type WindowHost = Pick<Host, 'onDurable' | 'onObservation' | 'durableSeq'>;

export interface Observed {
  readonly observations: readonly Observation[];
  /** Of those that came before these and are no longer held. */
  readonly missed: number;
  /** Where to go on. */
  readonly end: number;
}

interface Waiter {
  readonly wantsObservations: boolean;
  readonly wake: () => void;
}

export class LiveWindow {
  readonly #host: WindowHost;
  readonly #limits: LiveLimits;
  readonly #waiters = new Set<Waiter>();
  #holders = 0;
  #stops: readonly (() => void)[] = [];
  #events: Event[] = [];
  #weights: number[] = [];
  #weight = 0;
  /** All after this one and up to `#endSeq` are held. */
  #startSeq = 0;
  #endSeq = 0;
  #observations: Observation[] = [];
  /** How many observations there were before the first that is held. */
  #observedBefore = 0;

  constructor(host: WindowHost, limits: LiveLimits = LIVE_LIMITS) {
    this.#host = host;
    this.#limits = limits;
  }

  /** Keeps it filled until the returned function is called. */
  hold(): () => void {
    this.#holders += 1;
    if (this.#holders === 1) this.#open();
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#holders -= 1;
      if (this.#holders === 0) this.#close();
    };
  }

  /** Undefined: some after `afterSeq` are not held any more, read the store. */
  eventsAfter(afterSeq: number): readonly Event[] | undefined {
    if (afterSeq < this.#startSeq) return undefined;
    return afterSeq >= this.#endSeq ? NONE : this.#events.slice(afterSeq - this.#startSeq);
  }

  /** How many there were so far. */
  get observedEnd(): number {
    return this.#observedBefore + this.#observations.length;
  }

  observationsFrom(from: number): Observed {
    const missed = Math.max(0, this.#observedBefore - from);
    const start = Math.max(0, from - this.#observedBefore);
    return { observations: this.#observations.slice(start), missed, end: this.observedEnd };
  }

  /**
   * Resolves when there is something after the place, or the signal aborts. `observed` left out:
   * observations are not waited for.
   */
  waiting(place: { seq: number; observed?: number }, signal: AbortSignal): Promise<void> {
    const { seq, observed } = place;
    const isThere = seq < this.#endSeq || (observed ?? this.observedEnd) < this.observedEnd;
    if (signal.aborted || isThere) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waiters.delete(waiter);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      const waiter: Waiter = { wake, wantsObservations: observed !== undefined };
      this.#waiters.add(waiter);
      signal.addEventListener('abort', wake, { once: true });
    });
  }

  #open(): void {
    this.#restart(this.#host.durableSeq);
    this.#stops = [
      this.#host.onDurable((events) => this.#pushEvents(events)),
      this.#host.onObservation((observation) => this.#pushObservation(observation)),
    ];
  }

  #close(): void {
    for (const stop of this.#stops) stop();
    this.#stops = [];
    this.#restart(this.#host.durableSeq);
    this.#observedBefore = this.observedEnd;
    this.#observations = [];
  }

  #restart(seq: number): void {
    this.#events = [];
    this.#weights = [];
    this.#weight = 0;
    this.#startSeq = seq;
    this.#endSeq = seq;
  }

  #pushEvents(events: readonly Event[]): void {
    for (const event of events) {
      if (event.seq <= this.#endSeq) continue;
      if (event.seq !== this.#endSeq + 1) this.#restart(event.seq - 1);
      const weight = weightOf(event.body);
      this.#events.push(event);
      this.#weights.push(weight);
      this.#weight += weight;
      this.#endSeq = event.seq;
    }
    this.#trim();
    for (const { wake } of this.#waiters) wake();
  }

  /** In strides, so that most pushes move nothing. */
  #trim(): void {
    const { eventsMax, weightMax } = this.#limits;
    if (this.#events.length <= eventsMax && this.#weight <= weightMax) return;
    const { length } = this.#events;
    const leastOut = Math.max(length - eventsMax, Math.floor(length / TRIM_SHARE));
    let out = 0;
    while (out < length && (out < leastOut || this.#weight > weightMax)) {
      this.#weight -= this.#weights[out] as number;
      out += 1;
    }
    this.#events.splice(0, out);
    this.#weights.splice(0, out);
    this.#startSeq += out;
  }

  #pushObservation(observation: Observation): void {
    this.#observations.push(observation);
    if (this.#observations.length > this.#limits.observationsMax) {
      this.#observations.shift();
      this.#observedBefore += 1;
    }
    for (const { wake, wantsObservations } of this.#waiters) if (wantsObservations) wake();
  }
}

const NONE: readonly Event[] = [];

/** At least one of so many is let go at a time. */
const TRIM_SHARE = 8;

/** What a value of a few numbers costs. */
const BASE_WEIGHT = 64;

function weightOf(value: object): number {
  let weight = BASE_WEIGHT;
  for (const part of Object.values(value) as unknown[]) {
    if (typeof part === 'string') weight += part.length;
    else if (typeof part === 'object' && part !== null) weight += weightOf(part);
  }
  return weight;
}
