import { messageOrder, taskSpec, testKernel } from '@hivekernel/testkit';
import type { TestKernel } from '@hivekernel/testkit';
import { describe, expect, it } from 'vitest';
import type { Pid } from '../ids.ts';

const KILL = { isRecursive: false, reason: 'normal', graceMs: 1_000 } as const;
const RESTART = { reason: '', graceMs: 1_000 } as const;

/** It crashes and is started again. */
function crashes(t: TestKernel, pid: Pid): void {
  t.ends(pid);
  t.advanceMs(1_000);
}

const stops = (t: TestKernel): void =>
  t.fact({ fact: 'stopping', reason: 'SIGTERM', graceMs: 1_000 });

describe('the death of the kernel', () => {
  it.each([
    ['permanent', 'idle'],
    ['transient', 'idle'],
    ['notify', 'zombie'],
    ['temporary', 'zombie'],
  ] as const)('leaves a %s process %s, uncounted (DESIGN §4)', (restart, state) => {
    const t = testKernel();
    const pid = t.spawn({ image: 'deaf', restart });
    t.call('send', messageOrder({ to: pid, type: 'kept' }));
    t.reboot();
    expect(t.view(pid)).toMatchObject({
      ...{ state, restartsInRow: 0, inboxDepth: 1, isGone: false },
      exit: { cause: 'kernel_died', exitCode: -1 },
    });
    const comesBack = state === 'idle';
    expect(t.startsOf(pid)).toHaveLength(comesBack ? 2 : 1);
    const heard = t.runtime.agent(pid).delivered.map(({ type }) => type);
    expect(heard).toEqual(['kept']);
  });

  it('leaves tasks in line to what comes back, and tries again those that may be (S5)', () => {
    const t = testKernel();
    const limits = { concurrentTasksMax: 1 };
    const pid = t.spawn({ image: 'hold', restart: 'permanent', limits });
    const running = t.call('execute_task', { pid, spec: taskSpec() });
    const inLine = t.call('execute_task', { pid, spec: taskSpec({ description: 'next' }) });
    t.reboot();
    expect(running.value).toMatchObject({ outcome: 'failed' });
    expect(running.value.error).toContain('kernel died');
    expect(t.view(pid)).toMatchObject({ state: 'running', tasksRunning: 1, tasksQueued: 0 });
    const [task] = t.runtime.agent(pid).tasks.keys();
    t.runtime.finishes(pid, task as never, { output: 'done' });
    t.pass();
    expect(inLine.value.result.output).toBe('done');
  });

  it('takes no result for a parent that died, too, though it waited for one (S2, S8)', () => {
    const t = testKernel();
    const lead = t.spawn({ role: 'lead', image: 'hold', restart: 'permanent' });
    const pid = t.spawn({ image: 'hold', restart: 'notify' }, { pid: lead });
    const wait = t.call('wait_child', { pid, timeoutMs: 0 }, { pid: lead });
    t.reboot();
    expect(wait.refusal.code).toBe('cancelled');
    expect(t.view(pid)).toMatchObject({ state: 'zombie', isGone: false });
    expect(t.call('restart', { pid, ...RESTART }, { pid: lead }).value).toEqual({});
  });

  it('lets what waits undecided be restarted by whoever may (S2)', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'hold', restart: 'notify' });
    t.reboot();
    expect(t.call('restart', { pid, ...RESTART }).value).toEqual({});
    expect(t.view(pid).state).toBe('idle');
  });

  it('gives one that was just starting again a run of its own', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'hold', restart: 'transient' });
    t.runtime.behaves(pid, { start: 'starts' });
    crashes(t, pid);
    expect(t.view(pid)).toMatchObject({ state: 'starting', osPid: 100_000 + pid });
    t.runtime.behaves(pid, { start: 'silent' });
    t.reboot();
    // The OS process of the run before is no more: the new one is to be recorded.
    expect(t.view(pid)).toMatchObject({ state: 'starting', osPid: 0 });
    expect(t.startsOf(pid).map(({ incarnation }) => incarnation)).toEqual([1, 2, 3]);
    t.fact({ fact: 'started', pid, incarnation: 3, osPid: 77, osStarted: 'later' });
    t.runtime.ready(pid);
    t.pass();
    expect(t.view(pid)).toMatchObject({ state: 'idle', osPid: 77, restarts: 2 });
  });

  it('lets a paused one come back paused', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'hold', restart: 'permanent' });
    t.call('signal', { pid, signal: 'STOP', isRecursive: false, reason: '', graceMs: 0 });
    t.reboot();
    expect(t.view(pid)).toMatchObject({ state: 'paused', restarts: 1 });
    expect(t.runtime.agent(pid).isPaused).toBe(true);
  });

  it('takes no group down: each comes back for itself (S3)', () => {
    const t = testKernel();
    const lead = t.spawn({ role: 'lead', image: 'hold', strategy: 'one_for_all' });
    const pids = [1, 2, 3].map(() =>
      t.spawn({ image: 'hold', restart: 'permanent' }, { pid: lead }),
    );
    t.reboot();
    for (const pid of pids) expect(t.view(pid)).toMatchObject({ state: 'idle', restarts: 1 });
    expect(t.eventsOf('kill.began')).toEqual([]);
  });
});

