import { testKernel } from '@hivekernel/testkit';
import type { TestKernel } from '@hivekernel/testkit';
import { describe, expect, it } from 'vitest';
import { asPid, type Pid } from '../ids.ts';

/** queen > (lead > worker > leaf, other); and a daemon of another user. */
function tree(t: TestKernel) {
  const queen = t.spawn({ name: 'queen', role: 'daemon', image: 'hold' });
  const lead = t.spawn({ name: 'lead', role: 'lead', image: 'hold' }, { pid: queen });
  const other = t.spawn({ name: 'other', role: 'lead', image: 'hold' }, { pid: queen });
  const worker = t.spawn({ name: 'worker', image: 'hold' }, { pid: lead });
  const leaf = t.spawn({ name: 'leaf', role: 'task', image: 'hold' }, { pid: worker });
  const leo = t.spawn({ name: 'leo', role: 'daemon', user: 'leo', image: 'hold' });
  return { queen, lead, other, worker, leaf, leo };
}

const names = (views: readonly { name: string }[]): string[] => views.map(({ name }) => name);

describe('ancestors', () => {
  it('go from the parent up to the king (P11)', () => {
    const t = testKernel();
    const { leaf, queen } = tree(t);
    expect(names(t.call('ancestors', { pid: leaf }).value)).toEqual([
      ...['worker', 'lead', 'queen', 'king'],
    ]);
    expect(names(t.call('ancestors', { pid: asPid(0) }, { pid: queen }).value)).toEqual(['king']);
    expect(t.call('ancestors', { pid: asPid(1) }).value).toEqual([]);
  });

  it('are told to who may read the process, whoever they are (A2)', () => {
    const t = testKernel();
    const { leaf, worker, other, leo } = tree(t);
    const by = (pid: Pid, of: Pid) => t.call('ancestors', { pid: of }, { pid });
    expect(names(by(leaf, leaf).value)).toHaveLength(4);
    expect(names(by(other, worker).value)).toHaveLength(3);
    expect(by(leaf, worker).refusal.code).toBe('permission_denied');
    expect(by(leo, worker).refusal.code).toBe('permission_denied');
    expect(by(leo, asPid(99)).refusal.code).toBe('not_found');
  });

  it('of one that was adopted are those of its heir (P9)', () => {
    const t = testKernel();
    const { lead, worker } = tree(t);
    t.call('kill', { pid: lead, isRecursive: false, reason: 'normal', graceMs: 0 });
    expect(names(t.call('ancestors', { pid: worker }).value)).toEqual(['queen', 'king']);
  });
});

describe('common_ancestor', () => {
  it.each([
    ['leaf', 'other', 'queen'],
    ['leaf', 'worker', 'worker'],
    ['worker', 'worker', 'worker'],
    ['leaf', 'leo', 'king'],
  ] as const)('of %s and %s is %s (P11)', (one, other, expected) => {
    const t = testKernel();
    const pids = tree(t);
    const args = { pid: pids[one], other: pids[other] };
    expect(t.call('common_ancestor', args).value.name).toBe(expected);
    expect(t.call('common_ancestor', { pid: args.other, other: args.pid }).value.name).toBe(
      expected,
    );
  });

  it('is told to who may read both (A2)', () => {
    const t = testKernel();
    const { worker, other, leo } = tree(t);
    const by = (pid: Pid, args: { pid: Pid; other: Pid }) =>
      t.call('common_ancestor', args, { pid }).result;
    const denied = { ok: false, error: { code: 'permission_denied' } };
    expect(by(other, { pid: worker, other: asPid(0) })).toMatchObject({ ok: true });
    expect(by(other, { pid: worker, other: leo })).toMatchObject(denied);
    expect(by(other, { pid: leo, other: worker })).toMatchObject(denied);
  });
});

describe('subtree_nodes', () => {
  it('names the node that all inherit, once (P11, P12)', () => {
    const t = testKernel({ settings: { nodeName: 'vps7' } });
    const { queen, leaf } = tree(t);
    expect(t.call('subtree_nodes', { pid: queen }).value).toEqual({ nodes: ['vps7'] });
    expect(t.call('subtree_nodes', { pid: leaf }).value).toEqual({ nodes: ['vps7'] });
  });

  it('is told to who may read the root, after what others changed below (DESIGN §3)', () => {
    const t = testKernel();
    const { queen, lead, leo } = tree(t);
    expect(t.call('subtree_nodes', { pid: queen }, { pid: leo }).refusal.code).toBe(
      'permission_denied',
    );
    t.call('metric', { name: 'tokens_consumed', value: 1, labels: {} }, { pid: lead });
    const changed = t.events.at(-1)?.seq;
    const { gate } = t.call('subtree_nodes', { pid: queen }, { pid: queen });
    expect(gate).toBe(changed);
  });
});

describe('listings of the tree', () => {
  it('give children, descendants and siblings, parents first (P11)', () => {
    const t = testKernel();
    const { queen, lead } = tree(t);
    const list = (isRecursive: boolean) =>
      names(t.call('list_children', { isRecursive, state: undefined }, { pid: queen }).value);
    expect(list(false)).toEqual(['lead', 'other']);
    expect(list(true)).toEqual(['lead', 'worker', 'leaf', 'other']);
    expect(names(t.call('list_siblings', {}, { pid: lead }).value)).toEqual(['other']);
  });

  it('pick by state: what is paused, asleep or undecided is found by its own word', () => {
    const t = testKernel();
    const { queen, lead, other, worker } = tree(t);
    t.call('signal', {
      ...{ pid: lead, signal: 'STOP', isRecursive: false, reason: '', graceMs: 0 },
    });
    t.call('sleep', { pid: other });
    t.ends(worker);
    for (const [state, name] of [
      ['paused', 'lead'],
      ['sleeping', 'other'],
      ['zombie', 'worker'],
    ] as const) {
      const args = { isRecursive: true, state: [state] };
      expect(names(t.call('list_children', args, { pid: queen }).value)).toEqual([name]);
    }
  });

  it('of a branch, or of all, leave out the dead unless they are asked for (P8)', () => {
    const t = testKernel();
    const { queen, lead, worker } = tree(t);
    t.call('kill', { pid: worker, isRecursive: true, reason: 'normal', graceMs: 0 });
    const list = (root: Pid, includeDead: boolean) =>
      names(t.call('list_processes', { root, includeDead }).value);
    expect(list(lead, false)).toEqual(['lead']);
    expect(list(queen, true)).toEqual(['queen', 'lead', 'worker', 'leaf', 'other']);
    expect(list(asPid(0), false)).toEqual(['king', 'queen', 'lead', 'other', 'leo']);
  });
});
