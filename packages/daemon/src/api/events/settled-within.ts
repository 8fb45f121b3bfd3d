// Whether a promise settles in time.
// Not a cancellation: the promise goes on.

/** Leaves no timer behind. The promise must not reject. */
export async function settledWithin(promise: Promise<void>, withinMs: number): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), withinMs);
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
