// Activity: moves a live process between idle, running and blocked as its tasks and waits change.
//   P4. Running only while it executes a task; blocked when each running task waits for something,
//       with the reason readable by everybody who may read the process.

import type { Log } from '../events/log.ts';
import type { ProcessRecord } from '../process/record.ts';
import { isAtWork, requireMove, type StateEvent } from '../process/states.ts';

/** `phase` is for people: why it waits. Throws `wrong_state` where the table has no such move. */
export function move(
  log: Log,
  record: ProcessRecord,
  step: { event: StateEvent; phase?: string },
): void {
  const from = record.state;
  const to = requireMove(from, step.event, `process ${record.pid}`);
  log.emit('process.moved', { pid: record.pid, from, to, phase: step.phase ?? '' });
}

/** Brings the state in line with the tasks; does nothing outside idle, running and blocked. */
export function settle(log: Log, record: ProcessRecord, phase: string): void {
  const isKing = record.parent === undefined; // P2: running always.
  if (isKing || !isAtWork(record.state)) return;
  if (record.tasksRunning === 0) {
    if (record.state !== 'idle') move(log, record, { event: 'done' });
    return;
  }
  if (record.state === 'idle') move(log, record, { event: 'work' });
  const isBlocked = record.waits >= record.tasksRunning;
  if (isBlocked && record.state === 'running') move(log, record, { event: 'wait', phase });
  if (!isBlocked && record.state === 'blocked') move(log, record, { event: 'resume' });
}
