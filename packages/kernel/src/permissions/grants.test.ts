import { spawnOrder, testKernel } from '@hivekernel/testkit';
import type { TestKernel } from '@hivekernel/testkit';
import { describe, expect, it } from 'vitest';
import { CAPABILITIES, type Capability } from '../events/words.ts';
import { asPid, type Pid } from '../ids.ts';

const KING = asPid(1);

const change = (
  t: TestKernel,
  what: 'grant' | 'revoke',
  [by, pid, capability]: [Pid, Pid, Capability],
) => t.call(what, { pid, capability }, { pid: by, isOperator: by === KING });

const heldBy = (t: TestKernel, pid: Pid): Capability[] =>
  t
    .call('list_capabilities', { pid })
    .value.filter(({ isHeld }) => isHeld)
    .map(({ capability }) => capability);

const spawns = (t: TestKernel, pid: Pid): boolean =>
  t.call('spawn', spawnOrder({ role: 'worker' }), { pid }).result?.ok === true;

/** Lead > worker > worker. */
function branch(t: TestKernel): { lead: Pid; worker: Pid; below: Pid } {
  const lead = t.spawn({ role: 'lead' });
  const worker = t.spawn({ role: 'worker' }, { pid: lead });
  return { lead, worker, below: t.spawn({ role: 'worker' }, { pid: worker }) };
}

describe('Grantor.revoke()', () => {
  it('holds at once, for the process and all below it (A3)', () => {
    const t = testKernel();
    const { lead, worker, below } = branch(t);
    expect([lead, worker, below].map((pid) => spawns(t, pid))).toEqual([true, true, true]);
    change(t, 'revoke', [KING, worker, 'spawn_children']);
    expect([lead, worker, below].map((pid) => spawns(t, pid))).toEqual([true, false, false]);
    const refused = t.call('spawn', spawnOrder(), { pid: below }).refusal;
    expect(refused.message).toContain(`revoked from worker (pid ${worker}) above it`);
    expect(refused.message).toContain(`hive cap grant ${below} spawn_children`);
  });

  it('holds for who is spawned below it later, and against a grant made before (A3)', () => {
    const t = testKernel();
    const { lead, worker } = branch(t);
    change(t, 'grant', [KING, worker, 'shell_exec']);
    change(t, 'revoke', [KING, lead, 'shell_exec']);
    const later = t.spawn({ role: 'worker' }, { pid: lead });
    expect(heldBy(t, worker)).not.toContain('shell_exec');
    expect(heldBy(t, later)).not.toContain('shell_exec');
  });

  it('is undone by a grant to the same process, for all below it too (A3)', () => {
    const t = testKernel();
    const { worker, below } = branch(t);
    change(t, 'revoke', [KING, worker, 'spawn_children']);
    expect(change(t, 'grant', [KING, below, 'spawn_children']).refusal.code).toBe('wrong_state');
    change(t, 'grant', [KING, worker, 'spawn_children']);
    expect([worker, below].map((pid) => spawns(t, pid))).toEqual([true, true]);
  });

  it('a second time is no event', () => {
    const t = testKernel();
    const { worker } = branch(t);
    change(t, 'revoke', [KING, worker, 'escalate']);
    change(t, 'revoke', [KING, worker, 'escalate']);
    const events = t.eventsOf('capability.revoked');
    expect(events.map(({ by, body }) => [by, body])).toEqual([
      [KING, { pid: worker, capability: 'escalate' }],
    ]);
  });
});

describe('Grantor.grant()', () => {
  it.each(CAPABILITIES)('of %s by the operator is held at once (A3)', (capability) => {
    const t = testKernel();
    const pid = t.spawn({ role: 'task' });
    expect(change(t, 'grant', [KING, pid, capability]).result?.ok).toBe(true);
    expect(heldBy(t, pid)).toContain(capability);
  });

  it('by an ancestor hands on what it holds itself, and nothing else (A3)', () => {
    const t = testKernel();
    const { lead, worker, below } = branch(t);
    expect(change(t, 'grant', [lead, below, 'kill_processes']).result?.ok).toBe(true);
    const { refusal } = change(t, 'grant', [lead, worker, 'shell_exec']);
    expect(refusal).toMatchObject({ code: 'permission_denied', details: { pid: worker } });
    expect(refusal.message).toContain('does not hold it itself');
    change(t, 'grant', [KING, lead, 'shell_exec']);
    expect(change(t, 'grant', [lead, worker, 'shell_exec']).result?.ok).toBe(true);
  });

  it.each(['grant', 'revoke'] as const)('%s is nothing for oneself, siblings or above', (what) => {
    const t = testKernel();
    const { lead, worker } = branch(t);
    const sibling = t.spawn({ role: 'lead' });
    for (const target of [worker, lead, sibling]) {
      const { refusal } = change(t, what, [worker, target, 'file_read']);
      expect(refusal.code).toBe('permission_denied');
    }
    expect(change(t, what, [KING, KING, 'file_read']).refusal.message).toContain('king');
    expect(change(t, what, [KING, asPid(99), 'file_read']).refusal.code).toBe('not_found');
  });

  it('outlives a restart of the kernel and a snapshot', () => {
    const t = testKernel();
    const { lead, worker } = branch(t);
    change(t, 'grant', [KING, lead, 'broadcast']);
    change(t, 'revoke', [KING, worker, 'file_read']);
    t.takeSnapshot();
    t.reboot();
    expect(heldBy(t, lead)).toContain('broadcast');
    expect(heldBy(t, worker)).not.toContain('file_read');
  });
});
