import { messageOrder, spawnOrder, taskSpec, testKernel } from '@hivekernel/testkit';
import type { SpawnWish, TestKernel } from '@hivekernel/testkit';
import { describe, expect, it } from 'vitest';
import { Kernel } from '../kernel.ts';
import { asPid, type Pid } from '../ids.ts';
import { LIMITS } from '../limits.ts';

const KILL = { isRecursive: false, reason: 'normal', graceMs: 1_000 } as const;

/** queen > (left > child > leaf, right): all of one user. */
function branch(wishes: { left?: SpawnWish; right?: SpawnWish; child?: SpawnWish } = {}) {
  const t = testKernel();
  const queen = t.spawn({ name: 'queen', role: 'daemon', image: 'hold' });
  const lead = { role: 'lead', image: 'hold' } as const;
  const left = t.spawn({ name: 'left', ...lead, ...wishes.left }, { pid: queen });
  const right = t.spawn({ name: 'right', ...lead, ...wishes.right }, { pid: queen });
  const child = t.spawn({ name: 'child', ...lead, ...wishes.child }, { pid: left });
  const leaf = t.spawn({ name: 'leaf', image: 'hold' }, { pid: child });
  return { t, queen, left, right, child, leaf };
}

const spend = (t: TestKernel, pid: Pid, value: number) =>
  t.call('metric', { name: 'tokens_consumed', value, labels: {} }, { pid });

describe('Mover.reparent()', () => {
  it('moves a process with all below it; SIGHUP to the moved one alone (P11)', () => {
    const { t, left, right, child, leaf } = branch();
    const { address } = t.view(child);
    expect(t.call('reparent', { pid: child, parent: right }).value).toEqual({});
    expect(t.eventsOf('process.reparented')).toMatchObject([
      { body: { pid: child, from: left, to: right } },
    ]);
    expect(t.view(child)).toMatchObject({ ppid: right, address, state: 'idle' });
    expect(t.view(leaf).ppid).toBe(child);
    expect([t.view(left).children, t.view(right).children]).toEqual([0, 1]);
    expect(t.signalsTo(child)).toEqual([{ signal: 'HUP', ppid: right }]);
    expect(t.signalsTo(leaf)).toEqual([]);
    const from = { pid: right };
    expect(t.call('execute_on', { pid: child, spec: taskSpec() }, from).isAnswered).toBe(false);
    expect(t.view(child).state).toBe('running');
  });

  it('keeps its address though another could have it now (P7)', () => {
    const { t, left, right, child } = branch();
    t.call('reparent', { pid: child, parent: right });
    expect(t.view(child).address).toBe('/king/queen/left/child');
    expect(t.view(t.spawn({ name: 'child' }, { pid: left })).address).toBe(
      '/king/queen/left/child~2',
    );
    expect(t.view(t.spawn({ name: 'child' }, { pid: right })).address).toBe(
      '/king/queen/right/child',
    );
  });

  it('accounts what the branch used under the new parent (P11)', () => {
    const { t, queen, left, right, child, leaf } = branch();
    spend(t, left, 1);
    spend(t, child, 20);
    spend(t, leaf, 300);
    const subtrees = (): number[] =>
      [queen, left, right, child, leaf].map((pid) => t.view(pid).tokensSubtree);
    expect(subtrees()).toEqual([321, 321, 0, 320, 300]);
    t.call('reparent', { pid: child, parent: right });
    expect(subtrees()).toEqual([321, 1, 320, 320, 300]);
    spend(t, leaf, 4_000);
    expect(subtrees()).toEqual([4_321, 1, 4_320, 4_320, 4_300]);
    t.call('reparent', { pid: child, parent: asPid(1) });
    expect(subtrees()).toEqual([1, 1, 0, 4_320, 4_300]);
    expect(t.view(1).tokensSubtree).toBe(4_321);
  });

  it('to the parent that it has changes nothing (P11)', () => {
    const { t, left, child } = branch({ left: { limits: { childrenMax: 1 } } });
    const before = t.events.length;
    expect(t.call('reparent', { pid: child, parent: left }).value).toEqual({});
    expect(t.events).toHaveLength(before);
  });

  it('gives its end to the new parent (P8)', () => {
    const { t, left, right, child } = branch();
    t.call('reparent', { pid: child, parent: right });
    t.ends(child);
    expect(t.signalsTo(right)).toMatchObject([{ signal: 'CHLD', pid: child }]);
    expect(t.signalsTo(left)).toEqual([]);
    const wait = { pid: child, timeoutMs: 1 };
    expect(t.call('wait_child', wait, { pid: left }).refusal.code).toBe('permission_denied');
    expect(t.call('wait_child', wait, { pid: right }).value.cause).toBe('crashed');
  });

  it('makes siblings and routes of the new place (M1, M4)', () => {
    const { t, right, child } = branch();
    const cousin = t.spawn({ image: 'deaf' }, { pid: right });
    t.call('reparent', { pid: child, parent: right });
    t.call('send', messageOrder({ to: cousin }), { pid: child });
    expect(t.runtime.agent(cousin).delivered[0]?.relation).toBe('sibling');
  });

  it('moves also who sleeps, is paused, or waits to be restarted (P11)', () => {
    for (const brings of [
      (t: TestKernel, pid: Pid) => t.call('sleep', { pid }),
      (t: TestKernel, pid: Pid) =>
        t.call('signal', { pid, signal: 'STOP', isRecursive: false, reason: '', graceMs: 0 }),
      (t: TestKernel, pid: Pid) => t.ends(pid),
    ]) {
      const { t, right, child } = branch({ child: { restart: 'transient' } });
      brings(t, child);
      t.call('reparent', { pid: child, parent: right });
      expect(t.view(child).ppid).toBe(right);
      t.advanceMs(1_000);
      expect(t.view(child).ppid).toBe(right);
    }
  });

  it('lets a restart in the new place tell the new parent (S5)', () => {
    const { t, right, child } = branch({ child: { restart: 'transient' } });
    t.call('reparent', { pid: child, parent: right });
    t.ends(child);
    t.advanceMs(1_000);
    expect(t.startsOf(child).map(({ parent }) => parent)).toEqual([
      t.startsOf(child)[0]?.parent,
      right,
    ]);
  });
});

