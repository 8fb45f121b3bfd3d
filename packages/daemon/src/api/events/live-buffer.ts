// What a feed holds between the kernel, which does not wait, and its reader, who may be slow.
//   1. Bounded: by number and, roughly, by size. When it is full its events are dropped and the
//      reader goes back to the store, so nothing is lost and memory stays small.
//   2. Without a gap or a double: only the event that follows the last one enters.
//   3. Volatile observations have no store to go back to: the oldest go, and are counted.

import type { Event } from '@hivekernel/kernel';
import type { Observation } from '../../journal/host.ts';

export interface LiveBufferLimits {
  readonly eventsMax: number;
  readonly weightMax: number;
  readonly observationsMax: number;
}

export const LIVE_LIMITS: LiveBufferLimits = {
  eventsMax: 4_096,
  /** Characters of text in the events, about. */
  weightMax: 8 * 1024 * 1024,
  observationsMax: 1_024,
};

export class LiveBuffer {
  readonly #limits: LiveBufferLimits;
  #events: Event[] = [];
  #weight = 0;
  #observations: Observation[] = [];
  #missed = 0;
  /** The last one that entered. */
  #lastSeq = 0;
  #hasGap = true;
  #wake: (() => void) | undefined;

  /** Takes no events before the first `restart`: the store has them. */
  constructor(limits: LiveBufferLimits = LIVE_LIMITS) {
    this.#limits = limits;
  }

  /** Events are missing: read the store from the last one that was taken. */
  get hasGap(): boolean {
    return this.#hasGap;
  }

  pushEvents(events: readonly Event[]): void {
    for (const event of events) {
      if (this.#hasGap) return;
      if (event.seq > this.#lastSeq) this.#pushEvent(event);
    }
    this.#notify();
  }

  pushObservation(observation: Observation): void {
    if (this.#observations.length >= this.#limits.observationsMax) {
      this.#observations.shift();
      this.#missed += 1;
    }
    this.#observations.push(observation);
    this.#notify();
  }

  takeEvents(): readonly Event[] {
    const events = this.#events;
    this.#events = [];
    this.#weight = 0;
    return events;
  }

  takeObservations(): { observations: readonly Observation[]; missed: number } {
    const taken = { observations: this.#observations, missed: this.#missed };
    this.#observations = [];
    this.#missed = 0;
    return taken;
  }

  /** The reader has read the store up to here: events enter again after it. */
  restart(afterSeq: number): void {
    this.#lastSeq = afterSeq;
    this.#hasGap = false;
  }

  /** Resolves when there is something to take or the signal aborts. One waiter at a time. */
  waiting(signal: AbortSignal): Promise<void> {
    if (signal.aborted || !this.#isEmpty) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        this.#wake = undefined;
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#wake = done;
      signal.addEventListener('abort', done, { once: true });
    });
  }

  get #isEmpty(): boolean {
    return this.#events.length === 0 && this.#observations.length === 0 && !this.#hasGap;
  }

  #pushEvent(event: Event): void {
    const weight = weightOf(event.body);
    const isFull =
      this.#events.length >= this.#limits.eventsMax || this.#weight > this.#limits.weightMax;
    if (isFull || event.seq !== this.#lastSeq + 1) {
      this.#hasGap = true;
      this.takeEvents();
      return;
    }
    this.#events.push(event);
    this.#weight += weight;
    this.#lastSeq = event.seq;
  }

  #notify(): void {
    if (!this.#isEmpty) this.#wake?.();
  }
}

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
