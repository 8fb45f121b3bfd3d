import { spawnOrder, testKernel } from '@hivekernel/testkit';
import { describe, expect, it } from 'vitest';
import { ROLES } from '../events/words.ts';
import { DEFAULT_ACL } from './acl.ts';
import { CAPABILITIES, requireTools, ROLE_CAPABILITIES, type Capability } from './capabilities.ts';

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

describe('ROLE_CAPABILITIES', () => {
  it.each(CELLS)('%s, %s: %s (A3)', (role, capability, holds) => {
    expect(ROLE_CAPABILITIES[role].has(capability)).toBe(holds);
    const tool = TOOL_OF[capability];
    if (tool === undefined) return;
    const ask = (): void => requireTools([tool], role, 'kernel');
    if (holds) expect(ask).not.toThrow();
    else expect(ask).toThrow(expect.objectContaining({ code: 'permission_denied' }));
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
    expect(() => requireTools([tool], 'lead', 'kernel')).toThrow(/shell_exec/);
  });

  it('lets tools pass that need nothing', () => {
    expect(() => requireTools(['add_numbers'], 'task', 'task')).not.toThrow();
  });
});
