import { messageOrder, taskSpec, testKernel } from '@hivekernel/testkit';
import type { TestKernel } from '@hivekernel/testkit';
import { describe, expect, it } from 'vitest';
import { asPid, asTaskId, type Pid, type TaskId } from '../ids.ts';
import { LIMITS } from '../limits.ts';

function pair(t: TestKernel, image: string): { lead: Pid; worker: Pid } {
  const lead = t.spawn({ name: 'lead', role: 'lead', image: 'hold' });
  return { lead, worker: t.spawn({ name: 'worker', image }, { pid: lead }) };
}

const runningOf = (t: TestKernel, pid: Pid): TaskId[] => [...t.runtime.agent(pid).tasks.keys()];

/** Gives the lead a task of its own, so that it may wait within one. */
function taskFor(t: TestKernel, pid: Pid): TaskId {
  t.call('execute_task', { pid, spec: taskSpec() });
  return runningOf(t, pid).at(-1) as TaskId;
}

describe('execute_on', () => {
  it('gives a child a task and its result back (PROTOCOL §3)', () => {
    const t = testKernel();
    const { lead, worker } = pair(t, 'echo');
    const spec = taskSpec({ description: 'sum up', params: { a: '1' } });
    const report = t.call('execute_on', { pid: worker, spec }, { pid: lead }).value;
    expect(report).toMatchObject({
      outcome: 'completed',
      result: { exitCode: 0, output: 'sum up' },
      error: '',
    });
    expect(t.effects.find((effect) => effect.do === 'execute')).toMatchObject({
      pid: worker,
      incarnation: 1,
      task: report.task,
      spec: { description: 'sum up', params: { a: '1' }, timeoutMs: 300_000 },
    });
    expect(t.view(worker)).toMatchObject({ state: 'idle', tasksRunning: 0, task: 0 });
  });

  it('keeps the result and the message of a failed one (PROTOCOL §3)', () => {
    const t = testKernel();
    const { lead, worker } = pair(t, 'failing');
    const report = t.call('execute_on', { pid: worker, spec: taskSpec() }, { pid: lead }).value;
    expect(report).toMatchObject({
      outcome: 'failed',
      error: 'it cannot be done',
      result: { exitCode: 1, output: 'half of it' },
    });
  });

  it('reaches own children only; the operator reaches everybody (PROTOCOL §5)', () => {
    const t = testKernel();
    const { lead, worker } = pair(t, 'echo');
    const spec = taskSpec();
    const other = t.spawn({ image: 'echo' });
    for (const [pid, target] of [
      [lead, other],
      [worker, lead],
      [lead, lead],
    ] as const) {
      const { refusal } = t.call('execute_on', { pid: target, spec }, { pid });
      expect(refusal.code).toBe('permission_denied');
      expect(refusal.message).toContain('own children only');
    }
    expect(t.call('execute_task', { pid: worker, spec }).value.outcome).toBe('completed');
    const byAgent = t.call('execute_task', { pid: other, spec }, { pid: lead });
    expect(byAgent.refusal.code).toBe('permission_denied');
    const missing = t.call('execute_on', { pid: asPid(99), spec }, { pid: lead });
    expect(missing.refusal.code).toBe('not_found');
  });

  it('refuses a virtual process and one that ends or has ended', () => {
    const t = testKernel();
    const lead = t.spawn({ role: 'lead', image: 'hold' });
    const spec = taskSpec();
    const from = { pid: lead };
    const virtual = t.spawn({}, from);
    const refusal = t.call('execute_on', { pid: virtual, spec }, from).refusal;
    expect(refusal).toMatchObject({ code: 'wrong_state' });
    expect(refusal.message).toContain('virtual');
    const stubborn = t.spawn({ image: 'stubborn' }, from);
    t.call('kill', { pid: stubborn, isRecursive: false, reason: 'normal', graceMs: 0 });
    expect(t.call('execute_on', { pid: stubborn, spec }, from).refusal.code).toBe('wrong_state');
    t.runtime.exits(stubborn);
    t.pass();
    expect(t.call('execute_on', { pid: stubborn, spec }, from).refusal.code).toBe('wrong_state');
  });

  it('nests: each level is blocked while the one below works (P4)', () => {
    const t = testKernel();
    const { lead, worker } = pair(t, 'hold');
    const top = t.call('execute_task', { pid: lead, spec: taskSpec() });
    const [leadTask] = runningOf(t, lead);
    const from = { pid: lead, task: leadTask ?? null };
    const inner = t.call('execute_on', { pid: worker, spec: taskSpec() }, from);
    expect(t.view(lead)).toMatchObject({ state: 'blocked', phase: `child ${worker}` });
    expect(t.view(worker).state).toBe('running');
    t.runtime.finishes(worker, runningOf(t, worker)[0] as TaskId, { output: 'part' });
    t.pass();
    expect(inner.value.result.output).toBe('part');
    expect(t.view(lead).state).toBe('running');
    t.runtime.finishes(lead, leadTask as TaskId, { output: 'whole' });
    t.pass();
    expect(top.value.result.output).toBe('whole');
  });

  it('times out by its own limit or the process’s, and tells the agent to stop', () => {
    const t = testKernel({ settings: { hangAfterMs: 1_000_000 } });
    const { lead, worker } = pair(t, 'hold');
    const from = { pid: lead };
    const own = t.call('execute_on', { pid: worker, spec: taskSpec({ timeoutMs: 2_000 }) }, from);
    const general = t.call('execute_on', { pid: worker, spec: taskSpec() }, from);
    const [task] = runningOf(t, worker);
    t.advanceMs(1_999);
    expect(own.isAnswered).toBe(false);
    t.advanceMs(1);
    expect(own.value).toMatchObject({
      outcome: 'timed_out',
      error: expect.stringContaining('2 s'),
    });
    expect(t.runtime.agent(worker).interrupts).toMatchObject([{ task, pid: worker }]);
    t.advanceMs(298_000);
    expect(general.value.outcome).toBe('timed_out');
  });

  it('takes the first end of a task only; late and foreign ones change nothing', () => {
    const t = testKernel();
    const { lead, worker } = pair(t, 'hold');
    const from = { pid: lead };
    const ticket = t.call('execute_on', { pid: worker, spec: taskSpec({ timeoutMs: 10 }) }, from);
    const task = runningOf(t, worker)[0] as TaskId;
    t.advanceMs(10);
    expect(ticket.value.outcome).toBe('timed_out');
    const before = t.events.length;
    t.runtime.finishes(worker, task, { output: 'too late' });
    t.runtime.finishes(lead, task, { output: 'not mine' });
    t.runtime.finishes(worker, asTaskId(9_999), {});
    t.pass();
    expect(t.events).toHaveLength(before);
    // Nor does an agent end one that it was not given yet.
    const { worker: busy } = pair(t, 'hold');
    for (let i = 0; i < 6; i += 1) t.call('execute_task', { pid: busy, spec: taskSpec() });
    const [waiting] = t.kernel.state.table.require(busy).tasksInLine;
    t.runtime.finishes(busy, waiting as TaskId);
    t.pass();
    expect(t.view(busy)).toMatchObject({ tasksRunning: 5, tasksQueued: 1 });
  });

  it('fails when the child crashes or is killed', () => {
    const t = testKernel();
    const { lead, worker } = pair(t, 'crashing');
    const crashed = t.call('execute_on', { pid: worker, spec: taskSpec() }, { pid: lead });
    expect(crashed.value).toMatchObject({ outcome: 'failed' });
    expect(crashed.value.error).toContain('crashed');
  });

  it('is cancelled when who asked for it ends', () => {
    const t = testKernel();
    const { lead, worker } = pair(t, 'hold');
    const ticket = t.call('execute_on', { pid: worker, spec: taskSpec() }, { pid: lead });
    const task = runningOf(t, worker)[0] as TaskId;
    t.runtime.exits(lead);
    t.pass();
    expect(ticket.value.outcome).toBe('cancelled');
    expect(t.runtime.agent(worker).interrupts).toMatchObject([{ task }]);
    expect(t.view(worker).state).toBe('idle');
  });

  it('carries a cancel on to all who work for the task, down to the last (S1)', () => {
    const t = testKernel();
    const { lead, worker } = pair(t, 'hold');
    const helper = t.spawn({ image: 'hold' }, { pid: worker });
    const leadTask = taskFor(t, lead);
    t.call('execute_on', { pid: worker, spec: taskSpec() }, { pid: lead, task: leadTask });
    const workerTask = runningOf(t, worker)[0] as TaskId;
    const from = { pid: worker, task: workerTask };
    const last = t.call('execute_on', { pid: helper, spec: taskSpec() }, from);
    const other = t.call('execute_on', { pid: helper, spec: taskSpec() }, { pid: worker });
    t.call('interrupt', { pid: lead, task: leadTask, reason: 'enough' });
    expect(last.value).toMatchObject({ outcome: 'cancelled', error: 'enough' });
    for (const pid of [lead, worker, helper]) {
      expect(t.runtime.agent(pid).interrupts).toHaveLength(1);
    }
    // What the worker asked for outside that task goes on.
    expect(other.isAnswered).toBe(false);
    expect(t.view(helper).state).toBe('running');
  });

  it('is given up by its caller', () => {
    const t = testKernel();
    const { lead, worker } = pair(t, 'hold');
    const ticket = t.call('execute_on', { pid: worker, spec: taskSpec() }, { pid: lead });
    t.call('cancel', { call: ticket.ref }, { pid: lead });
    expect(ticket.value.outcome).toBe('cancelled');
    expect(t.view(worker).state).toBe('idle');
  });
});

