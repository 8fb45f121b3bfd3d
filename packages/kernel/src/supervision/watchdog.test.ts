import { messageOrder, spawnOrder, taskSpec, testKernel } from '@hivekernel/testkit';
import type { SpawnWish, TestKernel } from '@hivekernel/testkit';
import { describe, expect, it } from 'vitest';
import { asPid, type Pid, type TaskId } from '../ids.ts';
import { LIMITS } from '../limits.ts';

const HANG_MS = 60_000;
const SIGNAL = { isRecursive: false, reason: '', graceMs: 0 } as const;

/** A lead that reads nothing by itself, and its worker with a task that never ends. */
function busy(wish: SpawnWish = {}): { t: TestKernel; lead: Pid; pid: Pid; task: TaskId } {
  const t = testKernel();
  const lead = t.spawn({ role: 'lead', image: 'deaf' });
  const pid = t.spawn({ name: 'w', role: 'lead', image: 'hold', ...wish }, { pid: lead });
  t.call('execute_task', { pid, spec: taskSpec({ timeoutMs: 24 * 3_600_000 }) });
  const [task] = t.runtime.agent(pid).tasks.keys();
  return { t, lead, pid, task: task as TaskId };
}

const quiet = (t: TestKernel, pid: Pid, quietMs: number) =>
  t.call('progress', { message: '', percent: -1, quietMs }, { pid });

const hungIn = (t: TestKernel): unknown[] => t.eventsOf('process.hung').map(({ body }) => body);

