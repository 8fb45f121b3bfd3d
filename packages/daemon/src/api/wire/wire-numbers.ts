// Numbers of the kernel as numbers that the wire can carry. An encoder throws for a number that
// does not fit its field, and one sick counter would take a whole listing with it; so what does not
// fit becomes the nearest number that does.
//   1. What is whole, in range and exact passes unchanged.
//   2. Never throws. What is no number at all becomes 0.
// For counters that are shown, never for ids: a wrong id would name somebody else.

const INT32_END = 2 ** 31;
const UINT32_MAX = 2 ** 32 - 1;

/** For a uint64 field. Up to 2^53 - 1, which is as far as every reader of ours is exact. */
export const shownCount = (value: number): number =>
  fitted(value, { min: 0, max: Number.MAX_SAFE_INTEGER });

/** For a uint32 field. */
export const shownCount32 = (value: number): number => fitted(value, { min: 0, max: UINT32_MAX });

/** For an int64 field. As far as every reader of ours is exact. */
export const shownInt64 = (value: number): number =>
  fitted(value, { min: -Number.MAX_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER });

/** For an int32 field. */
export const shownInt32 = (value: number): number =>
  fitted(value, { min: -INT32_END, max: INT32_END - 1 });

function fitted(value: number, range: { min: number; max: number }): number {
  if (Number.isNaN(value)) return 0;
  return Math.min(Math.max(Math.trunc(value), range.min), range.max);
}
