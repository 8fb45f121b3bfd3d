// Medians and percentiles of measured values, by the nearest rank. No means: one slow sample of a
// shared machine would be in all of them.

/** `share` 0.5 is the median. Throws on an empty list: nothing was measured. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const rank = Math.max(0, Math.ceil(share * sorted.length) - 1);
  const value = sorted[rank];
  if (value === undefined) throw new Error('nothing was measured');
  return value;
}

export const median = (values: readonly number[]): number => percentile(values, 0.5);

/** Without those that warmed up: so many of the first, and at most half where there are few. */
export const warmedUp = (values: readonly number[], count: number): readonly number[] =>
  values.slice(Math.min(count, Math.floor(values.length / 2)));

/** To three significant digits, as far as they are behind the point. */
export function rounded(value: number): number {
  return value >= 100 ? Math.round(value) : Number(value.toPrecision(3));
}