describe('a process that runs a task', () => {
  it('without progress for 60 s is hung: event, escalation, end without grace (S6)', () => {
    const { t, lead, pid } = busy();
    t.advanceMs(HANG_MS - 1);
    expect(t.view(pid).state).toBe('running');
    t.advanceMs(1);
    expect(hungIn(t)).toEqual([{ pid, silentMs: HANG_MS, limitMs: HANG_MS }]);
    expect(t.runtime.agent(pid).stops).toMatchObject([{ graceMs: 0 }]);
    expect(t.view(pid).exit).toMatchObject({
      ...{ exitCode: -1, cause: 'hung' },
      detail: 'no progress in its task for 60 s',
    });
    expect(t.eventsOf('escalation.raised')[0]?.body).toMatchObject({
      ...{ from: pid, at: lead, issue: 'hung', severity: 'error', autoPropagate: true },
      context: { pid: String(pid), name: 'w', address: t.view(pid).address },
    });
    expect(t.runtime.agent(lead).delivered.map(({ type }) => type)).toEqual([
      'escalation',
      'signal',
    ]);
  });

  it.each([
    ['permanent', 'starting', 1],
    ['transient', 'starting', 1],
    ['notify', 'zombie', 0],
    ['temporary', 'zombie', 0],
  ] as const)('and is %s is then %s, as after a crash (S2, S6)', (restart, state, inRow) => {
    const { t, pid } = busy({ restart });
    t.advanceMs(HANG_MS);
    expect(t.view(pid)).toMatchObject({ state, restartsInRow: inRow });
    expect(t.view(pid).isGone).toBe(restart === 'temporary');
  });

  it('has another bound where the spawn or the configuration names one (S6)', () => {
    const own = busy({ watch: { idleMs: 5_000 } });
    own.t.advanceMs(5_000);
    expect(hungIn(own.t)).toMatchObject([{ limitMs: 5_000 }]);
    const t = testKernel({ settings: { hangAfterMs: 7_000 } });
    const pid = t.spawn({ image: 'hold' });
    expect(t.kernel.state.table.require(pid).spec.watch).toEqual({
      ...{ wallMs: 0, idleMs: 7_000, firstTokenMs: 120_000 },
    });
  });

  it('may be silent for ever where its bound is "no limit" (P6)', () => {
    const { t, pid } = busy({ watch: { idleMs: LIMITS.noLimit } });
    t.advanceMs(23 * 3_600_000);
    expect(t.view(pid).state).toBe('running');
  });

  const words: readonly [string, (t: TestKernel, pid: Pid) => unknown][] = [
    ['a syscall', (t, pid) => t.call('usage', {}, { pid })],
    ['a refused syscall', (t, pid) => t.call('info', { pid: asPid(99) }, { pid })],
    ['progress', (t, pid) => t.call('progress', { message: 'half', percent: 50 }, { pid })],
    ['a token', (t, pid) => t.fact({ fact: 'progressed', pid, quietMs: 0 })],
  ];

  it.each(words)('is not hung while there is %s now and then (S6)', (_, says) => {
    const { t, pid } = busy();
    for (let i = 0; i < 5; i += 1) {
      t.advanceMs(HANG_MS - 1);
      says(t, pid);
    }
    expect(t.view(pid).state).toBe('running');
    t.advanceMs(HANG_MS);
    expect(hungIn(t)).toMatchObject([{ pid, silentMs: HANG_MS }]);
  });

  const noWords: readonly [string, (t: TestKernel, pid: Pid) => unknown][] = [
    ['a heartbeat', (t, pid) => t.fact({ fact: 'responsive', pid, isResponsive: true })],
    ['a call of the operator for it', (t, pid) => t.call('usage', {}, { pid, isOperator: true })],
    ['a message to it', (t, pid) => t.call('send', messageOrder({ to: pid }))],
    ['a look at it', (t, pid) => t.view(pid)],
  ];

  it.each(noWords)('is hung in spite of %s, which is no progress (S6)', (_, happens) => {
    const { t, pid } = busy();
    t.advanceMs(HANG_MS - 1);
    happens(t, pid);
    t.advanceMs(1);
    expect(hungIn(t)).toMatchObject([{ pid }]);
  });

  it('costs no event and no timer by its progress (S6)', () => {
    const { t, pid } = busy();
    const before = [t.events.length, t.kernel.state.timers.size];
    for (let i = 0; i < 100; i += 1) t.fact({ fact: 'progressed', pid, quietMs: 0 });
    quiet(t, pid, 90_000);
    expect([t.events.length, t.kernel.state.timers.size]).toEqual(before);
  });

  it('that waits for a child is blocked, and never hung (S6, P4)', () => {
    const { t, pid, task } = busy();
    const child = t.spawn({ image: 'hold' }, { pid });
    t.call('wait_child', { pid: child, timeoutMs: 3_600_000 }, { pid, task });
    t.advanceMs(1_800_000);
    expect(t.view(pid).state).toBe('blocked');
    t.ends(child);
    // From now on it runs again, and its silence counts anew.
    t.advanceMs(HANG_MS - 1);
    expect(t.view(pid).state).toBe('running');
    t.advanceMs(1);
    expect(hungIn(t)).toMatchObject([{ pid, silentMs: HANG_MS }]);
  });

  it('that is idle is never hung (S6)', () => {
    const { t, pid, task } = busy();
    t.advanceMs(HANG_MS - 1);
    t.runtime.finishes(pid, task);
    t.pass();
    t.advanceMs(3_600_000);
    expect(t.view(pid).state).toBe('idle');
    t.call('execute_task', { pid, spec: taskSpec() });
    t.advanceMs(HANG_MS - 1);
    expect(hungIn(t)).toEqual([]);
  });

  it('that is paused is never hung, and has its whole time again afterwards (S1, S6)', () => {
    const { t, pid } = busy();
    t.advanceMs(HANG_MS - 1);
    t.call('signal', { pid, signal: 'STOP', ...SIGNAL });
    t.advanceMs(3_600_000);
    expect(t.view(pid).state).toBe('paused');
    t.call('signal', { pid, signal: 'CONT', ...SIGNAL });
    t.advanceMs(HANG_MS - 1);
    expect(t.view(pid).state).toBe('running');
    t.advanceMs(1);
    expect(hungIn(t)).toHaveLength(1);
  });
});

