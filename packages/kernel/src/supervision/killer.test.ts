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
    for (const pid of [top, leaf]) expect(t.view(pid).state).toBe('dead');
    expect(t.view(virtual).state).toBe('idle');
    expect(t.kernel.parts.life.runtimesLeft).toBe(0);
    t.fact({ fact: 'stopped', reason: 'SIGTERM' });
    expect(t.events.at(-1)).toMatchObject({ kind: 'kernel.stopped', body: { reason: 'SIGTERM' } });
  });
});
