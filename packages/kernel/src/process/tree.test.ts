import { testKernel } from '@hivekernel/testkit';
import { describe, expect, it } from 'vitest';
import type { Pid } from '../ids.ts';
import type { ProcessRecord } from './record.ts';
import {
  ancestorsOf,
  heightOf,
  isAncestor,
  leavesFirst,
  nearestCommonAncestor,
  nodesOf,
  relationOf,
  walkDown,
} from './tree.ts';

function tree(): { at: (name: string) => ProcessRecord; record: (pid: Pid) => ProcessRecord } {
  const t = testKernel();
  const pids = new Map<string, Pid>();
  const edges = [
    ['a', 'king'],
    ['b', 'king'],
    ['a1', 'a'],
    ['a2', 'a'],
    ['b1', 'b'],
    ['a1x', 'a1'],
  ] as const;
  for (const [name, parent] of edges) {
    const from = pids.get(parent);
    pids.set(name, t.spawn({ name, role: 'lead' }, from === undefined ? {} : { pid: from }));
  }
  const record = (pid: Pid): ProcessRecord => t.kernel.state.table.require(pid);
  const king = t.kernel.state.table.king;
  return { record, at: (name) => (name === 'king' ? king : record(pids.get(name) as Pid)) };
}

const names = (records: Iterable<ProcessRecord>): string[] =>
  [...records].map(({ spec }) => spec.name);

describe('the tree', () => {
  it('tells ancestors from others, and nobody is its own', () => {
    const { at } = tree();
    expect(names(ancestorsOf(at('a1x')))).toEqual(['a1', 'a', 'king']);
    expect(isAncestor(at('a'), at('a1x'))).toBe(true);
    expect(isAncestor(at('king'), at('b1'))).toBe(true);
    expect(isAncestor(at('b'), at('a1x'))).toBe(false);
    expect(isAncestor(at('a1x'), at('a'))).toBe(false);
    expect(isAncestor(at('a'), at('a'))).toBe(false);
  });

  it('walks down with parents first, and up with leaves first (P10)', () => {
    const { at } = tree();
    expect(names(walkDown(at('king')))).toEqual(['king', 'a', 'a1', 'a1x', 'a2', 'b', 'b1']);
    const order = names(leavesFirst(at('king')));
    expect(order).toHaveLength(7);
    for (const [child, parent] of [
      ['a1x', 'a1'],
      ['a1', 'a'],
      ['a2', 'a'],
      ['a', 'king'],
      ['b1', 'b'],
      ['b', 'king'],
    ] as const) {
      expect(order.indexOf(child)).toBeLessThan(order.indexOf(parent));
    }
  });

  it.each([
    ['a1x', 'a2', 'a'],
    ['a1x', 'b1', 'king'],
    ['a', 'a1x', 'a'],
    ['a1', 'a1', 'a1'],
    ['king', 'b', 'king'],
  ])('finds the nearest common ancestor of %s and %s: %s (M1)', (one, other, expected) => {
    const { at } = tree();
    expect(nearestCommonAncestor(at(one), at(other))).toBe(at(expected));
    expect(nearestCommonAncestor(at(other), at(one))).toBe(at(expected));
  });

  it.each<[string, number]>([
    ['king', 3],
    ['a', 2],
    ['a1', 1],
    ['a1x', 0],
  ])('below %s has %i levels', (name, height) => {
    const { at } = tree();
    expect(heightOf(at(name))).toBe(height);
  });

  it('names the nodes of a branch, sorted, each once, but those of the dead (P11, P12)', () => {
    const { at } = tree();
    const settle = (name: string, node: string): void => {
      Object.assign(at(name).spec, { node });
    };
    settle('a', 'vps2');
    settle('a1', 'vps10');
    settle('a2', 'vps1');
    settle('a1x', 'vps3');
    expect(nodesOf(at('a'))).toEqual(['vps1', 'vps10', 'vps2', 'vps3']);
    expect(nodesOf(at('a1x'))).toEqual(['vps3']);
    const { state } = at('a1x');
    at('a1x').state = 'dead';
    expect(nodesOf(at('a'))).toEqual(['vps1', 'vps10', 'vps2']);
    at('a1x').state = state;
  });

  it.each([
    ['a', 'a1', 'parent'],
    ['a1', 'a', 'child'],
    ['a1', 'a2', 'sibling'],
    ['a1x', 'a2', 'other'],
    ['a', 'a1x', 'other'],
    ['a1', 'a1', 'other'],
  ])('says what %s is to %s: %s (M4)', (from, to, relation) => {
    const { at } = tree();
    expect(relationOf(at(from), at(to))).toBe(relation);
  });
});
