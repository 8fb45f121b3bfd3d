// The work: how many primes there are in a stretch of numbers. Small, the same wherever and
// however often it is done, and known beforehand, so that a piece that is missing, or there twice,
// shows.

/** Numbers in one piece. */
export const STRETCH = 10_000;

/** From `from` to below `to`. */
export function primesIn(from: number, to: number): number {
  let count = 0;
  for (let n = Math.max(2, from); n < to; n += 1) if (isPrime(n)) count += 1;
  return count;
}

function isPrime(n: number): boolean {
  for (let divisor = 2; divisor * divisor <= n; divisor += 1) {
    if (n % divisor === 0) return false;
  }
  return true;
}
