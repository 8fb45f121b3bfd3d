import { taskSpec, testKernel } from '@hivekernel/testkit';
import type { TestKernel } from '@hivekernel/testkit';
import { describe, expect, it } from 'vitest';
import type { Pid } from '../ids.ts';
import { LIMITS } from '../limits.ts';

function family(t: TestKernel, image = 'hold'): { parent: Pid; child: Pid } {
  const parent = t.spawn({ name: 'parent', role: 'lead', image: 'hold' });
  return { parent, child: t.spawn({ name: 'child', role: 'lead', image }, { pid: parent }) };
}

const wait = (pid: Pid, timeoutMs = 0) => ({ pid, timeoutMs });

describe('Waiter.wait()', () => {
  it('gives the true exit code and output, and collects the zombie (PROTOCOL §5)', () => {
    const t = testKernel();
    const { parent, child } = family(t);
    const ticket = t.call('wait_child', wait(child), { pid: parent });
    expect(ticket.isAnswered).toBe(false);
    t.call('exit', { exitCode: 3, output: 'done' }, { pid: child });
    expect(ticket.value).toMatchObject({ pid: child, exitCode: 3, output: 'done', cause: 'done' });
    expect(t.view(child).state).toBe('dead');
  });

  it('gives a result that is there already at once', () => {
    const t = testKernel();
    const { parent, child } = family(t);
    t.runtime.exits(child, { exitCode: 2 });
    t.pass();
    const ticket = t.call('wait_child', wait(child), { pid: parent });
    expect(ticket.value).toMatchObject({ exitCode: 2, cause: 'crashed' });
  });

  it('gives -1 for a killed child, also when it is dead already (P8)', () => {
    const t = testKernel();
    const { parent, child } = family(t);
    const before = t.call('wait_child', wait(child), { pid: parent });
    t.call('kill', { pid: child, isRecursive: false, reason: 'normal', graceMs: 0 });
    expect(before.value).toMatchObject({ exitCode: -1, cause: 'killed' });
    const second = family(t);
    t.call('kill', { pid: second.child, isRecursive: false, reason: 'normal', graceMs: 0 });
    const after = t.call('wait_child', wait(second.child), { pid: second.parent });
    expect(after.value).toMatchObject({ exitCode: -1, cause: 'killed' });
  });

  it('takes a result once, then it is already collected (S8)', () => {
    const t = testKernel();
    const { parent, child } = family(t);
    const both = [
      t.call('wait_child', wait(child), { pid: parent }),
      t.call('wait_child', wait(child), { pid: parent }),
    ] as const;
    t.runtime.exits(child, { exitCode: 0, cause: 'done' });
    t.pass();
    expect(both[0].value.exitCode).toBe(0);
    expect(both[1].refusal).toMatchObject({ code: 'wrong_state' });
    const again = t.call('wait_child', wait(child), { pid: parent }).refusal;
    expect(again.code).toBe('wrong_state');
    expect(again.message).toContain('already collected');
  });

  it('reaches own children only (PROTOCOL §5)', () => {
    const t = testKernel();
    const { parent, child } = family(t);
    const grandchild = t.spawn({}, { pid: child });
    for (const target of [grandchild, parent]) {
      const { refusal } = t.call('wait_child', wait(target), { pid: parent });
      expect(refusal.code).toBe('permission_denied');
      expect(refusal.message).toContain('denied');
    }
    expect(t.call('wait_child', wait(99 as Pid), { pid: parent }).refusal.code).toBe('not_found');
  });

  it.each([
    [0, 60_000],
    [-5, 60_000],
    [1_500, 1_500],
  ])('with a timeout of %i gives up after %i ms (PROTOCOL §5)', (asked, trueMs) => {
    const t = testKernel();
    const { parent, child } = family(t);
    const ticket = t.call('wait_child', wait(child, asked), { pid: parent });
    t.advanceMs(trueMs - 1);
    expect(ticket.isAnswered).toBe(false);
    t.advanceMs(1);
    expect(ticket.refusal.code).toBe('timed_out');
    expect(t.view(child).state).toBe('idle');
  });

  it('blocks the task that waits, with the reason, and no other (P4)', () => {
    const t = testKernel();
    const { parent, child } = family(t);
    t.call('execute_task', { pid: parent, spec: taskSpec() });
    t.call('execute_task', { pid: parent, spec: taskSpec() });
    const [one, two] = [...t.runtime.agent(parent).tasks.keys()];
    const from = { pid: parent, task: one ?? null };
    t.call('wait_child', wait(child), from);
    t.call('wait_child', wait(child), from);
    // Two waits of one task leave the other one running.
    expect(t.view(parent).state).toBe('running');
    t.call('wait_child', wait(child), { pid: parent, task: two ?? null });
    expect(t.view(parent)).toMatchObject({ state: 'blocked', phase: `child ${child}` });
    t.runtime.exits(child);
    t.pass();
    expect(t.view(parent)).toMatchObject({ state: 'running', phase: '' });
  });

  it('counts no wait for a task that ended, or is another process’s', () => {
    const t = testKernel();
    const { parent, child } = family(t);
    t.call('execute_task', { pid: parent, spec: taskSpec() });
    t.call('execute_task', { pid: child, spec: taskSpec() });
    const others = [...t.runtime.agent(child).tasks.keys()][0] ?? null;
    t.call('wait_child', wait(child), { pid: parent, task: others });
    expect(t.view(parent).state).toBe('running');
    expect(t.view(child).state).toBe('running');
  });

  it('is given up by its caller, and by nobody else', () => {
    const t = testKernel();
    const { parent, child } = family(t);
    const ticket = t.call('wait_child', wait(child), { pid: parent });
    const thief = t.call('cancel', { call: ticket.ref }, { pid: child });
    expect(thief.refusal.code).toBe('permission_denied');
    const other = t.call('cancel', { call: ticket.ref }, { pid: parent, channel: 'another' });
    expect(other.refusal.code).toBe('permission_denied');
    expect(ticket.isAnswered).toBe(false);
    expect(t.call('cancel', { call: ticket.ref }, { pid: parent }).value).toEqual({});
    expect(ticket.refusal.code).toBe('cancelled');
    expect(t.call('cancel', { call: ticket.ref }, { pid: parent }).value).toEqual({});
  });

  it('ends with the process that waits', () => {
    const t = testKernel();
    const { parent, child } = family(t);
    const ticket = t.call('wait_child', wait(child), { pid: parent });
    t.runtime.exits(parent);
    t.pass();
    expect(ticket.refusal.code).toBe('cancelled');
    expect(t.kernel.state.waits.byId.size).toBe(0);
  });

  it('keeps its deadline over a restart', () => {
    const t = testKernel();
    const parent = t.spawn({ role: 'lead' });
    const child = t.spawn({}, { pid: parent });
    const ticket = t.call('wait_child', wait(child, 10_000), { pid: parent });
    t.advanceMs(4_000);
    t.reboot();
    t.advanceMs(5_999);
    expect(ticket.isAnswered).toBe(false);
    t.advanceMs(1);
    expect(ticket.refusal.code).toBe('timed_out');
  });

  it('is refused over the bound of calls that a process may be owed', () => {
    const t = testKernel();
    const { parent, child } = family(t);
    for (let i = 0; i < LIMITS.owedCallsPerProcessMax; i += 1) {
      t.hold('wait_child', wait(child), { pid: parent });
    }
    t.pass();
    const over = t.call('wait_child', wait(child), { pid: parent });
    expect(over.refusal.code).toBe('limit_exceeded');
    t.runtime.exits(child);
    t.pass();
    expect(t.unanswered).toEqual([]);
    const next = t.spawn({}, { pid: parent });
    expect(t.call('wait_child', wait(next), { pid: parent }).isAnswered).toBe(false);
  });
});
