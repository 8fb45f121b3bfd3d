import { artifactOrder, messageOrder, spawnOrder, testKernel } from '@hivekernel/testkit';
import type { TestKernel } from '@hivekernel/testkit';
import { describe, expect, it } from 'vitest';
import { ACTIONS, ROLES, type Action, type Role } from '../events/words.ts';
import { asPid, type Pid } from '../ids.ts';
import { DEFAULT_ACL } from './acl.ts';

// SEMANTICS A2, as the page has it.
const PAGE: Readonly<Record<Action, string>> = {
  //              kernel daemon agent architect lead worker task
  spawn: '          y      y      y     n         y    y      n',
  kill: '           y      y      n     n         y    n      n',
  send_message: '   y      y      y     n         y    y      y',
  write_artifact: ' y      y      y     y         y    y      n',
  read_artifact: '  y      y      y     y         y    y      y',
  escalate: '       y      y      y     y         y    y      y',
  read_process: '   y      y      y     y         y    y      n',
};

const CELLS = ACTIONS.flatMap((action) => {
  const row = PAGE[action].trim().split(/\s+/);
  return ROLES.map((role, i) => [role, action, row[i] === 'y'] as const);
});

/** A caller of that role, its grandchild, and a stranger of the same user. */
function scene(t: TestKernel, role: Role): { caller: Pid; grandchild: Pid; stranger: Pid } {
  const stranger = t.spawn({ name: 'stranger', role: 'daemon' });
  if (role === 'kernel') {
    const child = t.spawn({ name: 'child', role: 'daemon' });
    return { caller: asPid(1), grandchild: t.spawn({}, { pid: child }), stranger };
  }
  const caller = t.spawn({ name: 'caller', role });
  if (role === 'architect' || role === 'task') return { caller, grandchild: stranger, stranger };
  const child = t.spawn({ name: 'child', role: 'worker' }, { pid: caller });
  return { caller, grandchild: t.spawn({}, { pid: child }), stranger };
}

/** The action through real dispatch: its refusal, or undefined. */
function attempt(t: TestKernel, role: Role, action: Action): string | undefined {
  const { caller, grandchild, stranger } = scene(t, role);
  const from = { pid: caller, isOperator: false };
  const tried = {
    spawn: () => t.call('spawn', spawnOrder({ role: 'task', tier: 'operational' }), from),
    kill: () =>
      t.call('kill', { pid: grandchild, isRecursive: false, reason: 'normal', graceMs: 0 }, from),
    send_message: () => t.call('send', messageOrder({ to: target(role, stranger) }), from),
    write_artifact: () => t.call('store', artifactOrder(), from),
    read_artifact: () => t.call('list_artifacts', { prefix: '', storedBy: undefined }, from),
    escalate: () =>
      t.call('escalate', { issue: 'x', severity: 'info', context: {}, autoPropagate: true }, from),
    read_process: () => t.call('info', { pid: stranger }, from),
  }[action]();
  return tried.result?.ok === true ? undefined : tried.refusal.code;
}

/** A task may write to nobody but its parent anyway (M1). */
const target = (role: Role, stranger: Pid): Pid => (role === 'task' ? asPid(1) : stranger);

describe('the default ACL', () => {
  it.each(CELLS)('%s, %s: %s (A2)', (role, action, isAllowed) => {
    expect(DEFAULT_ACL[action].has(role)).toBe(isAllowed);
    const t = testKernel();
    expect(attempt(t, role, action)).toBe(isAllowed ? undefined : 'permission_denied');
  });
});

