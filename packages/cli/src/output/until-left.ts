// How a command that goes on is left: by a stop signal, or because nobody reads what it prints.
// The second is no failure (UX §4.3).

import { exitCodeOfSignal, onStopSignals } from '../kernel/signals.ts';
import type { Terminal } from './terminal.ts';

export interface Leaving {
  /** Aborts when it is left. */
  readonly signal: AbortSignal;
  /** What to exit with then; 0 while nobody left it. */
  readonly exitCode: number;
  readonly release: () => void;
}

export function untilLeft(terminal: Terminal): Leaving {
  const controller = new AbortController();
  let exitCode = 0;
  const forget = onStopSignals((signal) => {
    exitCode = exitCodeOfSignal(signal);
    controller.abort(signal);
  });
  const look = terminal.whenUnread(() => controller.abort('unread'));
  return {
    signal: controller.signal,
    get exitCode() {
      return exitCode;
    },
    release: () => {
      forget();
      look();
    },
  };
}
