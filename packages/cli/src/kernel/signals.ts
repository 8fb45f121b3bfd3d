// Ctrl-C and its relatives, as something that can be awaited and counted.
// The first asks for a clean stop; what a second one means, the listener decides by the count.

export type StopSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';
const STOP_SIGNALS: readonly StopSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** Tells each stop signal, with how many there were. Returns what ends the listening. */
export function onStopSignals(listener: (signal: StopSignal, count: number) => void): () => void {
  let count = 0;
  const handlers = STOP_SIGNALS.map((signal) => {
    const handler = (): void => {
      count += 1;
      listener(signal, count);
    };
    process.on(signal, handler);
    return () => void process.removeListener(signal, handler);
  });
  return () => {
    for (const remove of handlers) remove();
  };
}

export interface UntilSignal {
  /** Aborts at the first stop signal; its reason is the signal's name. */
  readonly signal: AbortSignal;
  /** What to exit with after it; 0: none came. */
  readonly exitCode: number;
  readonly release: () => void;
}

export function untilSignal(): UntilSignal {
  const controller = new AbortController();
  const { signal } = controller;
  return {
    signal,
    release: onStopSignals((name) => controller.abort(name)),
    get exitCode() {
      return signal.aborted ? exitCodeOfSignal(signal.reason as StopSignal) : 0;
    },
  };
}

/** What a shell expects of a program that a signal ended. */
export const exitCodeOfSignal = (signal: StopSignal): number =>
  ({ SIGINT: 130, SIGTERM: 143, SIGHUP: 129 })[signal];