describe('the exemptions (A1)', () => {
  it('let everybody read itself and its direct child', () => {
    const t = testKernel();
    const lead = t.spawn({ role: 'lead' });
    const task = t.spawn({ role: 'task' }, { pid: lead });
    const leo = t.spawn({ user: 'leo' });
    expect(t.call('info', { pid: asPid(0) }, { pid: task }).value.pid).toBe(task);
    expect(t.call('info', { pid: lead }, { pid: task }).refusal.code).toBe('permission_denied');
    expect(t.call('info', { pid: task }, { pid: lead }).value.pid).toBe(task);
    expect(t.call('info', { pid: leo }, { pid: lead }).refusal.message).toContain('user "leo"');
  });

  it('let a parent write to its child, whatever its role', () => {
    const t = testKernel();
    const agent = t.spawn({ role: 'agent' });
    const architect = t.spawn({ role: 'architect' }, { pid: agent });
    expect(t.call('send', messageOrder({ to: architect }), { pid: agent }).result?.ok).toBe(true);
    expect(t.call('send', messageOrder({ to: agent }), { pid: architect }).result?.ok).toBe(true);
  });

  it('hold across users for a process and its direct child only', () => {
    const t = testKernel();
    const leo = t.spawn({ user: 'leo', role: 'lead' });
    const below = t.spawn({ role: 'lead' }, { pid: leo });
    expect(t.call('send', messageOrder({ to: asPid(1) }), { pid: leo }).result?.ok).toBe(true);
    const up = t.call('send', messageOrder({ to: asPid(1) }), { pid: below });
    expect(up.refusal.code).toBe('permission_denied');
  });

  it('give the king, and nobody else of user root, every process (A1)', () => {
    const t = testKernel();
    const daemon = t.spawn({ role: 'daemon' });
    const leo = t.spawn({ user: 'leo' });
    expect(t.call('info', { pid: leo }).value.user).toBe('leo');
    expect(t.call('info', { pid: leo }, { pid: daemon }).refusal.code).toBe('permission_denied');
  });
});

describe('listings', () => {
  it('leave out what the caller may not read (A1, A2)', () => {
    const t = testKernel();
    const lead = t.spawn({ role: 'lead' });
    const child = t.spawn({ role: 'task' }, { pid: lead });
    t.spawn({ name: 'leo', user: 'leo' });
    const siblings = t.call('list_siblings', {}, { pid: lead }).value;
    expect(siblings).toEqual([]);
    const other = t.spawn({ name: 'other' });
    const seen = t.call('list_siblings', {}, { pid: lead }).value;
    expect(seen.map(({ pid }) => pid)).toEqual([other]);
    t.spawn({ role: 'task' }, { pid: lead });
    expect(t.call('list_siblings', {}, { pid: child }).value).toEqual([]);
  });

  it('are of the caller’s children, of all below it, by state (PROTOCOL §3)', () => {
    const t = testKernel();
    const lead = t.spawn({ role: 'lead' });
    const child = t.spawn({ role: 'lead', image: 'hold' }, { pid: lead });
    const below = t.spawn({}, { pid: child });
    const list = (isRecursive: boolean, state?: 'zombie') =>
      t
        .call('list_children', { isRecursive, state: state && [state] }, { pid: lead })
        .value.map(({ pid }) => pid);
    expect(list(false)).toEqual([child]);
    expect(list(true)).toEqual([child, below]);
    t.runtime.exits(child);
    t.pass();
    expect(list(true, 'zombie')).toEqual([child]);
  });

  it('of all processes show what the caller may read (A1)', () => {
    const t = testKernel();
    const pid = t.spawn({ role: 'daemon' });
    const other = t.spawn({ role: 'daemon', user: 'leo' });
    const all = { root: asPid(0), includeDead: false };
    const seenBy = (from: object) =>
      t.call('list_processes', all, from).value.map((one) => one.pid);
    expect(seenBy({ pid })).toEqual([1, pid]);
    expect(seenBy({ pid: other })).toEqual([other]);
    expect(seenBy({})).toEqual([1, pid, other]);
    t.call('kill', { pid: other, isRecursive: false, reason: 'normal', graceMs: 0 });
    t.call('remove', { pid: other });
    t.call('kill', { pid, isRecursive: false, reason: 'normal', graceMs: 0 });
    expect(t.call('list_processes', all).value.map((one) => one.pid)).toEqual([1]);
    const withDead = t.call('list_processes', { ...all, includeDead: true });
    expect(withDead.value.map((one) => one.pid)).toEqual([1, pid]);
  });
});
