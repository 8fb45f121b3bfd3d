// The page of permissions, from the tables that the kernel asks: every call with its right, the
// rights by role, the capabilities by role. So the page says what holds (A2, A3).

import {
  ACTIONS,
  ASKED,
  CAPABILITIES,
  DEFAULT_ACL,
  ROLES,
  ROLE_CAPABILITIES,
  SYSCALLS,
} from '@hivekernel/kernel';

export function drawPermissions(): string {
  return [
    '### Calls',
    table(['call', 'right', 'and', 'changes'], callRows()),
    '### Rights by role',
    table(
      ['right', ...ROLES],
      ACTIONS.map((one) => matrixRow(one, DEFAULT_ACL[one])),
    ),
    '### Capabilities by role',
    table(
      ['capability', ...ROLES],
      CAPABILITIES.map((one) => matrixRow(one, holdersOf(one))),
    ),
  ].join('\n\n');
}

const callRows = (): string[][] =>
  Object.entries(SYSCALLS).map(([name, { needs, asks, does }]) => [
    `\`${name}\``,
    needs === null ? '' : `\`${needs}\``,
    ASKED[asks],
    does === 'read' ? '' : 'yes',
  ]);

type Role = (typeof ROLES)[number];

const matrixRow = (name: string, roles: ReadonlySet<Role>): string[] => [
  `\`${name}\``,
  ...ROLES.map((role) => (roles.has(role) ? 'yes' : '')),
];

const holdersOf = (capability: (typeof CAPABILITIES)[number]): ReadonlySet<Role> =>
  new Set(ROLES.filter((role) => ROLE_CAPABILITIES[role].has(capability)));

/** As prettier would have it. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((cell, i) =>
    Math.max(3, ...[head, ...rows].map((row) => (row[i] ?? cell).length)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}
