// Who may do what by role (A2): the default table. The order of the whole check, with exemptions,
// users and custom rules around it, is in guard.ts.
//   A2. `kill` in the table means any descendant; without it, own children only.

import type { Action, Role } from '../events/words.ts';

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
