// Results: what a process leaves to whoever waits for it. Who may take one, and how often, is the
// waiter's business.
//   S8. The true exit code and output; -1 for one that was killed (PROTOCOL §5).

import type { ExitCause } from '../events/words.ts';
import type { Pid } from '../ids.ts';
import type { ExitRecord, ProcessRecord } from '../process/record.ts';

export interface WaitReport {
  readonly pid: Pid;
  readonly name: string;
  /** -1 for one that was killed. */
  readonly exitCode: number;
  readonly output: string;
  readonly cause: ExitCause;
}

/** Of one that ended. */
export function resultOf(record: ProcessRecord): WaitReport {
  const { exitCode, output, cause } = record.exit as ExitRecord;
  return { pid: record.pid, name: record.spec.name, exitCode, output, cause };
}