describe('Mover.reparent() refuses', () => {
  it.each([
    ['daemon', undefined],
    ['agent', 'permission_denied'],
    ['lead', 'permission_denied'],
    ['worker', 'permission_denied'],
    ['architect', 'permission_denied'],
    ['task', 'permission_denied'],
  ] as const)('a %s as caller: %s, by manage_tree (P11, A3)', (role, code) => {
    const { t, queen, right, child } = branch();
    const caller = role === 'daemon' ? queen : t.spawn({ role, image: 'hold' }, { pid: queen });
    const { result } = t.call('reparent', { pid: child, parent: right }, { pid: caller });
    if (code === undefined) return expect(result?.ok).toBe(true);
    expect(result).toMatchObject({ ok: false, error: { code } });
    return expect(t.eventsOf('syscall.refused').at(-1)?.body.message).toContain('manage_tree');
  });

  it('the king, as itself or for another parent (P2, P11)', () => {
    const { t, left } = branch();
    const { refusal } = t.call('reparent', { pid: asPid(1), parent: left });
    expect(refusal.code).toBe('permission_denied');
    expect(refusal.message).toContain('P11');
  });

  it('a circle: under itself, its child, its grandchild (P11)', () => {
    const { t, left, child, leaf } = branch();
    for (const parent of [left, child, leaf]) {
      const { refusal } = t.call('reparent', { pid: left, parent });
      expect(refusal).toMatchObject({ code: 'invalid_argument', details: { pid: left, parent } });
      expect(refusal.message).toContain('circle');
    }
    expect(t.eventsOf('process.reparented')).toEqual([]);
  });

  it('whatever crosses users, in every direction; the king’s own place is everybody’s', () => {
    const { t, queen, right, child } = branch();
    const leo = t.spawn({ role: 'daemon', user: 'leo', image: 'hold' });
    const his = t.spawn({ role: 'lead', image: 'hold' }, { pid: leo });
    const cases: [Pid, Pid, Pid][] = [
      [queen, his, right],
      [leo, child, leo],
      [asPid(1), child, leo],
      [asPid(1), his, right],
    ];
    for (const [pid, target, parent] of cases) {
      const { refusal } = t.call('reparent', { pid: target, parent }, { pid });
      expect(refusal.code).toBe('permission_denied');
      expect(refusal.message).toContain('user');
    }
    expect(t.call('reparent', { pid: his, parent: asPid(1) }).value).toEqual({});
    expect(t.call('reparent', { pid: his, parent: leo }, { pid: leo }).value).toEqual({});
  });

  it.each([
    ['stubborn', 'stopping'],
    ['hold', 'dead'],
  ] as const)('a target that is %s/%s (P11)', (image, state) => {
    const { t, right, child } = branch({ child: { image } });
    t.call('kill', { pid: child, ...KILL });
    const { refusal } = t.call('reparent', { pid: child, parent: right });
    expect(refusal).toMatchObject({ code: 'wrong_state', details: { state } });
  });

  it('a zombie, decided or not (P11)', () => {
    const { t, right, child } = branch();
    t.ends(child);
    const { refusal } = t.call('reparent', { pid: child, parent: right });
    expect(refusal).toMatchObject({ code: 'wrong_state', details: { state: 'zombie' } });
  });

  it.each(['stopping', 'zombie', 'dead'] as const)('a parent that is %s (P5)', (state) => {
    const image = state === 'stopping' ? 'stubborn' : 'hold';
    const { t, right, child } = branch({ right: { image } });
    if (state === 'zombie') t.ends(right);
    else t.call('kill', { pid: right, ...KILL });
    expect(t.view(right).state).toBe(state);
    const { refusal } = t.call('reparent', { pid: child, parent: right });
    expect(refusal.code).toBe('wrong_state');
    expect(refusal.message).toContain(`is ${state} (P5)`);
  });

  it('who is unknown', () => {
    const { t, right, child } = branch();
    expect(t.call('reparent', { pid: asPid(99), parent: right }).refusal.code).toBe('not_found');
    expect(t.call('reparent', { pid: child, parent: asPid(99) }).refusal.code).toBe('not_found');
  });

  it('a tier above that of the new parent (P5)', () => {
    const { t, right, child } = branch({ right: { tier: 'operational' } });
    const { refusal } = t.call('reparent', { pid: child, parent: right });
    expect(refusal).toMatchObject({ code: 'invalid_argument', details: { field: 'tier' } });
    expect(refusal.message).toContain('The move is refused');
  });

  it('a role above that of the new parent, unless the setting allows it (P5)', () => {
    const { t, right, child } = branch({ right: { role: 'worker' } });
    const { refusal } = t.call('reparent', { pid: child, parent: right });
    expect(refusal).toMatchObject({ code: 'invalid_argument', details: { field: 'role' } });
    const lax = testKernel({ settings: { spawnOutrank: 'allow' } });
    const worker = lax.spawn({ role: 'worker' });
    const lead = lax.spawn({ role: 'lead' });
    expect(lax.call('reparent', { pid: lead, parent: worker }).value).toEqual({});
  });

  it('over max_children of the new parent; the dead do not count (P5)', () => {
    const { t, right, child } = branch({ right: { limits: { childrenMax: 1 } } });
    const only = t.spawn({ image: 'hold' }, { pid: right });
    const { refusal } = t.call('reparent', { pid: child, parent: right });
    expect(refusal).toMatchObject({ code: 'limit_exceeded', details: { max_children: 1 } });
    t.call('kill', { pid: only, ...KILL });
    expect(t.call('reparent', { pid: child, parent: right }).value).toEqual({});
  });

  it('what would make the tree too deep, with all that is below it (P5)', () => {
    const t = testKernel();
    let pid = asPid(1);
    for (let depth = 1; depth < LIMITS.treeDepthMax - 1; depth += 1) {
      pid = t.spawn({ name: 'd', role: 'agent' }, { pid });
    }
    const top = t.spawn({ role: 'agent' });
    const below = t.spawn({ role: 'agent' }, { pid: top });
    expect(t.call('reparent', { pid: top, parent: pid }).refusal.code).toBe('limit_exceeded');
    t.call('reparent', { pid: below, parent: pid });
    expect(t.view(below).ppid).toBe(pid);
  });

  it('in this order: right, user, king, circle, state, then the rules of a spawn (P11)', () => {
    const { t, right, child } = branch({ right: { tier: 'operational', role: 'worker' } });
    const leo = t.spawn({ role: 'daemon', user: 'leo', image: 'hold' });
    const lead = t.spawn({ role: 'lead', user: 'leo', image: 'hold' });
    const words = (pid: Pid, target: Pid, parent: Pid): string =>
      t.call('reparent', { pid: target, parent }, { pid }).refusal.message;
    expect(words(lead, child, child)).toContain('manage_tree');
    expect(words(leo, child, child)).toContain('user');
    expect(words(asPid(1), asPid(1), asPid(1))).toContain('king');
    const zombie = child;
    t.ends(zombie);
    expect(words(asPid(1), zombie, zombie)).toContain('circle');
    expect(words(asPid(1), zombie, right)).toContain('is zombie');
  });
});

