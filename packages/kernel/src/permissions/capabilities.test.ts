import { spawnOrder, testKernel } from '@hivekernel/testkit';
import type { TestKernel } from '@hivekernel/testkit';
import { describe, expect, it } from 'vitest';
import { CAPABILITIES, ROLES, type Capability, type Role } from '../events/words.ts';
import { asPid, type Pid } from '../ids.ts';
import { DEFAULT_ACL } from './acl.ts';
import type { AclRule } from '../settings.ts';
import { ROLE_CAPABILITIES } from './capabilities.ts';

// SEMANTICS A3, as the page has it.
const PAGE: Readonly<Record<Capability, string>> = {
  //               kernel daemon agent architect lead worker task
  spawn_children: ' y      y      y     n         y    y      n',
  kill_processes: ' y      y      y     n         y    n      n',
  manage_tree: '    y      y      n     n         n    n      n',
  shell_exec: '     y      n      n     n         n    n      n',
  network_access: ' y      y      y     n         y    y      n',
  file_write: '     y      n      y     y         y    y      n',
  file_read: '      y      y      y     y         y    y      y',
  budget_allocate: 'y      y      y     n         y    n      n',
  escalate: '       y      y      y     y         y    y      y',
  broadcast: '      y      y      n     n         n    n      n',
};

const CELLS = CAPABILITIES.flatMap((capability) => {
  const row = PAGE[capability].trim().split(/\s+/);
  return ROLES.map((role, i) => [role, capability, row[i] === 'y'] as const);
});

const TOOL_OF: Partial<Record<Capability, string>> = {
  shell_exec: 'bash',
  file_write: 'write_file',
  file_read: 'read_file',
  network_access: 'web_search',
};

/** What the capability guards, as a real call of a process of that role: its refusal, or none. */
function attempt(t: TestKernel, role: Role, capability: Capability): string | undefined {
  const tool = TOOL_OF[capability];
  if (tool !== undefined) {
    if (role === 'kernel') return toolOfChild(t, asPid(1), tool);
    return refusalOf(t.call('spawn', spawnOrder({ role, tools: [tool] })));
  }
  const pid = role === 'kernel' ? asPid(1) : t.spawn({ role });
  const from = { pid, isOperator: false };
  switch (capability) {
    case 'spawn_children':
      return refusalOf(t.call('spawn', spawnOrder({ role: 'task', tier: 'operational' }), from));
    case 'kill_processes':
      return refusalOf(t.call('kill', { ...KILL, pid: grandchildOf(t, pid, role) }, from));
    case 'manage_tree':
      return refusalOf(t.call('reparent', { pid: t.spawn(), parent: t.spawn() }, from));
    case 'escalate':
      return refusalOf(t.call('escalate', ISSUE, from));
    default:
      return undefined;
  }
}

const KILL = { isRecursive: false, reason: 'normal', graceMs: 0 } as const;
/** So that the capability alone decides. */
const KILL_ALL: AclRule = {
  effect: 'allow',
  who: { by: 'everyone' },
  actions: ['kill'],
  whom: undefined,
  text: 'allow * kill',
};
const ISSUE = { issue: 'x', severity: 'info', context: {}, autoPropagate: true } as const;
/** Their calls are tested where what they guard is. */
const ELSEWHERE: ReadonlySet<Capability> = new Set(['budget_allocate', 'broadcast']);

const refusalOf = (made: { result: { ok: boolean } | undefined; refusal: { code: string } }) =>
  made.result?.ok === false ? made.refusal.code : undefined;

const toolOfChild = (t: TestKernel, parent: Pid, tool: string): string | undefined =>
  refusalOf(t.call('spawn', spawnOrder({ role: 'worker', tools: [tool] }), { pid: parent }));

/** Architects and tasks have none: for them, somebody else. */
function grandchildOf(t: TestKernel, pid: Pid, role: Role): Pid {
  if (role === 'architect' || role === 'task') return t.spawn();
  const child = t.spawn({ role: 'worker' }, { pid });
  return t.spawn({ role: 'worker' }, { pid: child });
}

describe('ROLE_CAPABILITIES', () => {
  it.each(CELLS)('%s, %s: %s (A3)', (role, capability, isHeld) => {
    expect(ROLE_CAPABILITIES[role].has(capability)).toBe(isHeld);
    if (ELSEWHERE.has(capability)) return;
    const t = testKernel({ settings: { aclRules: [KILL_ALL] } });
    // A worker is given no shell by the king: its own role must hold it.
    const isKingsTool = role === 'kernel' && capability === 'shell_exec';
    const isAllowed = isHeld && !isKingsTool;
    expect(attempt(t, role, capability)).toBe(isAllowed ? undefined : 'permission_denied');
  });

  it('lets exactly those spawn by capability whom the ACL lets spawn (A2, A3)', () => {
    const holders = ROLES.filter((role) => ROLE_CAPABILITIES[role].has('spawn_children'));
    expect(new Set(holders)).toEqual(DEFAULT_ACL.spawn);
  });
});

describe('requireTools()', () => {
  it('asks both the child and its parent (A3)', () => {
    const t = testKernel();
    const daemon = t.spawn({ role: 'daemon' });
    const wish = spawnOrder({ role: 'worker', tools: ['read_file', 'file_write'] });
    const { refusal } = t.call('spawn', wish, { pid: daemon });
    expect(refusal.details).toMatchObject({ tool: 'file_write', capability: 'file_write' });
    expect(refusal.message).toContain('role daemon');
    expect(t.call('spawn', wish).value.pid).toBe(daemon + 1);
  });

  it.each(['shell_exec', 'bash', 'terminal'])('knows %s as a shell (A3)', (tool) => {
    const { refusal } = testKernel().call('spawn', spawnOrder({ role: 'lead', tools: [tool] }));
    expect(refusal.details).toMatchObject({ tool, capability: 'shell_exec' });
  });

  it('lets tools pass that need nothing', () => {
    const t = testKernel();
    const order = spawnOrder({ role: 'task', tier: 'operational', tools: ['add_numbers'] });
    expect(t.call('spawn', order).result?.ok).toBe(true);
  });

  it('counts what is handed on at birth, and what the configuration gives (A3)', () => {
    const shell = { tools: ['bash'] } as const;
    const t = testKernel({
      settings: {
        grants: [{ to: { by: 'address', address: '/king/desk/*' }, capabilities: ['shell_exec'] }],
      },
    });
    const handed = t.call('spawn', spawnOrder({ ...shell, capabilities: ['shell_exec'] }));
    expect(handed.result?.ok).toBe(true);
    const desk = t.spawn({ name: 'desk', role: 'daemon' });
    expect(t.call('spawn', spawnOrder({ ...shell, name: 'coder' }), { pid: desk }).result?.ok).toBe(
      true,
    );
    const other = t.spawn({ name: 'other', role: 'daemon' });
    const refused = t.call('spawn', spawnOrder({ ...shell, name: 'coder' }), { pid: other });
    expect(refused.refusal.code).toBe('permission_denied');
    const beyond = spawnOrder({ capabilities: ['shell_exec'] });
    expect(t.call('spawn', beyond, { pid: other }).refusal.message).toContain('needs shell_exec');
  });
});
