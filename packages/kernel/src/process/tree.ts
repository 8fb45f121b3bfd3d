// Questions about the tree: ancestors, descendants, siblings, the nearest common ancestor. All cost
// the depth or the size of the answer, never the number of processes.

import type { Relation } from '../events/words.ts';
import type { ProcessRecord } from './record.ts';

export function isAncestor(ancestor: ProcessRecord, of: ProcessRecord): boolean {
  let at = of.parent;
  while (at !== undefined && at.depth >= ancestor.depth) {
    if (at === ancestor) return true;
    at = at.parent;
  }
  return false;
}

export function* ancestorsOf(record: ProcessRecord): Generator<ProcessRecord> {
  for (let at = record.parent; at !== undefined; at = at.parent) yield at;
}

/** Parents before their children, siblings in the order of their pids. */
export function* walkDown(root: ProcessRecord): Generator<ProcessRecord> {
  const stack: ProcessRecord[] = [root];
  for (;;) {
    const record = stack.pop();
    if (record === undefined) return;
    yield record;
    const children = [...record.children.values()].sort((a, b) => b.pid - a.pid);
    for (const child of children) stack.push(child);
  }
}

/** Leaves before their parents, the root last (P10). */
export function leavesFirst(root: ProcessRecord): ProcessRecord[] {
  const order: ProcessRecord[] = [];
  const stack: ProcessRecord[] = [root];
  for (;;) {
    const record = stack.pop();
    if (record === undefined) return order.reverse();
    order.push(record);
    for (const child of record.children.values()) stack.push(child);
  }
}

/** Levels below it. */
export function heightOf(root: ProcessRecord): number {
  let height = 0;
  for (const record of walkDown(root)) height = Math.max(height, record.depth - root.depth);
  return height;
}

/** P11: the nodes that it and all below it live on, sorted. */
export function nodesOf(root: ProcessRecord): string[] {
  const nodes = new Set<string>();
  for (const { spec, state } of walkDown(root)) if (state !== 'dead') nodes.add(spec.node);
  return [...nodes].sort();
}

export function nearestCommonAncestor(a: ProcessRecord, b: ProcessRecord): ProcessRecord {
  let left = a;
  let right = b;
  while (left !== right) {
    const deeper = left.depth >= right.depth ? left : right;
    const up = deeper.parent;
    if (up === undefined) return deeper;
    if (deeper === left) left = up;
    else right = up;
  }
  return left;
}

/** M4: what `from` is to `to`. */
export function relationOf(from: ProcessRecord, to: ProcessRecord): Relation {
  if (from === to) return 'other';
  if (to.parent === from) return 'parent';
  if (from.parent === to) return 'child';
  if (from.parent !== undefined && from.parent === to.parent) return 'sibling';
  return 'other';
}
