import type { TaskReport } from '@hivekernel/client';
import { describe, expect, it } from 'vitest';
import { artifactOf, exitCodeOfTask, taskDocument, taskError } from './task-outcome.ts';

const DONE: TaskReport = {
  task: 't12',
  isCompleted: true,
  exitCode: 0,
  output: 'text',
  artifacts: {},
  metadata: { artifact: 'reports/x.md', version: '2' },
  error: '',
  errorCode: '',
};
const FAILED: TaskReport = { ...DONE, isCompleted: false, error: 'no model', exitCode: 1 };

describe('exitCodeOfTask()', () => {
  it.each([
    [DONE, 0],
    [{ ...DONE, exitCode: 3 }, 3],
    [{ ...DONE, exitCode: 255 }, 255],
    [{ ...DONE, exitCode: -1 }, 1],
    [{ ...DONE, exitCode: 256 }, 1],
    [FAILED, 1],
    [{ ...FAILED, exitCode: 9 }, 1],
    [{ ...FAILED, errorCode: 'timed_out' }, 7],
    [{ ...FAILED, errorCode: 'budget_exhausted' }, 6],
    [{ ...FAILED, errorCode: 'cancelled' }, 1],
  ])('of %j is %i', (report, exitCode) => {
    expect(exitCodeOfTask(report)).toBe(exitCode);
  });
});

describe('artifactOf()', () => {
  it('is the key with its version, as `artifact get` takes it', () => {
    expect(artifactOf(DONE)).toBe('reports/x.md@v2');
    expect(artifactOf({ ...DONE, metadata: { artifact: 'a' } })).toBe('a');
    expect(artifactOf({ ...DONE, metadata: {} })).toBeNull();
  });
});

describe('taskDocument(), taskError()', () => {
  it('tell of an end that was good', () => {
    expect(taskDocument(DONE, 7)).toMatchObject({
      task: 't12',
      pid: 7,
      completed: true,
      exitCode: 0,
      output: 'text',
      error: null,
      result: { artifact: 'reports/x.md@v2' },
    });
    expect(taskError(DONE, 'queen')).toBeUndefined();
  });

  it('tell of one that was not', () => {
    expect(taskDocument(FAILED, 7)).toMatchObject({
      completed: false,
      error: { code: 'failed', message: 'no model' },
    });
    expect(taskError(FAILED, 'queen (pid 7)')).toMatchObject({
      code: 'E_TASK_FAILED',
      exitCode: 1,
      message: 'task t12 of queen (pid 7) failed',
      why: 'no model',
    });
    expect(taskError({ ...FAILED, errorCode: 'timed_out' }, 'q')).toMatchObject({
      code: 'E_TIMED_OUT',
      exitCode: 7,
    });
  });
});
