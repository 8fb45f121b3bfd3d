import { artifactOrder, spawnOrder, taskSpec, TestKernel, testKernel } from '@hivekernel/testkit';
import { describe, expect, it } from 'vitest';
import { asPid, type Pid } from '../ids.ts';
import { LIMITS } from '../limits.ts';

const kill = (pid: Pid, isRecursive = false) =>
  ({ pid, isRecursive, reason: 'normal', graceMs: 1_000 }) as const;

/** king > top > (left > leaf, right). */
function branch(t: TestKernel, image = 'hold'): { top: Pid; left: Pid; leaf: Pid; right: Pid } {
  const top = t.spawn({ name: 'top', role: 'lead', image });
  const left = t.spawn({ name: 'left', role: 'lead', image }, { pid: top });
  const leaf = t.spawn({ name: 'leaf', image }, { pid: left });
  const right = t.spawn({ name: 'right', image }, { pid: top });
  return { top, left, leaf, right };
}

const stopsIn = (t: TestKernel): Pid[] =>
  t.effects.flatMap((effect) => (effect.do === 'stop' ? [effect.pid] : []));

describe('Killer.kill()', () => {
  it('takes leaves before their parents and lists them in that order, target last (P10)', () => {
    const t = testKernel();
    const { top, left, leaf, right } = branch(t);
    const { killed } = t.call('kill', kill(top, true)).value;
    expect(killed.at(-1)).toBe(top);
    expect(killed.toSorted((a, b) => a - b)).toEqual([top, left, leaf, right]);
    expect(killed.indexOf(leaf)).toBeLessThan(killed.indexOf(left));
    const exits = t.eventsOf('process.exited').map(({ body }) => body.pid);
    expect(exits.indexOf(leaf)).toBeLessThan(exits.indexOf(left));
    expect(exits.at(-1)).toBe(top);
    for (const pid of killed) expect(t.view(pid).state).toBe('dead');
  });

  it('stops a parent only after the last of its children is gone (P10)', () => {
    const t = testKernel();
    const { top, left, leaf, right } = branch(t, 'stubborn');
    const ticket = t.call('kill', kill(top, true));
    expect(stopsIn(t).toSorted((a, b) => a - b)).toEqual([leaf, right]);
    t.runtime.exits(leaf);
    t.pass();
    expect(stopsIn(t).slice(2)).toEqual([left]);
    t.runtime.exits(left);
    t.pass();
    expect(stopsIn(t)).toHaveLength(3);
    expect(ticket.isAnswered).toBe(false);
    t.runtime.exits(right);
    t.pass();
    expect(stopsIn(t).slice(3)).toEqual([top]);
    t.runtime.exits(top);
    t.pass();
    expect(ticket.value.killed).toHaveLength(4);
  });

  it('lets nobody in the subtree spawn from its first moment on (P10)', () => {
    const t = testKernel();
    const { top, left, leaf, right } = branch(t, 'stubborn');
    t.call('kill', kill(top, true));
    for (const pid of [top, left, leaf, right]) {
      expect(t.view(pid).state).toBe('stopping');
      const { refusal } = t.call('spawn', spawnOrder({ role: 'task' }), { pid });
      expect(refusal.code).toBe('wrong_state');
    }
  });

  it('succeeds again for a dead one, and buries a zombie (PROTOCOL §3)', () => {
    const t = testKernel();
    const { leaf } = branch(t);
    t.runtime.exits(leaf);
    t.pass();
    expect(t.view(leaf).state).toBe('zombie');
    for (let again = 0; again < 3; again += 1) {
      expect(t.call('kill', kill(leaf)).value.killed).toEqual([leaf]);
      expect(t.view(leaf).state).toBe('dead');
    }
  });

  it('takes only the target when not recursive; its children are adopted (P9)', () => {
    const t = testKernel();
    const { top, left, leaf } = branch(t);
    expect(t.call('kill', kill(left)).value.killed).toEqual([left]);
    expect(t.view(leaf)).toMatchObject({ ppid: top, state: 'idle' });
  });

  it('ends one that is starting, whose spawn is then refused', () => {
    const t = testKernel();
    const spawn = t.call('spawn', spawnOrder({ image: 'starting' }));
    const pid = asPid(2);
    expect(t.call('kill', kill(pid)).value.killed).toEqual([pid]);
    expect(spawn.refusal).toMatchObject({ code: 'cancelled' });
    expect(t.view(pid)).toMatchObject({ state: 'dead', exit: { cause: 'killed' } });
    t.runtime.ready(pid);
    t.pass();
    expect(t.view(pid).state).toBe('dead');
  });

  it('names the run that is to be stopped also before its start was reported', () => {
    const t = testKernel();
    t.call('spawn', spawnOrder({ image: 'silent' }));
    t.call('kill', kill(asPid(2)));
    const stop = t.effects.find((effect) => effect.do === 'stop');
    expect(stop).toMatchObject({ pid: 2, incarnation: 1 });
    expect(t.view(2).state).toBe('dead');
  });

  it('keeps leaves first when a kill of the middle is under way (P10)', () => {
    const t = testKernel();
    const { top, left, leaf, right } = branch(t, 'stubborn');
    const middle = t.call('kill', kill(left));
    const whole = t.call('kill', kill(top, true));
    t.runtime.exits(left);
    t.runtime.exits(right);
    t.pass();
    expect(middle.value.killed).toEqual([left]);
    // The leaf was adopted by the top, which has to outlive it.
    expect(t.view(leaf).ppid).toBe(top);
    expect(stopsIn(t)).not.toContain(top);
    t.runtime.exits(leaf);
    t.pass();
    expect(stopsIn(t).at(-1)).toBe(top);
    t.runtime.exits(top);
    t.pass();
    expect(whole.value.killed).toEqual(expect.arrayContaining([leaf, right, left, top]));
  });

  it('answers every one of several kills of the same process once', () => {
    const t = testKernel();
    const { top } = branch(t, 'stubborn');
    const kills = [t.call('kill', kill(top)), t.call('kill', kill(top)), t.call('kill', kill(top))];
    t.runtime.exits(top);
    t.pass();
    expect(kills.map((ticket) => ticket.value.killed)).toEqual([[top], [top], [top]]);
    expect(t.kernel.state.kills.byId.size).toBe(0);
  });

  it('is not held up by one that crashes, or exits, meanwhile', () => {
    const t = testKernel();
    const { top, left, leaf, right } = branch(t, 'stubborn');
    t.call('exit', { exitCode: 5, output: '' }, { pid: right });
    const ticket = t.call('kill', kill(top, true));
    for (const pid of [right, leaf, left, top]) {
      t.runtime.exits(pid);
      t.pass();
    }
    expect(ticket.isAnswered).toBe(true);
    expect(t.view(right)).toMatchObject({ state: 'zombie', exit: { exitCode: 5 } });
  });

  it('fails the tasks of the killed and tells who asked for them', () => {
    const t = testKernel();
    const { top, left } = branch(t);
    const task = t.call('execute_on', { pid: left, spec: taskSpec() }, { pid: top });
    t.call('kill', kill(left));
    expect(task.value).toMatchObject({
      outcome: 'failed',
      error: expect.stringContaining('killed'),
    });
  });

  it('takes a chain as deep as the tree may be, and a thousand siblings (P10)', () => {
    const t = testKernel({ settings: { kingChildrenMax: 2_000 } });
    let pid = t.spawn({ role: 'agent' });
    const root = pid;
    for (let depth = 2; depth < LIMITS.treeDepthMax; depth += 1) {
      pid = t.spawn({ role: 'agent' }, { pid });
    }
    expect(t.call('kill', kill(root, true)).value.killed).toHaveLength(LIMITS.treeDepthMax - 1);
    const wide = t.spawn({ role: 'lead', limits: { childrenMax: 2_000 } });
    for (let i = 0; i < 1_000; i += 1) t.spawn({}, { pid: wide });
    expect(t.call('kill', kill(wide, true)).value.killed).toHaveLength(1_001);
  });

  it('takes 40,000 children of one parent in a time in line with their number (P10)', () => {
    const childrenMax = 40_000;
    const t = new TestKernel();
    const wide = t.spawn({ role: 'lead', limits: { childrenMax } });
    for (let i = 0; i < childrenMax; i += 1) t.hold('spawn', spawnOrder(), { pid: wide });
    t.hold('kill', kill(wide, true));
    expect(t.kernel.state.table.require(wide).state).toBe('dead');
  });

  it('counts those who go first anew at a restore, and as children are left (P9, P10)', () => {
    const t = testKernel();
    const { top, left, leaf, right } = branch(t, 'stubborn');
    const virtual = t.spawn({ role: 'lead' }, { pid: top });
    const below = t.spawn({ image: 'stubborn' }, { pid: virtual });
    t.call('kill', kill(top, true));
    t.runtime.exits(right);
    t.pass();
    t.takeSnapshot();
    t.runtime.exits(left);
    t.pass();
    expect(t.view(leaf).ppid).toBe(top);
    t.reboot();
    for (const pid of [top, left, leaf, virtual, below]) expect(t.view(pid).state).toBe('dead');
    expect(t.kernel.state.kills.byId.size).toBe(0);
  });

  it('leaves nothing of a killed branch behind but what its parent inherits (P8, P9)', () => {
    const t = testKernel();
    const { top, leaf } = branch(t);
    t.call('store', artifactOrder(), { pid: leaf });
    t.call('kill', kill(top, true));
    t.advanceMs(200_000);
    expect([...t.kernel.state.table.byPid.keys()]).toEqual([1]);
    expect(t.kernel.state.office.boxes.size).toBe(0);
    expect(t.kernel.state.catalog.countOf(asPid(1))).toBe(1);
  });
});