describe('the line of tasks', () => {
  it('runs five at once, the sixth waits, in the order of arrival (P6)', () => {
    const t = testKernel();
    const { lead, worker } = pair(t, 'hold');
    const tickets = Array.from({ length: 8 }, (_, i) =>
      t.call('execute_on', { pid: worker, spec: taskSpec({ description: `${i}` }) }, { pid: lead }),
    );
    expect(t.view(worker)).toMatchObject({ tasksRunning: 5, tasksQueued: 3, state: 'running' });
    const first = runningOf(t, worker);
    t.runtime.finishes(worker, first[3] as TaskId, { output: 'x' });
    t.pass();
    expect(tickets[3]?.isAnswered).toBe(true);
    const started = t.effects.flatMap((e) => (e.do === 'execute' ? [e.spec.description] : []));
    expect(started).toEqual(['0', '1', '2', '3', '4', '5']);
    for (let i = 0; i < 7; i += 1) {
      t.runtime.finishes(worker, runningOf(t, worker)[0] as TaskId);
      t.pass();
    }
    expect(tickets.every((ticket) => ticket.isAnswered)).toBe(true);
    expect(t.view(worker)).toMatchObject({ state: 'idle', tasksQueued: 0 });
  });

  it('counts the time of a task from its start, not from its wait in line', () => {
    const t = testKernel();
    const worker = t.spawn({ image: 'hold', limits: { concurrentTasksMax: 1 } });
    const spec = taskSpec({ timeoutMs: 1_000 });
    const first = t.call('execute_task', { pid: worker, spec });
    const second = t.call('execute_task', { pid: worker, spec });
    t.advanceMs(1_000);
    expect(first.isAnswered).toBe(true);
    t.advanceMs(999);
    expect(second.isAnswered).toBe(false);
    t.advanceMs(1);
    expect(second.value.outcome).toBe('timed_out');
  });

  it('holds what comes before the process is ready', () => {
    const t = testKernel();
    t.hold('spawn', {
      ...t.kernel.state.table.king.spec,
      name: 's',
      role: 'worker',
      tier: 'tactical',
      image: 'starting',
    });
    t.pass();
    const pid = asPid(2);
    const ticket = t.call('execute_task', { pid, spec: taskSpec() });
    expect(t.view(pid)).toMatchObject({ state: 'starting', tasksQueued: 1, task: 0 });
    t.runtime.ready(pid);
    t.pass();
    expect(ticket.value.outcome).toBe('completed');
  });

  it('is bounded', () => {
    const t = testKernel();
    const worker = t.spawn({ image: 'hold' });
    for (let i = 0; i < LIMITS.tasksQueuedMax; i += 1) {
      t.hold('execute_task', { pid: worker, spec: taskSpec() });
    }
    const over = t.call('execute_task', { pid: worker, spec: taskSpec() });
    expect(over.refusal.code).toBe('queue_full');
    t.runtime.exits(worker);
    t.pass();
    expect(t.unanswered).toEqual([]);
  });

  it('has its deadlines again after a restart of a virtual asker', () => {
    const t = testKernel();
    const worker = t.spawn({ image: 'hold' });
    const ticket = t.call('execute_task', { pid: worker, spec: taskSpec({ timeoutMs: 500 }) });
    const restored = t.kernel.snapshot();
    expect(JSON.parse(restored)).toMatchObject({ tasks: [{ isRunning: true, pid: worker }] });
    t.advanceMs(500);
    expect(ticket.value.outcome).toBe('timed_out');
  });
});

