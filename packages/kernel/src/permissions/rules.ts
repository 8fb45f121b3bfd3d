// Custom rules of the operator (A2): they come before the default table, and the first that matches
// wins. A rule names who does it, what, and, where it says so, to whom.
//   A rule that names whom says nothing of an action that concerns nobody in particular.
//   A1. No rule reaches over the border of a user: that is asked before.

import type { Action } from '../events/words.ts';
import type { ProcessRecord } from '../process/record.ts';
import type { AclRule, Party } from '../settings.ts';

/** What of a process a party is told by. */
type Told = Pick<ProcessRecord, 'address'> & {
  readonly spec: Pick<ProcessRecord['spec'], 'role' | 'user'>;
};

export function isOf(party: Party, record: Told): boolean {
  switch (party.by) {
    case 'everyone':
      return true;
    case 'role':
      return record.spec.role === party.role;
    case 'user':
      return record.spec.user === party.user;
    case 'address':
      return isAt(party.address, record.address);
  }
}

/** The first rule that says something of it. */
export const ruleOn = (
  rules: readonly AclRule[],
  asked: {
    caller: ProcessRecord;
    action: Action;
    target: ProcessRecord | undefined;
  },
): AclRule | undefined => rules.find((rule) => isAbout(rule, asked));

function isAbout(
  { who, actions, whom }: AclRule,
  asked: { caller: ProcessRecord; action: Action; target: ProcessRecord | undefined },
): boolean {
  if (actions.length > 0 && !actions.includes(asked.action)) return false;
  if (!isOf(who, asked.caller)) return false;
  return whom === undefined || (asked.target !== undefined && isOf(whom, asked.target));
}

function isAt(pattern: string, address: string): boolean {
  if (!pattern.endsWith('/*')) return address === pattern;
  return address.startsWith(pattern.slice(0, -1));
}
