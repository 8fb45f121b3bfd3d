// What a benchmark is: a name, and a run that gives figures. The list of them is in catalog.ts.
// Each warms up, measures several rounds and takes the median; it ends what it started.

/** A measured value beside its goal (DESIGN §8). */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly goal: number;
  readonly isHigherBetter: boolean;
  /** For people: what the value is to be seen against. */
  readonly note: string;
}

/** `tiny` proves that it runs; its figures mean nothing. */
export type Effort = 'full' | 'tiny';

/** What a run stands on. */
export interface Ground {
  readonly effort: Effort;
  /** On the disk that is measured; each daemon makes a directory of its own in it. */
  readonly dir: string;
  /** Median of one write and its sync in `dir`. */
  readonly diskCommitMs: number;
  readonly signal: AbortSignal;
  /** Of what is left to chance: the same seed is the same run, as far as the machine allows. */
  readonly seed: number;
  /** Some measurements take as long as their issue asks for: minutes. */
  readonly isLong?: boolean;
  /** Daemon and agents leave CPU profiles there. */
  readonly profileDir?: string;
  /** Where compiled code is kept; default: each daemon's agents begin with none, as a user's do. */
  readonly compileCacheDir?: string;
}

export interface Benchmark {
  readonly name: string;
  /** It is given up after so long. */
  readonly withinMs: number;
  run(ground: Ground): Promise<readonly Figure[]>;
}

export const isMet = ({ value, goal, isHigherBetter }: Figure): boolean =>
  isHigherBetter ? value >= goal : value <= goal;
