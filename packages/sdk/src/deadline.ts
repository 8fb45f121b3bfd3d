// How long a caller waits, and the seconds of the wire. No timer runs here: the link and the model
// client keep the time.

export interface CallOptions {
  /** Gives the call up. */
  readonly signal?: AbortSignal | undefined;
  /** How long the caller waits; left out: as long as the kernel does. */
  readonly timeoutMs?: number | undefined;
}

/** The waiting part of options that hold more. */
export function patience({ signal, timeoutMs }: CallOptions): CallOptions {
  return { signal, timeoutMs };
}

/** One signal out of those that are there; `undefined` when none is. */
export function anySignal(...given: readonly (AbortSignal | undefined)[]): AbortSignal | undefined {
  const signals = given.filter((signal) => signal !== undefined);
  return signals.length <= 1 ? signals[0] : AbortSignal.any(signals);
}

const MS_PER_SECOND = 1_000;

/** Whole seconds of the wire, rounded up; left out: 0, which is the kernel's default. */
export function wireSeconds(durationMs: number | undefined): number {
  return durationMs === undefined ? 0 : Math.ceil(durationMs / MS_PER_SECOND);
}