describe('declared silence', () => {
  it('of a tool holds so long, and is counted from the last progress then (S6)', () => {
    const { t, pid } = busy();
    quiet(t, pid, 600_000);
    t.advanceMs(599_999);
    expect(t.view(pid).state).toBe('running');
    t.advanceMs(1);
    expect(hungIn(t)).toEqual([{ pid, silentMs: 600_000, limitMs: HANG_MS }]);
  });

  it('that is shorter than the bound shortens nothing (S6)', () => {
    const { t, pid } = busy();
    quiet(t, pid, 1_000);
    t.advanceMs(HANG_MS - 1);
    expect(t.view(pid).state).toBe('running');
  });

  it('of a tool ends with a later word: 0, or another time (S6)', () => {
    const { t, pid } = busy();
    quiet(t, pid, 600_000);
    quiet(t, pid, 0);
    t.advanceMs(HANG_MS - 1);
    quiet(t, pid, 600_000);
    quiet(t, pid, 90_000);
    t.advanceMs(89_999);
    expect(hungIn(t)).toEqual([]);
    t.advanceMs(1);
    expect(hungIn(t)).toHaveLength(1);
  });

  it('of a model call ends with its tokens, and that of a tool does not (S6)', () => {
    const { t, pid } = busy();
    t.fact({ fact: 'progressed', pid, quietMs: 120_000 });
    t.advanceMs(119_999);
    t.fact({ fact: 'progressed', pid, quietMs: 0 });
    t.advanceMs(HANG_MS - 1);
    quiet(t, pid, 200_000);
    t.fact({ fact: 'progressed', pid, quietMs: 0 });
    t.advanceMs(199_999);
    expect(hungIn(t)).toEqual([]);
    t.advanceMs(1);
    expect(hungIn(t)).toHaveLength(1);
  });

  it('is bounded (S6)', () => {
    const { t, pid } = busy({ watch: { idleMs: 1_000 } });
    t.call('interrupt', { pid, task: undefined, reason: '' });
    t.call('execute_task', { pid, spec: taskSpec({ timeoutMs: 40 * 3_600_000 }) });
    quiet(t, pid, LIMITS.noLimit);
    t.advanceMs(LIMITS.quietMsMax - 1);
    expect(t.view(pid).state).toBe('running');
    t.advanceMs(1);
    expect(hungIn(t)).toHaveLength(1);
  });

  it('is over with the task that it was declared in (S6)', () => {
    const { t, pid, task } = busy();
    quiet(t, pid, 600_000);
    t.runtime.finishes(pid, task);
    t.pass();
    t.call('execute_task', { pid, spec: taskSpec() });
    t.advanceMs(HANG_MS);
    expect(hungIn(t)).toHaveLength(1);
  });

  it('is over with the run that declared it (S6)', () => {
    const { t, pid } = busy({ restart: 'transient' });
    quiet(t, pid, 600_000);
    t.ends(pid);
    t.advanceMs(1_000);
    t.call('execute_task', { pid, spec: taskSpec() });
    t.advanceMs(HANG_MS);
    expect(hungIn(t)).toHaveLength(1);
  });

  it('stands still while its process is paused (S1, S6)', () => {
    const { t, pid } = busy();
    quiet(t, pid, 600_000);
    t.advanceMs(100_000);
    t.call('signal', { pid, signal: 'STOP', ...SIGNAL });
    t.advanceMs(3_600_000);
    t.call('signal', { pid, signal: 'CONT', ...SIGNAL });
    t.advanceMs(499_999);
    expect(hungIn(t)).toEqual([]);
    t.advanceMs(1);
    expect(hungIn(t)).toHaveLength(1);
  });
});