describe('a clean stop of the kernel', () => {
  it.each([
    ['permanent', 'zombie', 'idle'],
    ['transient', 'zombie', 'idle'],
    ['notify', 'zombie', 'zombie'],
    ['temporary', 'dead', 'dead'],
  ] as const)('leaves a %s process %s, and %s at the next boot', (restart, before, after) => {
    const t = testKernel();
    const pid = t.spawn({ image: 'deaf', restart });
    t.call('send', messageOrder({ to: pid, type: 'kept' }));
    stops(t);
    expect(t.view(pid)).toMatchObject({ state: before, isGone: before === 'dead' });
    expect(t.kernel.parts.life.runtimesLeft).toBe(0);
    t.reboot();
    expect(t.view(pid)).toMatchObject({ state: after, restartsInRow: 0 });
    if (after !== 'idle') return;
    expect(t.view(pid).exit).toMatchObject({ cause: 'kernel_stopped' });
    expect(t.runtime.agent(pid).delivered.map(({ type }) => type)).toEqual(['kept']);
  });

  it('starts nothing any more: what backs off waits for the next boot', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'hold', restart: 'permanent' });
    t.ends(pid);
    stops(t);
    t.advanceMs(30_000);
    expect(t.view(pid).state).toBe('starting');
    expect(t.startsOf(pid)).toHaveLength(1);
    t.reboot();
    t.advanceMs(1);
    expect(t.view(pid)).toMatchObject({ state: 'idle', restarts: 1 });
  });

  it('gives no result of what comes back to who waits for it (S5)', () => {
    const t = testKernel();
    const lead = t.spawn({ role: 'lead', restart: 'permanent' });
    const pid = t.spawn({ image: 'hold', restart: 'permanent' }, { pid: lead });
    const wait = t.call('wait_child', { pid, timeoutMs: 0 }, { pid: lead });
    stops(t);
    expect(wait.refusal).toMatchObject({ code: 'unavailable' });
    expect(t.view(pid)).toMatchObject({ state: 'zombie', isGone: false });
    t.reboot();
    expect(t.view(pid).state).toBe('idle');
  });

  it.each([
    ['is being restarted', (t: TestKernel, pid: Pid) => t.call('restart', { pid, ...RESTART })],
    [
      'does not answer any more',
      (t: TestKernel, pid: Pid) => t.fact({ fact: 'responsive', pid, isResponsive: false }),
    ],
  ])('suspends also what %s', (_, meets) => {
    const t = testKernel();
    const pid = t.spawn({ image: 'stubborn', restart: 'permanent' });
    meets(t, pid);
    expect(t.view(pid).state).toBe('stopping');
    stops(t);
    t.ends(pid, { cause: 'killed' });
    expect(t.view(pid)).toMatchObject({ state: 'zombie', isGone: false });
    expect(t.unanswered).toEqual([]);
    t.reboot();
    expect(t.view(pid).state).toBe('idle');
  });

  it('suspends what it was just starting again', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'hold', restart: 'permanent' });
    t.runtime.behaves(pid, { start: 'starts' });
    const restart = t.call('restart', { pid, ...RESTART });
    stops(t);
    expect(restart.refusal.code).toBe('cancelled');
    expect(t.view(pid)).toMatchObject({ state: 'zombie', isGone: false });
    t.runtime.behaves(pid, { start: 'ready' });
    t.reboot();
    expect(t.view(pid).state).toBe('idle');
  });

  it('lets a sleeper that was just being woken sleep until the next boot (S7, M6)', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'deaf', restart: 'notify' });
    t.call('sleep', { pid });
    t.runtime.behaves(pid, { start: 'starts' });
    t.call('send', messageOrder({ to: pid, type: 'get up' }));
    expect(t.view(pid).state).toBe('starting');
    stops(t);
    expect(t.view(pid)).toMatchObject({ state: 'sleeping', isGone: false, inboxDepth: 1 });
    t.runtime.behaves(pid, { start: 'ready' });
    t.reboot();
    expect(t.view(pid).state).toBe('idle');
    expect(t.runtime.agent(pid).delivered.map(({ type }) => type)).toEqual(['get up']);
  });

  it('lets one that falls asleep fall asleep (S7)', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'stubborn', restart: 'notify' });
    const sleep = t.call('sleep', { pid });
    stops(t);
    t.ends(pid, { cause: 'killed' });
    expect(sleep.value).toEqual({});
    expect(t.view(pid).state).toBe('sleeping');
    expect(t.kernel.parts.life.runtimesLeft).toBe(0);
    t.reboot();
    expect(t.view(pid).state).toBe('sleeping');
  });

  it('leaves sleeping and virtual ones as they are', () => {
    const t = testKernel();
    const sleeper = t.spawn({ image: 'hold' });
    const virtual = t.spawn();
    t.call('sleep', { pid: sleeper });
    stops(t);
    t.reboot();
    expect([t.view(sleeper).state, t.view(virtual).state]).toEqual(['sleeping', 'idle']);
  });

  it('lets a paused one come back paused', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'hold', restart: 'permanent' });
    t.call('signal', { pid, signal: 'STOP', isRecursive: false, reason: '', graceMs: 0 });
    stops(t);
    t.takeSnapshot();
    t.reboot();
    expect(t.view(pid).state).toBe('paused');
  });

  it('leaves nobody undecided for ever, also where a kill -9 cut it short (S2, P8)', () => {
    const t = testKernel();
    const pids = ['stubborn', 'hold'].map((image) => t.spawn({ image, restart: 'notify' }));
    stops(t);
    t.reboot();
    for (const pid of pids) expect(t.view(pid)).toMatchObject({ state: 'zombie', isGone: false });
    t.advanceMs(75_000);
    for (const pid of pids) expect(t.view(pid)).toMatchObject({ state: 'dead', isGone: true });
  });

  it('that is cut short by a kill -9 suspends all the same', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'stubborn', restart: 'permanent' });
    stops(t);
    expect(t.view(pid).state).toBe('stopping');
    t.reboot();
    expect(t.view(pid)).toMatchObject({ state: 'idle', exit: { cause: 'kernel_stopped' } });
  });

  it('does not bring back what was killed meanwhile (S5)', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'stubborn', restart: 'permanent' });
    stops(t);
    const kill = t.call('kill', { pid, ...KILL });
    t.ends(pid, { cause: 'killed' });
    expect(kill.value.killed).toEqual([pid]);
    t.reboot();
    expect(t.view(pid).state).toBe('dead');
  });
});
