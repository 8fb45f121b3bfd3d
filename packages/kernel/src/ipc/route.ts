// Routes: which way a message takes through the tree. The broker asks here before it accepts.
//   M1. Parent and child directly, and so along one line of descent; siblings by way of their
//       parent; across branches by way of the nearest common ancestor. A task writes to its parent
//       only.
//   M2. Its relay rules what crosses an ancestor's branches. One that sends or receives itself is
//       crossed by nothing, and what passes between siblings is their parent's to read (M3).

import { KernelError } from '../errors.ts';
import type { Relation, Relay, Route } from '../events/words.ts';
import { describeProcess, type ProcessRecord } from '../process/record.ts';
import { nearestCommonAncestor } from '../process/tree.ts';

export interface Path {
  readonly route: Route;
  /** Who it passes; undefined on a direct one. */
  readonly via: ProcessRecord | undefined;
}

const DIRECT: Path = { route: 'direct', via: undefined };

export function pathOf(from: ProcessRecord, to: ProcessRecord, relation: Relation): Path {
  if (relation === 'sibling') return { route: 'siblings', via: from.parent };
  if (relation !== 'other' || from === to) return DIRECT;
  const via = nearestCommonAncestor(from, to);
  return via === from || via === to ? DIRECT : { route: 'branches', via };
}

/** Throws `permission_denied` for a task that writes past its parent (M1). */
export function requireWay(from: ProcessRecord, to: ProcessRecord, relation: Relation): void {
  if (from.spec.role !== 'task' || relation === 'child' || from === to) return;
  throw new KernelError(
    'permission_denied',
    `denied: ${describeProcess(from)} is a task and writes to its parent only (M1).`,
  );
}

/** M2. The king's is a setting, since nobody spawns him. */
export const relayOf = (via: ProcessRecord, kings: Relay): Relay =>
  via.parent === undefined ? kings : (via.spec.relay ?? 'pass');

export function relayDenied(from: ProcessRecord, to: ProcessRecord, via: ProcessRecord) {
  const [sender, receiver] = [describeProcess(from), describeProcess(to)];
  return new KernelError(
    'permission_denied',
    `denied: ${describeProcess(via)} relays nothing between its branches, and ${sender} and ` +
      `${receiver} are in two of them (M2).`,
    { details: { pid: from.pid, via: via.pid } },
  );
}
