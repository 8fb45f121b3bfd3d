import type { KernelEvent } from '@hivekernel/client';
import { describe, expect, it } from 'vitest';
import { InjectedCrash } from './injected-crash.ts';
import { RunModel } from './run-model.ts';

function event(kind: string, pid: number, body: object = {}): KernelEvent {
  const journal = { kind, body: { pid, ...body } };
  return { type: kind, seq: 1, pid, journal, event: { fields: {} } } as unknown as KernelEvent;
}

function ground(kill: (osPid: number) => void = () => undefined) {
  const model = new RunModel();
  const killed: number[] = [];
  const notes: string[] = [];
  const seen: string[] = [];
  const view = {
    onEvent: ({ type }: KernelEvent) => seen.push(type),
    note: (line: string) => notes.push(line),
    end: () => seen.push('end'),
  };
  const crash = new InjectedCrash(view, {
    model,
    kill: (osPid) => {
      killed.push(osPid);
      kill(osPid);
    },
  });
  for (const [pid, role] of [
    [2, 'lead'],
    [3, 'worker'],
    [4, 'worker'],
  ] as const) {
    model.apply(
      event('process.spawned', pid, { parent: 1, spec: { name: `${role}-${pid}`, role } }),
    );
    model.apply(event('process.started', pid, { osPid: 1_000 + pid }));
  }
  return { crash, killed, notes, seen };
}

describe('InjectedCrash', () => {
  it('kills the first worker that begins a task, and no other', () => {
    const { crash, killed, notes, seen } = ground();
    for (const pid of [2, 3, 4, 3]) crash.onEvent(event('task.started', pid));
    expect(killed).toEqual([1_003]);
    expect(notes).toEqual([
      expect.stringContaining('kill -9 of worker-3 (pid 3, OS process 1003)'),
    ]);
    crash.end();
    expect(seen).toEqual(['task.started', 'task.started', 'task.started', 'task.started', 'end']);
  });

  it('bears that the worker is gone already', () => {
    const { crash } = ground(() => {
      throw new Error('ESRCH');
    });
    expect(() => crash.onEvent(event('task.started', 3))).not.toThrow();
  });
});
