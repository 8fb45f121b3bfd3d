import { messageOrder, taskSpec, TestKernel } from '@hivekernel/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RESTART_POLICIES, STRATEGIES } from './events/words.ts';
import type { Pid } from './ids.ts';

// Whatever happens to a supervised tree, in whatever order, it comes to rest: once its agents start
// well and end when they are asked to, nobody stays on the way up or down, or waits for a word for
// ever, and nobody who asked is left without an answer.

interface Step {
  readonly what: keyof typeof STEPS;
  readonly a: number;
  readonly b: number;
}

const SIGNAL = { isRecursive: false, reason: '', graceMs: 0 } as const;
const HOW = { reason: 'user_request', graceMs: 100 } as const;

/** Two levels of groups, under every strategy, of every policy. */
function tree(): TestKernel {
  const t = new TestKernel({ settings: { sleepAfterMs: 90_000 } });
  for (const strategy of STRATEGIES) {
    const lead = t.spawn({ role: 'lead', image: 'hold', strategy, restart: 'permanent' });
    for (const restart of RESTART_POLICIES) {
      const wish = { role: 'lead', image: 'hold', restart, strategy } as const;
      const child = t.spawn(wish, { pid: lead });
      t.spawn({ image: 'stubborn', restart, watch: { wallMs: 150_000 } }, { pid: child });
      t.spawn({ image: 'stubborn', restart }, { pid: child });
    }
  }
  return t;
}

function pick(t: TestKernel, n: number): Pid {
  const pids = [...t.kernel.state.table.byPid.keys()].filter((pid) => pid !== 1);
  return pids[n % pids.length] ?? (1 as Pid);
}

function endStopping(t: TestKernel): void {
  for (const { pid, state } of [...t.kernel.state.table.byPid.values()]) {
    if (state === 'stopping' && t.runtime.agents.has(pid)) t.ends(pid, { cause: 'killed' });
  }
}

const STEPS = {
  crash: (t, a) => {
    const pid = pick(t, a);
    if (t.runtime.agents.has(pid)) t.ends(pid);
  },
  endStopping: (t) => endStopping(t),
  mood: (t, a, b) => {
    const start = (['ready', 'starts', 'fails', 'silent'] as const)[b % 4] ?? 'ready';
    t.runtime.behaves(pick(t, a), { start, stop: b % 3 === 0 ? 'stays' : 'ends' });
  },
  kill: (t, a, b) => {
    t.call('kill', { pid: pick(t, a), isRecursive: b % 2 === 0, ...HOW });
  },
  collapse: (t, a) => {
    t.call('collapse', { pid: pick(t, a), ...HOW });
  },
  restart: (t, a) => {
    t.call('restart', { pid: pick(t, a), reason: '', graceMs: 0 });
  },
  sleep: (t, a) => {
    t.call('sleep', { pid: pick(t, a) });
  },
  wake: (t, a) => {
    t.call('wake', { pid: pick(t, a) });
  },
  signal: (t, a, b) => {
    const signal = (['STOP', 'CONT', 'INT'] as const)[b % 3] ?? 'CONT';
    t.call('signal', { pid: pick(t, a), ...SIGNAL, signal });
  },
  exit: (t, a, b) => {
    t.call('exit', { pid: pick(t, a), exitCode: b % 2, output: '' });
  },
  wait: (t, a, b) => {
    const pid = pick(t, a);
    const parent = t.kernel.state.table.find(pid)?.parent?.pid ?? (1 as Pid);
    const wait = { pid, timeoutMs: b * 1_000, isPeek: b % 2 === 0 };
    t.call('wait_child', wait, { pid: parent, isOperator: false });
  },
  task: (t, a, b) => {
    const spec = taskSpec({ retriesMax: b % 3, timeoutMs: 1_000 * b });
    t.call('execute_task', { pid: pick(t, a), spec });
  },
  mail: (t, a) => {
    t.call('send', messageOrder({ to: pick(t, a) }));
  },
  move: (t, a, b) => {
    t.call('reparent', { pid: pick(t, a), parent: pick(t, b) });
  },
  mute: (t, a) => t.fact({ fact: 'responsive', pid: pick(t, a), isResponsive: false }),
  time: (t, a) => t.advanceMs(a * 300),
  dies: (t, a) => {
    if (a % 2 === 0) t.takeSnapshot();
    t.reboot();
  },
  stops: (t, a, b) => {
    t.fact({ fact: 'stopping', reason: 'SIGTERM', graceMs: 100 });
    if (a % 2 === 0) t.advanceMs(b * 100);
    if (a % 3 === 0) endStopping(t);
    t.reboot();
  },
} satisfies Readonly<Record<string, (t: TestKernel, a: number, b: number) => void>>;

/** Whoever is paused goes on; all start well and end when they are asked to; time passes. */
function settle(t: TestKernel): void {
  const { byPid } = t.kernel.state.table;
  for (const pid of byPid.keys()) t.runtime.behaves(pid, { start: 'ready', stop: 'ends' });
  for (let i = 0; i < 40; i += 1) {
    endStopping(t);
    for (const { pid, state, osPid } of [...byPid.values()]) {
      if (state === 'paused') t.call('signal', { pid, ...SIGNAL, signal: 'CONT' });
      const agent = t.runtime.agents.get(pid);
      if (state !== 'starting' || agent === undefined || agent.isGone) continue;
      const { incarnation } = agent;
      const os = { osPid: 1_000 + pid, osStarted: 's' };
      if (osPid === 0) t.runtime.tell({ fact: 'started', pid, incarnation, ...os });
      t.runtime.ready(pid);
    }
    t.pass();
    t.advanceMs(10_000);
  }
}

const number = fc.nat({ max: 100 });
const what = fc.constantFrom(...(Object.keys(STEPS) as (keyof typeof STEPS)[]));
const steps = fc.array(fc.record({ what, a: number, b: number }), { maxLength: 120, size: 'max' });

describe('supervision', () => {
  it('brings everything to rest, whatever happened (S1 to S8, P8)', () => {
    const { SEED } = process.env;
    fc.assert(
      fc.property(steps, (list: readonly Step[]) => {
        const t = tree();
        for (const { what: step, a, b } of list) STEPS[step](t, a, b);
        t.check();
        settle(t);
        t.check();
        const restless = [...t.kernel.state.table.byPid.values()].filter(
          ({ state, isGone }) =>
            state === 'starting' || state === 'stopping' || (state === 'zombie' && !isGone),
        );
        expect(restless.map(({ pid, state, exit }) => [pid, state, exit?.cause])).toEqual([]);
        expect(t.kernel.state.kills.byId.size).toBe(0);
        expect(t.unanswered.map(({ ref }) => ref)).toEqual([]);
      }),
      { numRuns: 60, ...(SEED === undefined ? {} : { seed: Number(SEED) }) },
    );
  }, 120_000);
});
