// How the end of a task is told: its exit code, its document, its error.
// The kernel decided how it ended; nothing here judges it again.

import type { TaskReport } from '@hivekernel/client';
import { CliError } from '../errors/cli-error.ts';
import { EXIT, exitCodeOf } from '../errors/exit-codes.ts';
import type { ExitCode } from '../errors/exit-codes.ts';

const EXIT_CODE_MAX = 255;

/** The task's own exit code where it completed; else by what went wrong. */
export function exitCodeOfTask(report: TaskReport): number {
  if (!report.isCompleted) return failureCode(report);
  const { exitCode } = report;
  return exitCode >= 0 && exitCode <= EXIT_CODE_MAX ? exitCode : EXIT.failed;
}

function failureCode({ errorCode }: TaskReport): ExitCode {
  return errorCode === '' ? EXIT.failed : exitCodeOf(errorCode);
}

/** `reports/x.md@v2`; null where the task tells of none. */
export function artifactOf({ metadata }: TaskReport): string | null {
  const { artifact, version } = metadata;
  if (artifact === undefined || artifact === '') return null;
  return version === undefined ? artifact : `${artifact}@v${version}`;
}

export function taskDocument(report: TaskReport, pid: number) {
  const { task, isCompleted, exitCode, output, artifacts, metadata, error, errorCode } = report;
  return {
    task,
    pid,
    completed: isCompleted,
    exitCode,
    output,
    artifacts,
    metadata,
    error: isCompleted ? null : { code: errorCode === '' ? 'failed' : errorCode, message: error },
    result: { artifact: artifactOf(report), exitCode },
  };
}

/** Undefined: it went well. */
export function taskError(report: TaskReport, who: string): CliError | undefined {
  const exitCode = exitCodeOfTask(report);
  if (exitCode === EXIT.ok) return undefined;
  const { task, errorCode } = report;
  const what = report.isCompleted
    ? `task ${task} of ${who} ended with exit code ${report.exitCode}`
    : `task ${task} of ${who} ${errorCode === 'timed_out' ? 'timed out' : 'failed'}`;
  return new CliError({
    code: errorCode === '' ? 'E_TASK_FAILED' : `E_${errorCode.toUpperCase()}`,
    exitCode: failureCode(report),
    message: what,
    why: report.error,
  });
}