describe('interrupt', () => {
  it('cancels the tasks, not the process (S1)', () => {
    const t = testKernel();
    const { lead, worker } = pair(t, 'hold');
    const tickets = [1, 2].map(() =>
      t.call('execute_on', { pid: worker, spec: taskSpec() }, { pid: lead }),
    );
    t.call('interrupt', { pid: worker, task: undefined, reason: '' }, { pid: lead });
    expect(tickets.map((one) => one.value.error)).toEqual(['interrupted', 'interrupted']);
    expect(t.view(worker).state).toBe('idle');
    const nothing = t.call('interrupt', { pid: worker, task: undefined, reason: '' });
    expect(nothing.value).toEqual({});
  });

  it('needs the right to kill the target, and a task of the target', () => {
    const t = testKernel();
    const { lead, worker } = pair(t, 'hold');
    const task = taskFor(t, lead);
    const order = { task: undefined, reason: '' };
    const child = t.call('interrupt', { pid: lead, ...order }, { pid: worker });
    expect(child.refusal.code).toBe('permission_denied');
    const wrong = t.call('interrupt', { pid: worker, task, reason: '' }, { pid: lead });
    expect(wrong.refusal.code).toBe('not_found');
    expect(t.call('interrupt', { pid: lead, ...order }, { pid: lead }).value).toEqual({});
  });
});

