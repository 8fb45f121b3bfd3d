// What happens at once: a stop and a task, a crash and a wait for a decision, two kills, a group
// that goes down and a backoff, a full house. One rule alone is tested beside its source.

import { spawnOrder, taskSpec, testKernel, TestKernel } from '@hivekernel/testkit';
import { describe, expect, it } from 'vitest';
import { Kernel } from '../src/kernel.ts';
import { LIMITS } from '../src/limits.ts';

const KILL = { isRecursive: true, reason: 'normal', graceMs: 5_000 } as const;
const RESTART = { reason: '', graceMs: 1_000 } as const;

describe('a task of a process that is stopped and comes back', () => {
  const STOPS = {
    restart: (t: TestKernel, pid: number) => t.call('restart', { pid: pid as never, ...RESTART }),
    'a clean stop and a boot': (t: TestKernel) => {
      t.fact({ fact: 'stopping', reason: 'test', graceMs: 100 });
      t.reboot();
    },
  };
  it.each(Object.keys(STOPS) as (keyof typeof STOPS)[])('is tried again after %s (S5)', (stop) => {
    const t = testKernel();
    const pid = t.spawn({ image: 'hold', restart: 'transient' });
    t.call('execute_task', { pid, spec: taskSpec({ retriesMax: 1 }) });
    STOPS[stop](t, pid);
    t.advanceMs(2_000);
    expect(t.eventsOf('task.retried')).toHaveLength(1);
    expect(t.eventsOf('task.ended')).toEqual([]);
    expect(t.view(pid)).toMatchObject({ state: 'running', tasksRunning: 1 });
  });

  it('fails with the run where it has no more tries, and says how that ended', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'hold', restart: 'transient' });
    const task = t.call('execute_task', { pid, spec: taskSpec() });
    t.call('restart', { pid, ...RESTART });
    expect(task.value).toMatchObject({ outcome: 'failed' });
    expect(task.value.error).toContain('ended (restarted)');
  });
});

describe('a process for one task', () => {
  it('does not come back when its task has no more tries (S2)', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'crashing', restart: 'transient', exitAfterTask: true });
    const task = t.call('execute_task', { pid, spec: taskSpec({ retriesMax: 1 }) });
    t.advanceMs(5_000);
    expect(task.value).toMatchObject({ outcome: 'failed' });
    expect(t.eventsOf('process.restarting')).toHaveLength(1);
    expect(t.view(pid)).toMatchObject({ state: 'zombie', isGone: true });
  });

  it('alarms nobody when it says itself that it failed', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'hold' });
    t.call('exit', { exitCode: 3, output: 'no' }, { pid });
    expect(t.eventsOf('escalation.raised')).toEqual([]);
  });
});

describe('SIGCHLD', () => {
  it('waits for a parent that waits undecided itself (P8, S5)', () => {
    const t = testKernel();
    const parent = t.spawn({ role: 'lead', image: 'hold' });
    const child = t.spawn({ image: 'hold' }, { pid: parent });
    t.ends(parent);
    t.ends(child);
    t.call('restart', { pid: parent, ...RESTART });
    expect(t.signalsTo(parent)).toMatchObject([{ signal: 'CHLD', pid: child, cause: 'crashed' }]);
  });

  it('and the king are told of a crash under notify by an escalation (S2, M11)', () => {
    const t = testKernel();
    const pid = t.spawn({ name: 'w', image: 'hold' });
    t.ends(pid);
    const [raised] = t.eventsOf('escalation.raised');
    expect(raised?.body).toMatchObject({ from: pid, at: 1, issue: 'crashed', severity: 'error' });
  });

  it('of a new parent does not take the place of a reload (P8)', () => {
    const t = testKernel();
    const lead = t.spawn({ role: 'lead', image: 'hold', restart: 'temporary' });
    const child = t.spawn({ image: 'deaf' }, { pid: lead });
    const signal = { isRecursive: false, graceMs: 0, reason: '' };
    t.call('signal', { pid: child, signal: 'STOP', ...signal });
    t.call('signal', { pid: child, ...signal, signal: 'HUP', reason: 'reload' });
    t.ends(lead);
    t.call('signal', { pid: child, signal: 'CONT', ...signal });
    expect(t.signalsTo(child)).toMatchObject([{ reason: 'reload' }, { ppid: 1 }]);
  });
});

describe('a kill of a deep subtree', () => {
  it('has one grace for all of it (P10)', () => {
    const t = testKernel();
    const chain = [t.spawn({ role: 'lead', image: 'stubborn' })];
    for (let i = 0; i < 5; i += 1) {
      chain.push(t.spawn({ role: 'lead', image: 'stubborn' }, { pid: chain.at(-1) as never }));
    }
    t.call('kill', { pid: chain[0] as never, ...KILL });
    for (const pid of chain.toReversed()) {
      const { graceMs } = t.runtime.agent(pid).stops.at(-1) as { graceMs: number };
      t.advanceMs(graceMs);
      t.ends(pid, { cause: 'killed' });
    }
    expect(t.time.monoMs).toBeLessThanOrEqual(KILL.graceMs + 1_000);
    expect(t.view(chain[0] as number).state).toBe('dead');
  });
});

