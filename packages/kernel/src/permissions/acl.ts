// Who may do what (A1, A2): the default table by role and the order of the check.
//   A1. Exemptions first (oneself; a parent to its direct child; a child's message to its parent),
//       then same user or king, then the table. Default is deny.
//   A2. `kill` in the table means any descendant; without it, own children only.
// The operator acts as the king and is asked nothing here.

import { KernelError } from '../errors.ts';
import type { Role } from '../events/words.ts';
import { describeProcess, type ProcessRecord } from '../process/record.ts';
import { isAncestor } from '../process/tree.ts';

export const ACTIONS = [
  'spawn',
  'kill',
  'send_message',
  'write_artifact',
  'read_artifact',
  'escalate',
  'read_process',
] as const;
export type Action = (typeof ACTIONS)[number];

const every = (roles: readonly Role[]): ReadonlySet<Role> => new Set(roles);

const ALL: readonly Role[] = ['kernel', 'daemon', 'agent', 'architect', 'lead', 'worker', 'task'];

export const DEFAULT_ACL: Readonly<Record<Action, ReadonlySet<Role>>> = {
  spawn: every(['kernel', 'daemon', 'agent', 'lead', 'worker']),
  kill: every(['kernel', 'daemon', 'lead']),
  send_message: every(['kernel', 'daemon', 'agent', 'lead', 'worker', 'task']),
  write_artifact: every(['kernel', 'daemon', 'agent', 'architect', 'lead', 'worker']),
  read_artifact: every(ALL),
  escalate: every(ALL),
  read_process: every(['kernel', 'daemon', 'agent', 'architect', 'lead', 'worker']),
};

export const roleMay = (role: Role, action: Action): boolean => DEFAULT_ACL[action].has(role);

/** The role's right to the action itself, whoever it concerns. Throws `permission_denied`. */
export function requireRole(caller: ProcessRecord, action: Action): void {
  if (roleMay(caller.spec.role, action)) return;
  throw denied(caller, action, `its role ${caller.spec.role} has no right "${action}" (A2)`);
}

/** The caller's right to do `action` to `target`. Throws `permission_denied` with the rule. */
export function requireAccess(caller: ProcessRecord, action: Action, target: ProcessRecord): void {
  const why = refusalOf(caller, action, target);
  if (why !== undefined) throw denied(caller, action, why);
}

export const hasAccess = (caller: ProcessRecord, action: Action, target: ProcessRecord): boolean =>
  refusalOf(caller, action, target) === undefined;

function refusalOf(
  caller: ProcessRecord,
  action: Action,
  target: ProcessRecord,
): string | undefined {
  if (isExempt(caller, action, target)) return undefined;
  const isKing = caller.parent === undefined;
  if (!isKing && caller.spec.user !== target.spec.user) {
    return `${describeProcess(target)} belongs to user "${target.spec.user}" (A1)`;
  }
  if (!roleMay(caller.spec.role, action)) {
    return `its role ${caller.spec.role} has no right "${action}" (A2)`;
  }
  if (action === 'kill' && !isAncestor(caller, target)) {
    return `it is no ancestor of ${describeProcess(target)} (A2)`;
  }
  return undefined;
}

function isExempt(caller: ProcessRecord, action: Action, target: ProcessRecord): boolean {
  if (caller === target) return true;
  if (target.parent === caller) return true;
  const isToParent = caller.parent === target;
  return isToParent && (action === 'send_message' || action === 'escalate');
}

function denied(caller: ProcessRecord, action: Action, why: string): KernelError {
  return new KernelError(
    'permission_denied',
    `denied: ${describeProcess(caller)} may not ${action.replace('_', ' ')}: ${why}.`,
    { details: { pid: caller.pid, action } },
  );
}