describe('who may kill whom (A2)', () => {
  it.each([
    ['lead', 'its child', true],
    ['lead', 'its grandchild', true],
    ['lead', 'a stranger', false],
    ['lead', 'its parent', false],
    ['worker', 'its child', true],
    ['worker', 'its grandchild', false],
    ['worker', 'a stranger', false],
    ['agent', 'its grandchild', false],
    ['daemon', 'its grandchild', true],
  ] as const)('a %s kills %s: %s', (role, who, isAllowed) => {
    const t = testKernel();
    const parent = t.spawn({ name: 'parent', role: 'daemon' });
    const caller = t.spawn({ name: 'caller', role }, { pid: parent });
    const child = t.spawn({ name: 'child', role: 'worker' }, { pid: caller });
    const grandchild = t.spawn({ name: 'grandchild', role: 'worker' }, { pid: child });
    const stranger = t.spawn({ name: 'stranger' }, { pid: parent });
    const targets = {
      'its child': child,
      'its grandchild': grandchild,
      'a stranger': stranger,
      'its parent': parent,
    };
    const ticket = t.call('kill', kill(targets[who]), { pid: caller });
    if (isAllowed) expect(ticket.value.killed).toEqual([targets[who]]);
    else expect(ticket.refusal.code).toBe('permission_denied');
  });

  it('nobody kills itself or the king', () => {
    const t = testKernel();
    const pid = t.spawn({ role: 'daemon' });
    expect(t.call('kill', kill(pid), { pid }).refusal.code).toBe('invalid_argument');
    expect(t.call('kill', kill(asPid(1)), { pid }).refusal.code).toBe('permission_denied');
    expect(t.call('kill', kill(asPid(99)), { pid }).refusal.code).toBe('not_found');
  });
});