describe('a process that answers no heartbeat', () => {
  const mute = (t: TestKernel, pid: Pid): void =>
    t.fact({ fact: 'responsive', pid, isResponsive: false });

  it('is unresponsive, idle or not: event, escalation, end without grace, policy (S6)', () => {
    const t = testKernel();
    const lead = t.spawn({ role: 'lead', image: 'deaf' });
    const pid = t.spawn({ name: 'w', image: 'stubborn', restart: 'transient' }, { pid: lead });
    mute(t, pid);
    expect(t.eventsOf('process.responsive').at(-1)?.body).toEqual({ pid, isResponsive: false });
    expect(t.eventsOf('escalation.raised')[0]?.body).toMatchObject({
      ...{ from: pid, at: lead, issue: 'unresponsive', severity: 'error' },
    });
    expect(t.view(pid)).toMatchObject({
      ...{ state: 'stopping', isResponsive: false },
      phase: 'no answer to a heartbeat within 30 s',
    });
    expect(t.runtime.agent(pid).stops).toMatchObject([{ graceMs: 0 }]);
    // It answers after all, or not: its end is decided.
    mute(t, pid);
    t.fact({ fact: 'responsive', pid, isResponsive: true });
    t.ends(pid, { cause: 'killed' });
    expect(t.view(pid)).toMatchObject({
      ...{ state: 'starting', restartsInRow: 1, isResponsive: true },
      exit: { cause: 'unresponsive', exitCode: -1 },
    });
    expect(t.eventsOf('escalation.raised')).toHaveLength(1);
  });

  it('is refused its start, if it never was ready', () => {
    const t = testKernel();
    const spawn = t.call('spawn', spawnOrder({ image: 'starting', restart: 'permanent' }));
    mute(t, asPid(2));
    expect(spawn.refusal.code).toBe('cancelled');
    expect(t.view(2)).toMatchObject({ state: 'zombie', isGone: true });
  });

  it('is let alone while it is paused, and ended when it goes on (S1, S6)', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'hold' });
    t.call('signal', { pid, signal: 'STOP', ...SIGNAL });
    mute(t, pid);
    expect(t.view(pid)).toMatchObject({ state: 'paused' });
    t.call('signal', { pid, signal: 'CONT', ...SIGNAL });
    expect(t.view(pid)).toMatchObject({ state: 'zombie', exit: { cause: 'unresponsive' } });
  });

  it('has no say of the king, of virtual ones, and of who is no more', () => {
    const t = testKernel();
    const virtual = t.spawn();
    const zombie = t.spawn({ image: 'hold' });
    t.ends(zombie);
    const before = t.events.length;
    for (const pid of [asPid(1), virtual, zombie, asPid(99)]) mute(t, pid);
    expect(t.events).toHaveLength(before);
  });

  it('is told up to the king, where nobody else can be told (M11)', () => {
    const t = testKernel();
    const lead = t.spawn({ role: 'lead' });
    const pid = t.spawn({ image: 'hold' }, { pid: lead });
    mute(t, pid);
    const inbox = t.call('list_inbox', { pid: asPid(1) }).value.messages;
    expect(inbox).toMatchObject([{ type: 'escalation', from: pid }]);
  });
});