describe('a group that goes down', () => {
  it('takes along who backs off already, until all are down (S3)', () => {
    const t = testKernel();
    const lead = t.spawn({ role: 'lead', image: 'hold', strategy: 'one_for_all' });
    const from = { pid: lead };
    const a = t.spawn({ image: 'hold', restart: 'permanent' }, from);
    t.ends(a);
    const b = t.spawn({ image: 'hold', restart: 'permanent' }, from);
    const c = t.spawn({ image: 'stubborn', restart: 'permanent' }, from);
    t.ends(b);
    t.advanceMs(3_000);
    expect(t.view(a)).toMatchObject({ state: 'starting', phase: 'restart when its group is down' });
    t.ends(c, { cause: 'killed' });
    t.advanceMs(1_000);
    for (const pid of [a, b, c]) expect(t.view(pid).state).toBe('idle');
  });
});

describe('a full node', () => {
  it('wakes nobody over its limit, and who has mail as soon as there is room (P6, M8)', () => {
    const t = testKernel({ settings: { osProcessesMax: 2 } });
    const sleeper = t.spawn({ image: 'echo' });
    t.call('sleep', { pid: sleeper });
    const [one] = [t.spawn({ image: 'hold' }), t.spawn({ image: 'hold' })];
    expect(t.call('wake', { pid: sleeper }).refusal.code).toBe('limit_exceeded');
    const task = t.call('execute_task', { pid: sleeper, spec: taskSpec({ description: 'late' }) });
    expect(t.view(sleeper).state).toBe('sleeping');
    t.call('kill', { pid: one, ...KILL });
    t.advanceMs(1);
    expect(task.value.result.output).toBe('late');
    expect(t.kernel.state.table.runtimes).toBe(2);
  });

  it('keeps a bounded number of records after crash loops, the newest (S4)', () => {
    const t = new TestKernel({ settings: { restartsMax: 0 } });
    const most = LIMITS.quarantinedMax;
    let first: number | undefined;
    for (let i = 0; i <= most; i += 1) {
      const pid = t.spawn({ image: 'hold', restart: 'permanent' });
      first ??= pid;
      t.ends(pid);
    }
    expect(t.kernel.state.table.quarantined.size).toBe(most);
    expect(t.call('info', { pid: first as never }).refusal.code).toBe('not_found');
    t.check();
  });
});

describe('a collapse under way', () => {
  it('lets nothing new grow below (S8)', () => {
    const t = testKernel();
    const lead = t.spawn({ role: 'lead', image: 'hold' });
    const child = t.spawn({ image: 'stubborn' }, { pid: lead });
    const collapse = t.call('collapse', { pid: lead, reason: 'normal', graceMs: 1_000 });
    const late = t.call('spawn', spawnOrder({ image: 'hold' }), { pid: lead });
    expect(late.refusal).toMatchObject({ code: 'wrong_state' });
    t.ends(child, { cause: 'killed' });
    expect(collapse.value.results).toHaveLength(1);
    expect(t.view(lead).children).toBe(0);
    expect(t.call('spawn', spawnOrder({ image: 'hold' }), { pid: lead }).isAnswered).toBe(true);
  });
});

describe('a completion by the executor', () => {
  it('is the end also under permanent (S8)', () => {
    const t = testKernel();
    const lead = t.spawn({ role: 'lead', image: 'hold' });
    const pid = t.spawn({ image: 'hold', restart: 'permanent' }, { pid: lead });
    t.call('exit', { pid, exitCode: 0, output: 'all' }, { pid: lead });
    t.advanceMs(1_000);
    expect(t.view(pid).state).toBe('zombie');
    expect(t.call('pending_results', { pid: lead }).value).toMatchObject([{ pid, output: 'all' }]);
  });
});

describe('a restart', () => {
  it('does not open the rate window anew (B6)', () => {
    const t = testKernel({ settings: { syscallsPerMinuteMax: 2 } });
    const pid = t.spawn({ image: 'hold' });
    const call = () => t.call('usage', {}, { pid }).result?.ok;
    expect([call(), call(), call()]).toEqual([true, true, false]);
    t.call('restart', { pid, ...RESTART });
    expect(call()).toBe(false);
  });
});

describe('Kernel.inherit()', () => {
  it('keeps silences that were declared, and a stop that has begun (S6)', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'hold' });
    t.call('execute_task', { pid, spec: taskSpec({ timeoutMs: 3_600_000 }) });
    t.call('progress', { message: '', percent: -1, quietMs: 600_000 }, { pid });
    const before = t.kernel;
    const after = new Kernel({ settings: t.settings, partition: 0 });
    after.restore(before.snapshot());
    after.resume();
    after.inherit(before);
    after.tick({ wallMs: 0, monoMs: t.time.monoMs + 300_000 });
    expect(after.state.table.require(pid).state).toBe('running');
    after.tick({ wallMs: 0, monoMs: t.time.monoMs + 700_000 });
    expect(after.state.table.require(pid).state).toBe('stopping');
    before.input({ fact: 'stopping', reason: '', graceMs: 0 }, t.time.now());
    after.inherit(before);
    expect(after.parts.stop.isSet).toBe(true);
    t.pass();
  });
});
