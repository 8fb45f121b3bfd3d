// The rows of the settings table about rights: rules that come before the table by role, and what
// processes hold beside their role's (A2, A3).

import type { AclRule } from '@hivekernel/kernel';
import { GRANT_FORM, RULE_FORM, conflictsOf, readGrant, readRule } from './permission-rules.ts';
import { row } from './setting-row.ts';
import { list } from './value-kinds.ts';
import type { Kind } from './value-kinds.ts';

const problemOf = (read: { readonly problem: string } | object): string | undefined =>
  'problem' in read ? read.problem : undefined;

export const PERMISSION_ROWS = {
  'acl.rules': row<readonly string[]>({
    kind: rulesKind(),
    default: [],
    rule: 'A2',
    doc: 'Rules of who may do what, before the table by role; the first that matches wins.',
  }),
  'capabilities.grant': row<readonly string[]>({
    kind: list({ allowed: GRANT_FORM, check: (text) => problemOf(readGrant(text)) }),
    default: [],
    rule: 'A3',
    doc: 'Capabilities that processes get at birth beside those of their role.',
  }),
} as const;

/** A list of rules, none of which contradicts another. */
function rulesKind(): Kind<readonly string[]> {
  const kind = list({ allowed: RULE_FORM, check: (text) => problemOf(readRule(text)) });
  return {
    ...kind,
    parse(raw) {
      const parsed = kind.parse(raw);
      if (!parsed.ok) return parsed;
      const conflicts = conflictsOf(rulesOf(parsed.value));
      if (conflicts.length === 0) return parsed;
      return {
        ok: false,
        problems: conflicts.map(({ at, problem }) => ({ path: [at], what: problem })),
      };
    },
  };
}

/** Of texts that were checked. */
export const rulesOf = (texts: readonly string[]): AclRule[] =>
  texts.flatMap((text) => {
    const read = readRule(text);
    return 'value' in read ? [read.value] : [];
  });

export const grantsOf = (texts: readonly string[]) =>
  texts.flatMap((text) => {
    const read = readGrant(text);
    return 'value' in read ? [read.value] : [];
  });
