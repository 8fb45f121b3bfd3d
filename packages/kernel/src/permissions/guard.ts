// The guard: every question of rights goes through here, in one order (A1):
//   1. Exemptions: oneself; a parent to its direct child; a child's message and escalation to its
//      parent.
//   2. The same user, or the king: else no.
//   3. The operator's rules, the first that matches (rules.ts).
//   4. The table by role (acl.ts). What it does not give is denied.
//   A3. What somebody holds is asked beside it, whatever a rule allows: to kill who is not one's
//       child takes `kill_processes`.
// The operator acts as the king and is asked nothing here.

import { KernelError } from '../errors.ts';
import type { Action, Capability } from '../events/words.ts';
import { describeProcess, type ProcessRecord } from '../process/record.ts';
import { isAncestor } from '../process/tree.ts';
import type { AclRule } from '../settings.ts';
import { roleMay } from './acl.ts';
import { whyNot } from './capabilities.ts';
import { ruleOn } from './rules.ts';

export class Guard {
  readonly #rules: readonly AclRule[];

  constructor(rules: readonly AclRule[]) {
    this.#rules = rules;
  }

  /** The right to the action itself, whoever it concerns. Throws `permission_denied`. */
  requireRight(caller: ProcessRecord, action: Action): void {
    const why = this.#whyNot(caller, action, undefined);
    if (why !== undefined) throw denied(caller, action, why);
  }

  /** The right to do `action` to `target`. Throws `permission_denied` with the rule. */
  requireAccess(caller: ProcessRecord, action: Action, target: ProcessRecord): void {
    const why = this.#refusalOf(caller, action, target);
    if (why !== undefined) throw denied(caller, action, why);
  }

  hasAccess(caller: ProcessRecord, action: Action, target: ProcessRecord): boolean {
    return this.#refusalOf(caller, action, target) === undefined;
  }

  /** A3. Throws `permission_denied` that says how it could be had. */
  requireCapability(caller: ProcessRecord, capability: Capability): void {
    const why = whyNot(caller, capability);
    if (why === undefined) return;
    throw new KernelError(
      'permission_denied',
      `denied: ${describeProcess(caller)} needs ${capability}: ${why} (A3). ` +
        `An ancestor that holds it, or the operator, may grant it: ` +
        `hive cap grant ${caller.pid} ${capability}.`,
      { details: { pid: caller.pid, capability } },
    );
  }

  #refusalOf(caller: ProcessRecord, action: Action, target: ProcessRecord): string | undefined {
    if (isExempt(caller, action, target)) return undefined;
    const isKing = caller.parent === undefined;
    if (!isKing && caller.spec.user !== target.spec.user) {
      return `${describeProcess(target)} belongs to user "${target.spec.user}" (A1)`;
    }
    const why = this.#whyNot(caller, action, target);
    if (why !== undefined || action !== 'kill') return why;
    const lacks = whyNot(caller, 'kill_processes');
    return lacks && `it is not its child, and ${lacks} (A3)`;
  }

  #whyNot(
    caller: ProcessRecord,
    action: Action,
    target: ProcessRecord | undefined,
  ): string | undefined {
    const rule = ruleOn(this.#rules, { caller, action, target });
    if (rule !== undefined) return rule.effect === 'allow' ? undefined : byRule(rule);
    const { role } = caller.spec;
    if (!roleMay(role, action)) return `its role ${role} has no right "${action}" (A2)`;
    const isFar = action === 'kill' && target !== undefined && !isAncestor(caller, target);
    return isFar ? `it is no ancestor of ${describeProcess(target)} (A2)` : undefined;
  }
}

function isExempt(caller: ProcessRecord, action: Action, target: ProcessRecord): boolean {
  if (caller === target) return true;
  if (target.parent === caller) return true;
  const isToParent = caller.parent === target;
  return isToParent && (action === 'send_message' || action === 'escalate');
}

const byRule = ({ text }: AclRule): string => `the operator's rule "${text}" says so (A2)`;

function denied(caller: ProcessRecord, action: Action, why: string): KernelError {
  return new KernelError(
    'permission_denied',
    `denied: ${describeProcess(caller)} may not ${action.replace('_', ' ')}: ${why}.`,
    { details: { pid: caller.pid, action } },
  );
}
