// Seeded chance: one seed is one run, so that a seed is a bug report. Not for secrets.
// Each source is a sequence of its own: what one draws does not move another.

import type { Chance } from '@hivekernel/kernel';

/** Mulberry32: 32 bits of state, good enough to shuffle tests with. */
export class SeededChance implements Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from 0 up to, not including, `bound`. */
  below(bound: number): number {
    return Math.floor(this.next() * bound);
  }

  /** Throws for an empty list. */
  pick<T>(list: readonly T[]): T {
    if (list.length === 0) throw new Error('nothing to pick from');
    return list[this.below(list.length)] as T;
  }
}

const FIRST_SEED = 1;

/**
 * The seeds of a run: 1 to `count`, or only the one that the environment variable names, so that
 * `SEED=1234 vitest run file` repeats a failure.
 */
export function seeds(options: { count: number; fromEnv: string }): number[] {
  const asked = process.env[options.fromEnv];
  if (asked === undefined || asked === '') {
    return Array.from({ length: options.count }, (_, i) => FIRST_SEED + i);
  }
  const seed = Number(asked);
  if (!Number.isSafeInteger(seed)) throw new Error(`${options.fromEnv}=${asked} is no seed`);
  return [seed];
}