describe('a process that exits after its task', () => {
  it('of role task ends by itself, with the result of the task (PROTOCOL §5)', () => {
    const t = testKernel();
    const { lead } = pair(t, 'hold');
    const runner = t.spawn({ role: 'task', image: 'echo' }, { pid: lead });
    const spec = taskSpec({ description: 'run it' });
    const ticket = t.call('execute_on', { pid: runner, spec }, { pid: lead });
    expect(ticket.value.outcome).toBe('completed');
    expect(t.view(runner)).toMatchObject({
      state: 'zombie',
      exit: { exitCode: 0, cause: 'done', output: 'run it' },
    });
    const event = t.eventsOf('process.exiting')[0]?.body;
    expect(event).toEqual({ pid: runner, exitCode: 0, output: 'run it' });
  });

  it('waits for the last one in line', () => {
    const t = testKernel();
    const runner = t.spawn({ image: 'hold', exitAfterTask: true });
    for (let i = 0; i < 2; i += 1) t.call('execute_task', { pid: runner, spec: taskSpec() });
    const [first, second] = runningOf(t, runner);
    t.runtime.finishes(runner, first as TaskId);
    t.pass();
    expect(t.view(runner).state).toBe('running');
    t.runtime.finishes(runner, second as TaskId);
    t.pass();
    expect(t.view(runner).state).toBe('zombie');
  });
});

describe('progress', () => {
  it('goes to observers at once and into no journal (DESIGN §3)', () => {
    const t = testKernel();
    const { worker } = pair(t, 'hold');
    const task = taskFor(t, worker);
    const before = t.events.length;
    const ticket = t.hold('progress', { message: 'half', percent: 50 }, { pid: worker, task });
    expect(ticket.gate).toBe(0);
    const { events, effects } = t.kernel.drain();
    expect(events).toEqual([]);
    expect(effects).toEqual([
      { afterSeq: 0, effect: { do: 'observe', pid: worker, task, message: 'half', percent: 50 } },
    ]);
    expect(t.events).toHaveLength(before);
  });

  it('does not keep messages from a busy process (M6)', () => {
    const t = testKernel();
    const { lead, worker } = pair(t, 'hold');
    taskFor(t, worker);
    t.call('send', messageOrder({ to: worker }), { pid: lead });
    expect(t.runtime.agent(worker).delivered).toHaveLength(1);
  });
});
