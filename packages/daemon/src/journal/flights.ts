// Flights: the appends under way, in order, each with what leaves when it is durable, and with what
// is told again when it fails. They do not append; the journaled kernel does.

import type { Blob, Event, Fact } from '@hivekernel/kernel';

export interface Flight<Output> {
  readonly lastSeq: number;
  readonly events: readonly Event[];
  /** Content that came in its pass. */
  readonly blobs: Map<string, Blob>;
  /** What they held when it left. */
  readonly blobBytes: number;
  /** What the world reported in it: told again if the append fails. */
  readonly facts: readonly Fact[];
  readonly outputs: Output[];
}

export class Flights<Output> {
  #flights: Flight<Output>[] = [];
  #whenEmpty: (() => void)[] = [];

  get count(): number {
    return this.#flights.length;
  }

  add(flight: Omit<Flight<Output>, 'outputs' | 'blobBytes'>): Flight<Output> {
    let blobBytes = 0;
    for (const { bytes } of flight.blobs.values()) blobBytes += bytes.length;
    const full: Flight<Output> = { ...flight, blobBytes, outputs: [] };
    this.#flights.push(full);
    return full;
  }

  /** False when the flight has landed or was given up. */
  has(flight: Flight<Output>): boolean {
    return this.#flights.includes(flight);
  }

  /** Gives the output to the first flight that makes `gate` durable; false when none does. */
  attach(gate: number, output: Output): boolean {
    for (const flight of this.#flights) {
      if (flight.lastSeq < gate) continue;
      flight.outputs.push(output);
      return true;
    }
    return false;
  }

  remove(flight: Flight<Output>): void {
    this.#flights = this.#flights.filter((one) => one !== flight);
    this.#tellEmpty();
  }

  /** This one and those after it, which continue from it; those before it stay under way. */
  takeFrom(flight: Flight<Output>): Flight<Output>[] {
    const taken = this.#flights.splice(this.#flights.indexOf(flight));
    this.#tellEmpty();
    return taken;
  }

  /** Content under way, in bytes. */
  get blobBytes(): number {
    return this.#flights.reduce((sum, { blobBytes }) => sum + blobBytes, 0);
  }

  /** Resolves when none is under way. */
  landed(): Promise<void> {
    if (this.#flights.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenEmpty.push(resolve));
  }

  #tellEmpty(): void {
    if (this.#flights.length > 0) return;
    const waiting = this.#whenEmpty;
    this.#whenEmpty = [];
    for (const resolve of waiting) resolve();
  }
}