describe('a wall limit', () => {
  it('is for good, whatever the policy; in its grace; told by event (S6)', () => {
    const t = testKernel();
    const lead = t.spawn({ role: 'lead', image: 'hold' });
    const watch = { wallMs: 90_000 };
    const pid = t.spawn({ image: 'stubborn', restart: 'permanent', watch }, { pid: lead });
    t.advanceMs(89_999);
    expect(t.view(pid).state).toBe('idle');
    t.advanceMs(1);
    expect(t.eventsOf('process.over_limit')).toMatchObject([{ body: { pid, limitMs: 90_000 } }]);
    expect(t.runtime.agent(pid).stops).toMatchObject([{ graceMs: 5_000 }]);
    t.ends(pid, { cause: 'killed' });
    expect(t.view(pid)).toMatchObject({
      ...{ state: 'zombie', isGone: true },
      exit: { cause: 'over_limit', detail: 'its wall limit of 90 s has passed' },
    });
    expect(t.signalsTo(lead)).toMatchObject([{ signal: 'CHLD', pid, cause: 'over_limit' }]);
  });

  it('runs from the spawn, over restarts, sleep, pauses and boots (S6)', () => {
    const t = testKernel();
    const watch = { wallMs: 100_000 };
    const pid = t.spawn({ image: 'hold', restart: 'permanent', watch });
    t.advanceMs(20_000);
    t.ends(pid);
    t.advanceMs(20_000);
    t.call('sleep', { pid });
    t.advanceMs(20_000);
    t.takeSnapshot();
    t.reboot();
    t.call('wake', { pid });
    t.call('signal', { pid, signal: 'STOP', ...SIGNAL });
    t.advanceMs(39_999);
    expect(t.view(pid).state).toBe('paused');
    t.advanceMs(1);
    expect(t.view(pid)).toMatchObject({ state: 'zombie', exit: { cause: 'over_limit' } });
  });

  it.each([
    ['asleep', (t: TestKernel, pid: Pid) => t.call('sleep', { pid })],
    [
      'backing off',
      (t: TestKernel, pid: Pid) => {
        for (let i = 0; i < 5; i += 1) {
          t.advanceMs(9_000);
          t.ends(pid);
        }
      },
    ],
  ])('ends also one that is %s (S6)', (_, brings) => {
    const t = testKernel();
    const watch = { wallMs: 46_000 };
    const pid = t.spawn({ image: 'hold', restart: 'permanent', watch });
    brings(t, pid);
    t.advanceMs(46_000 - t.time.monoMs);
    expect(t.view(pid)).toMatchObject({ state: 'zombie', exit: { cause: 'over_limit' } });
    expect(t.startsOf(pid).length).toBeLessThan(6);
  });

  it('is by default none, or the configured one (S6)', () => {
    const t = testKernel({ settings: { wallLimitMs: 3_000 } });
    const pid = t.spawn({ image: 'hold' });
    const longer = t.spawn({ image: 'hold', watch: { wallMs: 9_000 } });
    t.advanceMs(3_000);
    expect([t.view(pid).state, t.view(longer).state]).toEqual(['zombie', 'idle']);
  });

  it('does not touch who announced its end already, or ended (S8)', () => {
    const t = testKernel();
    const watch = { wallMs: 5_000 };
    const pid = t.spawn({ image: 'stubborn', watch });
    const dead = t.spawn({ image: 'hold', watch });
    t.ends(dead);
    t.call('exit', { exitCode: 0, output: 'just in time' }, { pid });
    t.advanceMs(5_000);
    expect(t.eventsOf('process.over_limit')).toEqual([]);
    t.ends(pid, { cause: 'killed' });
    expect(t.view(pid).exit).toMatchObject({ cause: 'done', output: 'just in time' });
  });

  it('is for good also for one that is stopped to come back, with its group or the kernel', () => {
    for (const stops of [
      (t: TestKernel) => t.fact({ fact: 'stopping', reason: 'SIGTERM', graceMs: 9_000 }),
      (t: TestKernel, fellow: Pid) => t.ends(fellow),
    ]) {
      const t = testKernel();
      const lead = t.spawn({ role: 'lead', strategy: 'one_for_all' });
      const wish = { image: 'stubborn', restart: 'permanent' } as const;
      const fellow = t.spawn(wish, { pid: lead });
      const pid = t.spawn({ ...wish, watch: { wallMs: 5_000 } }, { pid: lead });
      stops(t, fellow);
      t.advanceMs(5_000);
      t.ends(pid, { cause: 'killed' });
      expect(t.view(pid)).toMatchObject({ isGone: true, exit: { cause: 'over_limit' } });
      t.reboot();
      t.advanceMs(20_000);
      expect(t.view(fellow).state).toBe('idle');
      expect(t.view(pid).isGone).toBe(true);
    }
  });

  it('refuses who waits for a restart or for sleep of it (S5)', () => {
    const t = testKernel();
    const watch = { wallMs: 5_000 };
    const pid = t.spawn({ image: 'stubborn', watch });
    const restart = t.call('restart', { pid, reason: '', graceMs: 9_000 });
    t.advanceMs(5_000);
    t.ends(pid, { cause: 'killed' });
    expect(restart.refusal.code).toBe('cancelled');
    expect(t.view(pid).exit?.cause).toBe('over_limit');
  });
});
