import { taskSpec, testKernel } from '@hivekernel/testkit';
import type { TestKernel } from '@hivekernel/testkit';
import { describe, expect, it } from 'vitest';
import type { TaskSpec } from '../events/event.ts';
import type { Pid, TaskId } from '../ids.ts';

const SIGNAL = { isRecursive: false, reason: '', graceMs: 0 } as const;

/** A lead, and a worker that comes back after a crash and runs one task at a time. */
function pair(t: TestKernel, concurrentTasksMax = 1): { lead: Pid; worker: Pid } {
  const lead = t.spawn({ name: 'lead', role: 'lead', image: 'hold' });
  const limits = { concurrentTasksMax };
  const wish = { name: 'worker', role: 'lead', image: 'hold', restart: 'transient' } as const;
  return { lead, worker: t.spawn({ ...wish, limits }, { pid: lead }) };
}

const give = (t: TestKernel, pid: Pid, by: Pid, wish: Partial<TaskSpec> = {}) =>
  t.call('execute_on', { pid, spec: taskSpec(wish) }, { pid: by });

const tasksOf = (t: TestKernel, pid: Pid): TaskId[] => [...t.runtime.agent(pid).tasks.keys()];
const namesOf = (t: TestKernel, pid: Pid): string[] =>
  [...t.runtime.agent(pid).tasks.values()].map(({ spec }) => spec.description);

function crashes(t: TestKernel, pid: Pid): void {
  t.ends(pid);
  t.advanceMs(16_000);
}

