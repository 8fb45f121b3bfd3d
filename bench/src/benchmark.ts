// What a benchmark is: a name, the group that it belongs to, and a run that gives figures. The list
// of them is in catalog.ts.
// Each warms up, measures several rounds and takes the median; it ends what it started.

/** A measured value beside its goal (DESIGN §8). */
export interface Figure {
  readonly name: string;
  /** Undefined: it was not measured, the note says why. */
  readonly value: number | undefined;
  readonly unit: string;
  /** Undefined: it is there to be compared with. */
  readonly goal: number | undefined;
  readonly isHigherBetter: boolean;
  /** For people: what the value is to be seen against. */
  readonly note: string;
}

/** Messages and what they tell; calls from a process; the life of processes. */
export type Group = 'ipc' | 'calls' | 'life';

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
  /** How many real agents, where a benchmark lets that be chosen. */
  readonly agents?: number;
  /** Daemon and agents leave CPU profiles there. */
  readonly profileDir?: string;
  /** Where compiled code is kept; default: each daemon's agents begin with none, as a user's do. */
  readonly compileCacheDir?: string;
}

export interface Benchmark {
  readonly name: string;
  readonly group: Group;
  /** It is given up after so long. */
  readonly withinMs: number;
  run(ground: Ground): Promise<readonly Figure[]>;
}

/** Undefined: there is nothing to judge. */
export function isMet({ value, goal, isHigherBetter }: Figure): boolean | undefined {
  if (value === undefined || goal === undefined) return undefined;
  return isHigherBetter ? value >= goal : value <= goal;
}
