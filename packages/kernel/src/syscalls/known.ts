// What the kernel knows of a process, for the dump that SIGUSR1 asks for (S1): what it waits for,
// what waits for it. Texts of others (mail, tasks' contexts) are not in it.

import type { ProcessRecord } from '../process/record.ts';
import type { KernelParts } from './parts.ts';
import { besideOf } from './phase.ts';
import { viewOf } from './views.ts';

const DESCRIPTION_CHARS_MAX = 500;

/** JSON. */
export function knownOf(parts: KernelParts, record: ProcessRecord): string {
  const { tasks, waits } = parts.state;
  const view = viewOf(record, besideOf(parts, record));
  return JSON.stringify({
    process: { ...view, limits: record.spec.limits, watch: record.spec.watch },
    tasks: [...tasks.of(record.pid)].map((task) => ({
      task: task.task,
      description: task.spec.description.slice(0, DESCRIPTION_CHARS_MAX),
      askedBy: task.by,
      isRunning: task.isRunning,
      tries: task.tries,
      deadlineMs: task.isRunning ? task.deadlineMonoMs - parts.log.monoMs : null,
    })),
    waitsFor: {
      children: waits.by(record.pid).map(({ target }) => target),
      tasks: [...record.requestedTasks],
    },
    waitedForBy: waits.on(record.pid).map(({ pid }) => pid),
    children: [...record.children.keys()],
  });
}