describe('a task whose process ends under it and comes back', () => {
  it('fails with the run, where it is not to be tried again (S5)', () => {
    const t = testKernel();
    const { lead, worker } = pair(t);
    const ticket = give(t, worker, lead);
    crashes(t, worker);
    expect(ticket.value).toMatchObject({ outcome: 'failed', result: { exitCode: 1 } });
    expect(ticket.value.error).toContain('worker (pid 3) ended (crashed)');
    expect(t.view(worker).state).toBe('idle');
  });

  it('is tried again as often as it says, and then fails (S5)', () => {
    const t = testKernel();
    const { lead, worker } = pair(t);
    const ticket = give(t, worker, lead, { retriesMax: 2 });
    const [task] = tasksOf(t, worker);
    for (let tries = 1; tries <= 2; tries += 1) {
      t.ends(worker);
      expect(t.view(worker)).toMatchObject({ state: 'starting', tasksQueued: 1 });
      expect(t.eventsOf('task.retried').at(-1)?.body).toMatchObject({
        ...{ task, pid: worker, tries },
        why: expect.stringContaining('crashed'),
      });
      t.advanceMs(16_000);
      expect(tasksOf(t, worker)).toEqual([task]);
      expect(ticket.isAnswered).toBe(false);
    }
    t.ends(worker);
    expect(ticket.value.outcome).toBe('failed');
    expect(t.eventsOf('task.retried')).toHaveLength(2);
  });

  it('gives the result of the try that ends well (S5)', () => {
    const t = testKernel();
    const { lead, worker } = pair(t);
    const ticket = give(t, worker, lead, { retriesMax: 1 });
    crashes(t, worker);
    t.runtime.finishes(worker, tasksOf(t, worker)[0] as TaskId, { output: 'second time' });
    t.pass();
    expect(ticket.value.result.output).toBe('second time');
  });

  it('goes before those that came after it; those in line stay there (S5, P6)', () => {
    const t = testKernel();
    const { lead, worker } = pair(t, 2);
    const give3 = ['a', 'b', 'c', 'd'].map((description) =>
      give(t, worker, lead, { description, retriesMax: description === 'a' ? 1 : 0 }),
    );
    expect(namesOf(t, worker)).toEqual(['a', 'b']);
    t.ends(worker);
    expect(give3.map(({ isAnswered }) => isAnswered)).toEqual([false, true, false, false]);
    expect(t.view(worker)).toMatchObject({ tasksRunning: 0, tasksQueued: 3 });
    t.advanceMs(1_000);
    expect(namesOf(t, worker)).toEqual(['a', 'c']);
  });

  it('has its whole time again for each try', () => {
    const t = testKernel();
    const { lead, worker } = pair(t);
    const ticket = give(t, worker, lead, { retriesMax: 1, timeoutMs: 20_000 });
    t.advanceMs(15_000);
    t.ends(worker);
    t.advanceMs(1_000);
    const startedMonoMs = t.eventsOf('task.started').at(-1)?.monoMs ?? 0;
    t.advanceMs(startedMonoMs + 19_999 - t.time.monoMs);
    expect(ticket.isAnswered).toBe(false);
    t.advanceMs(1);
    expect(ticket.value.outcome).toBe('timed_out');
  });

  it('is not blocked by what its earlier try waited for (P4)', () => {
    const t = testKernel();
    const { lead, worker } = pair(t);
    t.runtime.behaves(lead, { mail: 'keep' });
    const child = t.spawn({ image: 'hold' }, { pid: worker });
    give(t, worker, lead, { retriesMax: 1 });
    const from = { pid: worker, task: tasksOf(t, worker)[0] as TaskId };
    const issue = { issue: 'i', severity: 'info', context: {}, autoPropagate: true } as const;
    const owed = [
      t.call('wait_child', { pid: child, timeoutMs: 0 }, from),
      t.call('execute_on', { pid: child, spec: taskSpec() }, from),
      t.call('escalate', issue, from),
    ];
    expect(t.view(worker).state).toBe('blocked');
    t.ends(worker);
    expect(owed.map(({ isAnswered }) => isAnswered)).toEqual([true, true, true]);
    t.advanceMs(1_000);
    expect(t.view(worker)).toMatchObject({ state: 'running', phase: '' });
    expect(t.view(child).state).toBe('idle');
    expect(t.kernel.state.escalations.byId.size).toBe(0);
  });

  it('is cancelled in line by who asked for it, or with who asked for it (S1)', () => {
    const t = testKernel();
    const { lead, worker } = pair(t);
    const given = give(t, worker, lead, { retriesMax: 3 });
    t.ends(worker);
    t.call('cancel', { call: given.ref }, { pid: lead });
    expect(given.value.outcome).toBe('cancelled');
    const other = give(t, worker, lead, { retriesMax: 3 });
    t.call('kill', { pid: lead, isRecursive: false, reason: 'normal', graceMs: 0 });
    expect(other.value.outcome).toBe('cancelled');
    t.advanceMs(1_000);
    expect(t.view(worker)).toMatchObject({ state: 'idle', tasksQueued: 0 });
  });

  it('fails when its process is killed in the backoff, or quarantined (S4, S5)', () => {
    const t = testKernel();
    const { lead, worker } = pair(t);
    const killed = give(t, worker, lead, { retriesMax: 9 });
    t.ends(worker);
    t.call('kill', { pid: worker, isRecursive: false, reason: 'normal', graceMs: 0 });
    expect(killed.value).toMatchObject({ outcome: 'failed' });
    const second = pair(t);
    const looped = give(t, second.worker, second.lead, { retriesMax: 9 });
    for (let i = 0; i < 5; i += 1) crashes(t, second.worker);
    expect(looped.isAnswered).toBe(false);
    t.ends(second.worker);
    expect(t.view(second.worker).isQuarantined).toBe(true);
    expect(looped.value.outcome).toBe('failed');
  });

  it('is tried again over the death of the kernel, from a snapshot or without (DESIGN §4)', () => {
    const t = testKernel();
    const virtual = t.spawn({ role: 'lead' });
    const worker = t.spawn({ image: 'hold', restart: 'permanent' }, { pid: virtual });
    const ticket = give(t, worker, virtual, { retriesMax: 2 });
    t.reboot();
    t.takeSnapshot();
    t.reboot();
    const [task] = tasksOf(t, worker);
    expect(t.kernel.state.tasks.byId.get(task as TaskId)).toMatchObject({ tries: 3 });
    t.runtime.finishes(worker, task as TaskId, { output: 'third time' });
    t.pass();
    expect(ticket.value.result.output).toBe('third time');
  });

  it('waits in line while its process comes back paused (S1)', () => {
    const t = testKernel();
    const { lead, worker } = pair(t);
    const ticket = give(t, worker, lead, { retriesMax: 1 });
    t.call('signal', { pid: worker, signal: 'STOP', ...SIGNAL });
    t.ends(worker);
    t.advanceMs(1_000);
    expect(t.view(worker)).toMatchObject({ state: 'paused', tasksQueued: 1, tasksRunning: 0 });
    t.call('signal', { pid: worker, signal: 'CONT', ...SIGNAL });
    expect(t.view(worker)).toMatchObject({ state: 'running', tasksRunning: 1 });
    expect(ticket.isAnswered).toBe(false);
  });
});

