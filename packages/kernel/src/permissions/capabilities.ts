// Capabilities by role (A3) and what tools need of them.
//   A3. A child gets only tools whose capability both its role and its parent hold.

import { KernelError } from '../errors.ts';
import type { Role } from '../events/words.ts';
import { describeProcess, type ProcessRecord } from '../process/record.ts';

export const CAPABILITIES = [
  'spawn_children',
  'kill_processes',
  'manage_tree',
  'shell_exec',
  'network_access',
  'file_write',
  'file_read',
  'budget_allocate',
  'escalate',
  'broadcast',
] as const;
export type Capability = (typeof CAPABILITIES)[number];

const caps = (...list: Capability[]): ReadonlySet<Capability> => new Set(list);

export const ROLE_CAPABILITIES: Readonly<Record<Role, ReadonlySet<Capability>>> = {
  kernel: caps(...CAPABILITIES),
  daemon: caps(
    'spawn_children',
    'kill_processes',
    'manage_tree',
    'network_access',
    'file_read',
    'budget_allocate',
    'escalate',
    'broadcast',
  ),
  agent: caps(
    'spawn_children',
    'kill_processes',
    'network_access',
    'file_write',
    'file_read',
    'budget_allocate',
    'escalate',
  ),
  architect: caps('file_write', 'file_read', 'escalate'),
  lead: caps(
    'spawn_children',
    'kill_processes',
    'network_access',
    'file_write',
    'file_read',
    'budget_allocate',
    'escalate',
  ),
  worker: caps('spawn_children', 'network_access', 'file_write', 'file_read', 'escalate'),
  task: caps('file_read', 'escalate'),
};

const TOOL_CAPABILITY: ReadonlyMap<string, Capability> = new Map([
  ['shell_exec', 'shell_exec'],
  ['bash', 'shell_exec'],
  ['terminal', 'shell_exec'],
  ['write_file', 'file_write'],
  ['file_write', 'file_write'],
  ['edit_file', 'file_write'],
  ['read_file', 'file_read'],
  ['file_read', 'file_read'],
  ['web_search', 'network_access'],
  ['web_fetch', 'network_access'],
  ['http_request', 'network_access'],
]);

/** Throws `permission_denied` when the caller's role does not hold it (A3). */
export function requireCapability(caller: ProcessRecord, capability: Capability): void {
  const { role } = caller.spec;
  if (ROLE_CAPABILITIES[role].has(capability)) return;
  throw new KernelError(
    'permission_denied',
    `denied: ${describeProcess(caller)} needs ${capability}, which role ${role} ` +
      'does not hold (A3).',
    { details: { pid: caller.pid, capability } },
  );
}

/** Throws `permission_denied` when the child's role or its parent's may not have a tool (A3). */
export function requireTools(tools: readonly string[], child: Role, parent: Role): void {
  for (const tool of tools) {
    const needs = TOOL_CAPABILITY.get(tool);
    if (needs === undefined) continue;
    for (const role of [child, parent]) {
      if (ROLE_CAPABILITIES[role].has(needs)) continue;
      throw new KernelError(
        'permission_denied',
        `denied: the tool "${tool}" needs ${needs}, which role ${role} does not hold (A3).`,
        { details: { tool, capability: needs } },
      );
    }
  }
}
