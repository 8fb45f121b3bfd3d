// How load is made: many calls under way without a queue of their own, and one measurement after
// the other. Both are bounded: a slow or busy machine has fewer measurements, not a longer run.

export interface PumpOptions {
  readonly count: number;
  readonly underWayMax: number;
  readonly begin: () => Promise<unknown>;
}

/** Rejects with the first failure. Resolves with how many were done a second. */
export async function pump({ count, underWayMax, begin }: PumpOptions): Promise<number> {
  let left = count;
  const lane = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await begin();
    }
  };
  const beganMs = performance.now();
  await Promise.all(Array.from({ length: underWayMax }, lane));
  return perSecond(count, performance.now() - beganMs);
}

export interface RepeatOptions {
  readonly count: number;
  /** Of all of them; `LEAST` are made however long they take. */
  readonly withinMs: number;
  readonly measure: (index: number) => Promise<number>;
}

/** One that warms up, and two to choose from. */
const LEAST = 3;

/** One after the other. Rejects with the first failure. */
export async function repeat({ count, withinMs, measure }: RepeatOptions): Promise<number[]> {
  const measured: number[] = [];
  const endMs = performance.now() + withinMs;
  while (measured.length < count) {
    if (measured.length >= LEAST && performance.now() > endMs) break;
    measured.push(await measure(measured.length));
  }
  return measured;
}

/** How long the work took. */
export async function timedMs(work: () => Promise<unknown>): Promise<number> {
  const beganMs = performance.now();
  await work();
  return performance.now() - beganMs;
}

const MS_PER_SECOND = 1_000;

export const perSecond = (count: number, tookMs: number): number =>
  (count * MS_PER_SECOND) / tookMs;
