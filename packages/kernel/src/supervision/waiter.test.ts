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

describe('a peek', () => {
  const peek = (pid: Pid, timeoutMs = 0) => ({ pid, timeoutMs, isPeek: true });

  it('gives a result and leaves it; a wait takes it, and then there is none (S8)', () => {
    const t = testKernel();
    const { parent, child } = family(t);
    t.ends(child, { exitCode: 4 });
    const from = { pid: parent };
    for (let i = 0; i < 2; i += 1) {
      expect(t.call('wait_child', peek(child), from).value).toEqual({
        ...{ pid: child, name: 'child', exitCode: 4, output: '', cause: 'crashed' },
      });
    }
    // Nor does a look decide anything (S2).
    expect(t.view(child)).toMatchObject({ state: 'zombie', isGone: false });
    expect(t.call('wait_child', wait(child), from).value.exitCode).toBe(4);
    const late = t.call('wait_child', peek(child), from).refusal;
    expect(late.code).toBe('wrong_state');
    expect(late.message).toContain('already collected');
  });

  it('waits as a wait does, with the same bounds (S8)', () => {
    const t = testKernel();
    const { parent, child } = family(t);
    const from = { pid: parent };
    const early = t.call('wait_child', peek(child, 5_000), from);
    t.advanceMs(5_000);
    expect(early.refusal.code).toBe('timed_out');
    const stranger = t.spawn({ role: 'lead', image: 'hold' });
    const foreign = t.call('wait_child', peek(child), { pid: stranger });
    expect(foreign.refusal.code).toBe('permission_denied');
    const ticket = t.call('wait_child', peek(child), from);
    t.call('exit', { exitCode: 0, output: 'o' }, { pid: child });
    expect(ticket.value).toMatchObject({ exitCode: 0, output: 'o', cause: 'done' });
    expect(t.view(child).state).toBe('zombie');
  });

  it('that waits beside a wait sees the result, if it was there first (S8)', () => {
    const t = testKernel();
    const { parent, child } = family(t);
    const from = { pid: parent };
    const first = t.call('wait_child', peek(child), from);
    const taker = t.call('wait_child', wait(child), from);
    const last = t.call('wait_child', peek(child), from);
    t.ends(child, { exitCode: 2 });
    expect([first.value.exitCode, taker.value.exitCode]).toEqual([2, 2]);
    expect(last.refusal.code).toBe('wrong_state');
  });

  it('is a peek also after a restore', () => {
    const t = testKernel();
    const parent = t.spawn({ role: 'lead' });
    const child = t.spawn({}, { pid: parent });
    const ticket = t.call('wait_child', peek(child), { pid: parent });
    t.takeSnapshot();
    t.reboot();
    t.call('exit', { exitCode: 0, output: '' }, { pid: child });
    expect(ticket.value.exitCode).toBe(0);
    expect(t.view(child).state).toBe('zombie');
  });
});

describe('pending_results', () => {
  it('list what of its children nobody took: zombies and the killed (S8)', () => {
    const t = testKernel();
    const { parent, child } = family(t);
    const from = { pid: parent };
    const killed = t.spawn({ name: 'killed', image: 'hold' }, from);
    const taken = t.spawn({ name: 'taken', image: 'hold' }, from);
    t.spawn({ name: 'lives', image: 'hold' }, from);
    const pending = () => t.call('pending_results', { pid: parent }, from).value;
    expect(pending()).toEqual([]);
    t.call('exit', { exitCode: 7, output: 'o' }, { pid: child });
    t.call('kill', { pid: killed, isRecursive: false, reason: 'normal', graceMs: 0 });
    t.ends(taken);
    t.call('wait_child', wait(taken), from);
    expect(pending()).toEqual([
      { pid: child, name: 'child', exitCode: 7, output: 'o', cause: 'done' },
      { pid: killed, name: 'killed', exitCode: -1, output: '', cause: 'killed' },
    ]);
    t.call('wait_child', wait(child), from);
    expect(pending().map(({ pid }) => pid)).toEqual([killed]);
    t.advanceMs(200_000);
    expect(pending()).toEqual([]);
  });

  it('list those of an adopted child at its heir (P9)', () => {
    const t = testKernel();
    const { parent, child } = family(t);
    const grandchild = t.spawn({ name: 'g', image: 'hold' }, { pid: child });
    t.ends(grandchild);
    t.call('kill', { pid: child, isRecursive: false, reason: 'normal', graceMs: 0 });
    const found = t.call('pending_results', { pid: parent }, { pid: parent }).value;
    expect(found.map(({ name }) => name)).toEqual(['child', 'g']);
  });

  it('are for who may read the process (A2)', () => {
    const t = testKernel();
    const { parent, child } = family(t);
    const leo = t.spawn({ user: 'leo', role: 'lead', image: 'hold' });
    const task = t.spawn({ role: 'task', image: 'hold' }, { pid: parent });
    for (const pid of [leo, task]) {
      const { refusal } = t.call('pending_results', { pid: parent }, { pid });
      expect(refusal.code).toBe('permission_denied');
    }
    expect(t.call('pending_results', { pid: parent }, { pid: child }).value).toEqual([]);
    expect(t.call('pending_results', { pid: parent }).value).toEqual([]);
  });
});

describe('a wait for one that is restarted', () => {
  it('goes on over restarts, to the end that is for good (S5, S8)', () => {
    const t = testKernel();
    const parent = t.spawn({ role: 'lead', image: 'hold' });
    const child = t.spawn({ image: 'hold', restart: 'transient' }, { pid: parent });
    const ticket = t.call('wait_child', wait(child, 600_000), { pid: parent });
    for (let i = 0; i < 5; i += 1) {
      t.ends(child);
      t.advanceMs(16_000);
      expect(ticket.isAnswered).toBe(false);
    }
    t.call('exit', { exitCode: 0, output: 'at last' }, { pid: child });
    expect(ticket.value).toMatchObject({ exitCode: 0, output: 'at last' });
  });

  it('ends with its quarantine (S4)', () => {
    const t = testKernel();
    const parent = t.spawn({ role: 'lead', image: 'hold' });
    const child = t.spawn({ image: 'hold', restart: 'transient' }, { pid: parent });
    t.runtime.behaves(child, { start: 'fails' });
    const ticket = t.call('wait_child', wait(child, 600_000), { pid: parent });
    t.ends(child);
    t.advanceMs(60_000);
    expect(ticket.value).toMatchObject({ exitCode: -1, cause: 'start_failed' });
  });
});
