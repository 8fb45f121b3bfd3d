// Which task the running code works for. Model calls follow its signal and name it without being
// told; kernel calls do not use this, since their context already knows.
import { AsyncLocalStorage } from 'node:async_hooks';
import { processWide } from './process-wide.ts';

export interface CurrentTask {
  readonly id: string;
  readonly signal: AbortSignal;
}

const storage = processWide('currentTask', () => new AsyncLocalStorage<CurrentTask>());

export const currentTask = (): CurrentTask | undefined => storage.getStore();

export function runInTask<T>(task: CurrentTask, work: () => T): T {
  return storage.run(task, work);
}