describe('at boot', () => {
  it('every process whose parent is gone is adopted, undecided ones, too (P9, P11)', () => {
    const { t, queen, left, child, leaf } = branch();
    // As a journal of an earlier kernel may have left it.
    const image = JSON.parse(t.kernel.snapshot()) as {
      processes: { pid: number; state: string; flags: boolean[] }[];
    };
    for (const one of image.processes) {
      if (one.pid === left) [one.state, one.flags] = ['dead', [true, true]];
    }
    const kernel = new Kernel({ settings: t.settings, partition: 0 });
    kernel.restore(JSON.stringify(image));
    kernel.resume();
    kernel.input({ fact: 'booted', version: 'test', bootId: 'b' }, t.time.now());
    expect(kernel.state.table.require(child).parent?.pid).toBe(queen);
    expect(kernel.state.table.require(leaf).parent?.pid).toBe(child);
    const moved = kernel.drain().events.filter(({ kind }) => kind === 'process.reparented');
    expect(moved.map(({ body }) => body)).toEqual([{ pid: child, from: left, to: queen }]);
  });

  it('nobody is moved whose parent is there, or only waits undecided (S2)', () => {
    const { t, left, child } = branch();
    t.ends(left);
    t.reboot();
    expect(t.view(child).ppid).toBe(left);
    expect(t.eventsOf('process.reparented')).toEqual([]);
  });

  it('a spawn under a moved one goes on from there (P5)', () => {
    const { t, right, child } = branch();
    t.call('reparent', { pid: child, parent: right });
    const grandchild = t.call('spawn', spawnOrder({ name: 'new' }), { pid: child }).value.pid;
    expect(t.call('ancestors', { pid: grandchild }).value.map(({ name }) => name)).toEqual([
      ...['child', 'right', 'queen', 'king'],
    ]);
  });
});