describe('an initial task', () => {
  it.each([
    ['permanent', 5],
    ['transient', 5],
    ['notify', 0],
    ['temporary', 0],
  ] as const)('of a %s process is tried again %i times (S5)', (restart, retriesMax) => {
    const t = testKernel();
    t.spawn({ image: 'hold', restart, initialTask: 'serve' });
    expect(t.eventsOf('task.created')[0]?.body.spec.retriesMax).toBe(retriesMax);
  });

  it('ends the process that is to end with it, at the try that ends well (PROTOCOL §5)', () => {
    const t = testKernel();
    const once = { image: 'hold', restart: 'transient', exitAfterTask: true } as const;
    const pid = t.spawn({ ...once, initialTask: 'fetch it' });
    crashes(t, pid);
    t.runtime.finishes(pid, tasksOf(t, pid)[0] as TaskId, { output: 'fetched' });
    t.pass();
    expect(t.view(pid)).toMatchObject({
      ...{ state: 'zombie', isGone: true },
      exit: { exitCode: 0, cause: 'done', output: 'fetched' },
    });
  });
});

describe('a task for one that is stopped to start anew', () => {
  it('waits in line for the next run (S5, S7)', () => {
    const t = testKernel();
    const lead = t.spawn({ role: 'lead', image: 'hold' });
    const pid = t.spawn({ image: 'stubborn' }, { pid: lead });
    t.call('restart', { pid, reason: '', graceMs: 0 });
    const ticket = give(t, pid, lead, { description: 'later' });
    expect(t.view(pid)).toMatchObject({ state: 'stopping', tasksQueued: 1 });
    t.ends(pid, { cause: 'killed' });
    expect(namesOf(t, pid)).toEqual(['later']);
    expect(ticket.isAnswered).toBe(false);
  });

  it('fails if it does not start anew, and is refused where it is not to', () => {
    const t = testKernel();
    const lead = t.spawn({ role: 'lead', image: 'hold' });
    const pid = t.spawn({ image: 'stubborn' }, { pid: lead });
    t.call('restart', { pid, reason: '', graceMs: 0 });
    const ticket = give(t, pid, lead);
    t.call('kill', { pid, isRecursive: false, reason: 'normal', graceMs: 0 });
    t.ends(pid, { cause: 'killed' });
    expect(ticket.value.outcome).toBe('failed');
    const mute = t.spawn({ image: 'stubborn' }, { pid: lead });
    t.fact({ fact: 'responsive', pid: mute, isResponsive: false });
    expect(give(t, mute, lead).refusal.code).toBe('wrong_state');
    const stops = t.spawn({ image: 'stubborn', restart: 'permanent' }, { pid: lead });
    t.fact({ fact: 'stopping', reason: 'SIGTERM', graceMs: 0 });
    expect(t.call('execute_task', { pid: stops, spec: taskSpec() }).refusal.code).toBe(
      'wrong_state',
    );
  });
});
