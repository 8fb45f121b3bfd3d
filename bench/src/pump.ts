// Keeps so many calls under way until so many are done: pipelined load without a queue of its own.
// Each lane starts its next call when its last was answered; the first failure is the whole one's.

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

const MS_PER_SECOND = 1_000;

export const perSecond = (count: number, tookMs: number): number =>
  (count * MS_PER_SECOND) / tookMs;
