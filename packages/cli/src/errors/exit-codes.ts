// What the exit codes mean, and which one each error ends with. The one place that knows both
// vocabularies; total, so that a new code of the kernel is a compile error here (UX §4.4).

import type { ErrorCode } from '@hivekernel/daemon';

export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  noMatch: 3,
  refused: 4,
  wrongState: 5,
  budget: 6,
  timedOut: 7,
  partial: 8,
  unreachable: 69,
  bug: 70,
  config: 78,
  interrupted: 130,
  terminated: 143,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export const EXIT_MEANINGS: Readonly<Record<keyof typeof EXIT, string>> = {
  ok: 'It was done.',
  failed: 'The thing failed: a task, a check, a start.',
  usage: 'Bad usage: an unknown command or flag, a bad value, or a confirmation that nobody gave.',
  noMatch: 'Nothing matches: no such agent, artifact or file of an agent.',
  refused: 'The kernel refused: rights or identity.',
  wrongState: 'Wrong state or conflict: already running, already gone, a limit, a full queue.',
  budget: 'The budget is exhausted.',
  timedOut: 'It took longer than it may.',
  partial: 'Some targets failed, others did not.',
  unreachable: 'No kernel can be reached.',
  bug: 'Our own fault.',
  config: 'The configuration is bad, or Node is too old.',
  interrupted: 'Interrupted (Ctrl-C).',
  terminated: 'Terminated (SIGTERM).',
};

export const EXIT_BY_ERROR: Readonly<Record<ErrorCode, ExitCode>> = {
  invalid_argument: EXIT.usage,
  not_found: EXIT.noMatch,
  gone: EXIT.noMatch,
  unauthenticated: EXIT.refused,
  permission_denied: EXIT.refused,
  wrong_state: EXIT.wrongState,
  conflict: EXIT.wrongState,
  limit_exceeded: EXIT.wrongState,
  too_large: EXIT.usage,
  queue_full: EXIT.wrongState,
  rate_limited: EXIT.wrongState,
  budget_exhausted: EXIT.budget,
  storage_full: EXIT.failed,
  start_failed: EXIT.failed,
  timed_out: EXIT.timedOut,
  cancelled: EXIT.failed,
  unavailable: EXIT.unreachable,
  unimplemented: EXIT.failed,
  unknown_outcome: EXIT.failed,
  fenced: EXIT.unreachable,
  data_loss: EXIT.failed,
  internal: EXIT.bug,
};

/** A word that no table knows comes from a newer kernel: then it just failed. */
export function exitCodeOf(errorCode: string): ExitCode {
  return Object.hasOwn(EXIT_BY_ERROR, errorCode)
    ? EXIT_BY_ERROR[errorCode as ErrorCode]
    : EXIT.failed;
}

/** At a start `unavailable` is something else than the kernel: a directory, a model. */
export const exitCodeOfStartError = (errorCode: string): ExitCode =>
  errorCode === 'unavailable' ? EXIT.failed : exitCodeOf(errorCode);