describe('a clean stop', () => {
  it('ends what has a runtime, leaves first, and leaves the virtual ones (DESIGN §4)', () => {
    const t = testKernel();
    const { top, leaf } = branch(t);
    const virtual = t.spawn();
    t.fact({ fact: 'stopping', reason: 'SIGTERM', graceMs: 100 });
    for (const pid of [top, leaf]) {
      expect(t.view(pid)).toMatchObject({ state: 'zombie', exit: { cause: 'kernel_stopped' } });
    }
    expect(t.view(virtual).state).toBe('idle');
    expect(t.kernel.parts.life.runtimesLeft).toBe(0);
    t.fact({ fact: 'stopped', reason: 'SIGTERM' });
    expect(t.events.at(-1)).toMatchObject({ kind: 'kernel.stopped', body: { reason: 'SIGTERM' } });
  });
});

describe('Killer.collapse()', () => {
  const collapse = (pid: Pid) => ({ pid, reason: 'user_request', graceMs: 1_000 }) as const;
  const CUT_OFF = { exitCode: -1, output: 'branch collapsed', cause: 'killed' } as const;

  it('of an empty branch gives nothing at once (S8)', () => {
    const t = testKernel();
    const { leaf } = branch(t);
    expect(t.call('collapse', collapse(leaf)).value).toEqual({ results: [] });
    expect(t.view(leaf).state).toBe('idle');
  });

  it('ends all below, leaves first, and lets the root live (S8, P10)', () => {
    const t = testKernel();
    const { top, left, leaf, right } = branch(t);
    const { results } = t.call('collapse', collapse(top)).value;
    expect(results.map(({ pid }) => pid).toSorted((a, b) => a - b)).toEqual([left, leaf, right]);
    const at = (pid: Pid): number => results.findIndex((one) => one.pid === pid);
    expect(at(leaf)).toBeLessThan(at(left));
    expect(results[at(leaf)]).toEqual({ pid: leaf, name: 'leaf', ...CUT_OFF });
    for (const pid of [left, leaf, right]) expect(t.view(pid).state).toBe('dead');
    expect(t.view(top)).toMatchObject({ state: 'idle', children: 0 });
    expect(t.call('pending_results', { pid: top }).value).toEqual([]);
  });

  it('gives the true results of those that had ended, decided or not (S8)', () => {
    const t = testKernel();
    const { top, left, leaf, right } = branch(t);
    t.call('exit', { exitCode: 0, output: 'lexed' }, { pid: leaf });
    t.ends(right, { exitCode: 9 });
    const { results } = t.call('collapse', collapse(top)).value;
    expect(results).toHaveLength(3);
    expect(results).toContainEqual({
      ...{ pid: leaf, name: 'leaf', exitCode: 0, output: 'lexed', cause: 'done' },
    });
    expect(results).toContainEqual(expect.objectContaining({ pid: right, exitCode: 9 }));
    expect(results).toContainEqual({ pid: left, name: 'left', ...CUT_OFF });
    // Taken: they are dead, and nobody takes them twice.
    for (const pid of [leaf, right]) expect(t.view(pid).state).toBe('dead');
    const again = t.call('wait_child', { pid: right, timeoutMs: 1 }, { pid: top });
    expect(again.refusal.message).toContain('already collected');
    expect(t.call('collapse', collapse(top)).value.results).toEqual([]);
  });

  it('gives what was there already at once, where nobody lives any more (S8)', () => {
    const t = testKernel();
    const { left, leaf } = branch(t);
    t.ends(leaf, { exitCode: 3 });
    const ticket = t.hold('collapse', collapse(left));
    expect(ticket.value.results).toMatchObject([{ pid: leaf, exitCode: 3 }]);
    t.pass();
    expect(t.view(leaf)).toMatchObject({ state: 'dead', isGone: true });
  });

  it('waits for the last of them, and takes the result of one that ends itself (S8)', () => {
    const t = testKernel();
    const { top, left, leaf, right } = branch(t, 'stubborn');
    t.call('exit', { exitCode: 5, output: 'mine' }, { pid: right });
    const ticket = t.call('collapse', collapse(top));
    for (const pid of [right, leaf]) t.ends(pid, { cause: 'killed' });
    expect(ticket.isAnswered).toBe(false);
    t.ends(left, { cause: 'killed' });
    expect(ticket.value.results).toContainEqual(
      expect.objectContaining({ pid: right, exitCode: 5, output: 'mine', cause: 'done' }),
    );
    expect(t.view(top).state).toBe('idle');
  });

  it('ends also who is asleep, paused, backing off or virtual (S8)', () => {
    const t = testKernel();
    const top = t.spawn({ role: 'lead', image: 'hold' });
    const from = { pid: top };
    const sleeper = t.spawn({ name: 'sleeper', image: 'hold' }, from);
    const paused = t.spawn({ name: 'paused', image: 'hold' }, from);
    const back = t.spawn({ name: 'back', image: 'hold', restart: 'permanent' }, from);
    const virtual = t.spawn({ name: 'virtual' }, from);
    t.call('sleep', { pid: sleeper });
    const stop = { signal: 'STOP', isRecursive: false, reason: '', graceMs: 0 } as const;
    t.call('signal', { pid: paused, ...stop });
    t.ends(back);
    const { results } = t.call('collapse', collapse(top), from).value;
    expect(results).toHaveLength(4);
    for (const one of results) expect(one).toMatchObject(CUT_OFF);
    for (const pid of [sleeper, paused, back, virtual]) expect(t.view(pid).state).toBe('dead');
    t.advanceMs(20_000);
    expect(t.startsOf(back)).toHaveLength(1);
  });

  it('cancels the task of who collapses its own branch for nobody: it goes on (S8)', () => {
    const t = testKernel();
    const { top, left } = branch(t);
    t.call('execute_task', { pid: top, spec: taskSpec() });
    const [task] = t.runtime.agent(top).tasks.keys();
    const from = { pid: top, task: task ?? null };
    const part = t.call('execute_on', { pid: left, spec: taskSpec() }, from);
    expect(t.call('collapse', collapse(asPid(0)), from).value.results).toHaveLength(3);
    expect(part.value.outcome).toBe('failed');
    expect(t.view(top).state).toBe('running');
  });

  it.each([
    ['itself', 'worker', true],
    ['its parent', 'worker', true],
    ['an ancestor with the right to kill', 'lead', true],
    ['an ancestor without it', 'worker', false],
    ['its child', 'worker', false],
    ['a stranger', 'worker', false],
  ] as const)('%s, a %s, may: %s (A2)', (who, role, isAllowed) => {
    const t = testKernel();
    const top = t.spawn({ role, image: 'hold' });
    const parent = t.spawn({ role: 'worker', image: 'hold' }, { pid: top });
    const pid = t.spawn({ role: 'worker', image: 'hold' }, { pid: parent });
    const child = t.spawn({ role: 'worker', image: 'hold' }, { pid });
    const stranger = t.spawn({ role: 'worker', image: 'hold' });
    const callers: Readonly<Record<typeof who, Pid>> = {
      itself: pid,
      'its parent': parent,
      'an ancestor with the right to kill': top,
      'an ancestor without it': top,
      'its child': child,
      'a stranger': stranger,
    };
    const ticket = t.call('collapse', collapse(pid), { pid: callers[who] });
    if (isAllowed) expect(ticket.value.results).toHaveLength(1);
    else expect(ticket.refusal.code).toBe('permission_denied');
    expect(t.view(child).state).toBe(isAllowed ? 'dead' : 'idle');
  });

  it('is owed over the death of the kernel (DESIGN §3)', () => {
    const t = testKernel();
    const top = t.spawn({ role: 'lead' });
    const child = t.spawn({ name: 'c', image: 'stubborn' }, { pid: top });
    const ticket = t.call('collapse', collapse(top));
    t.takeSnapshot();
    t.reboot();
    expect(ticket.value.results).toEqual([{ pid: child, name: 'c', ...CUT_OFF }]);
  });
});
