// Capabilities (A3): what each role holds by default, what a process holds, and what tools need.
//   A3. A process holds what its role does, with what was granted to it, less what was revoked from
//       it or from anybody above it: a revocation holds at once for all below.
//   A3. A child gets only tools whose capability both itself and its parent hold.

import { KernelError } from '../errors.ts';
import { CAPABILITIES, type Capability, type Role } from '../events/words.ts';
import { describeProcess, type ProcessRecord } from '../process/record.ts';

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

/** What may be asked of one that does not exist yet: a child that is about to be spawned. */
export interface Holder {
  readonly role: Role;
  /** What its parent hands on to it. */
  readonly handedOn: ReadonlySet<Capability>;
  /** What the operator's configuration gives it, whatever its parent holds. */
  readonly configured: ReadonlySet<Capability>;
}

export const holds = (record: ProcessRecord, capability: Capability): boolean =>
  whyNot(record, capability) === undefined;

/** Undefined: it holds it. */
export function whyNot(record: ProcessRecord, capability: Capability): string | undefined {
  const revoked = revokedAt(record, capability);
  if (revoked === record) return `${capability} was revoked from it`;
  if (revoked !== undefined) {
    return `${capability} was revoked from ${describeProcess(revoked)} above it`;
  }
  const { role } = record.spec;
  const isGranted = record.grants.get(capability) === 'granted';
  if (isGranted || ROLE_CAPABILITIES[role].has(capability)) return undefined;
  return `role ${role} does not hold ${capability}`;
}

/** From whom it was revoked, of the process and those above it. */
export function revokedAt(
  record: ProcessRecord,
  capability: Capability,
): ProcessRecord | undefined {
  for (let at: ProcessRecord | undefined = record; at !== undefined; at = at.parent) {
    if (at.grants.get(capability) === 'revoked') return at;
  }
  return undefined;
}

/** Throws `permission_denied` where the child or its parent may not have a tool (A3). */
export function requireTools(tools: readonly string[], child: Holder, parent: ProcessRecord): void {
  for (const tool of tools) {
    const needs = TOOL_CAPABILITY.get(tool);
    if (needs === undefined || child.configured.has(needs)) continue;
    const isChilds = ROLE_CAPABILITIES[child.role].has(needs) || child.handedOn.has(needs);
    const childWhy = isChilds ? undefined : `role ${child.role} does not hold it`;
    const why = childWhy ?? whyNot(parent, needs);
    if (why === undefined) continue;
    const whose = childWhy === undefined ? `the parent, ${describeProcess(parent)}` : 'the child';
    throw new KernelError(
      'permission_denied',
      `denied: the tool "${tool}" needs ${needs}, which ${whose} does not have: ${why} (A3).`,
      { details: { tool, capability: needs } },
    );
  }
}
