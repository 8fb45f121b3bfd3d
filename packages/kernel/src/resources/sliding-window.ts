// Sliding counts in two windows: the count of the past window is the present one plus the fitting
// share of the one before. Plain values, so that they may be folded as well as volatile.

export interface WindowCount {
  /** Which window `current` is of. */
  window: number;
  current: number;
  previous: number;
}

export const newCount = (window: number): WindowCount => ({ window, current: 0, previous: 0 });

/** Brings a count into the window of `nowMonoMs`. */
export function roll(count: WindowCount, nowMonoMs: number, windowMs: number): void {
  const window = Math.floor(nowMonoMs / windowMs);
  if (count.window === window) return;
  count.previous = count.window === window - 1 ? count.current : 0;
  count.current = 0;
  count.window = window;
}

/** The sliding count, of one that was rolled. */
export const usedOf = (
  { current, previous }: WindowCount,
  nowMonoMs: number,
  windowMs: number,
): number => current + previous * (1 - (nowMonoMs % windowMs) / windowMs);

/** Until the sliding count falls to `room`, when nothing more comes. */
export function fallsInMs(
  { current, previous }: WindowCount,
  at: { nowMonoMs: number; windowMs: number; room: number },
): number {
  const { windowMs, room } = at;
  const intoMs = at.nowMonoMs % windowMs;
  const isInThis = current < room;
  const falling = isInThis ? previous : current;
  if (falling === 0) return 0;
  const left = isInThis ? room - current : room;
  const atMs = Math.max(0, (windowMs * (falling - left)) / falling);
  return isInThis ? Math.max(0, atMs - intoMs) : windowMs - intoMs + atMs;
}
