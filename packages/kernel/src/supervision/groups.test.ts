import { messageOrder, taskSpec, testKernel } from '@hivekernel/testkit';
import type { SpawnWish, TestKernel } from '@hivekernel/testkit';
import { describe, expect, it } from 'vitest';
import { asPid, type Pid } from '../ids.ts';
import type { Strategy } from '../events/words.ts';

const KILL = { isRecursive: false, reason: 'normal', graceMs: 1_000 } as const;

interface Group {
  readonly t: TestKernel;
  readonly lead: Pid;
  /** a, b, c, d in the order of their birth; each restarts after a crash. */
  readonly pids: Readonly<Record<'a' | 'b' | 'c' | 'd', Pid>>;
}

function group(strategy: Strategy, wish: SpawnWish = {}): Group {
  const t = testKernel();
  const lead = t.spawn({ role: 'lead', image: 'hold', strategy });
  const make = (name: string): Pid =>
    t.spawn({ name, role: 'lead', image: 'hold', restart: 'transient', ...wish }, { pid: lead });
  return { t, lead, pids: { a: make('a'), b: make('b'), c: make('c'), d: make('d') } };
}

const runsOf = (t: TestKernel, pid: Pid): number => t.startsOf(pid).length;
const statesOf = ({ t, pids }: Group): string[] =>
  Object.values(pids).map((pid) => t.view(pid).state);

/** What the next ones have to wait for is the backoff of who brought them down. */
const delayOf = ({ t }: Group): number =>
  t.eventsOf('process.restarting').findLast(({ body }) => body.delayMs > 0)?.body.delayMs ?? -1;

describe('a crash of b under the strategy', () => {
  it.each([
    ['one_for_one', [1, 2, 1, 1]],
    ['one_for_all', [2, 2, 2, 2]],
    ['rest_for_one', [1, 2, 2, 2]],
  ] as const)('%s has the four start %j times (S3)', (strategy, runs) => {
    const g = group(strategy);
    const { t, pids } = g;
    t.ends(pids.b);
    t.advanceMs(1_000);
    expect(Object.values(pids).map((pid) => runsOf(t, pid))).toEqual(runs);
    expect(statesOf(g)).toEqual(['idle', 'idle', 'idle', 'idle']);
    expect(t.kernel.state.kills.byId.size).toBe(0);
  });

  it('one_for_all counts for b alone, and tells of the others why they ended (S3, S4)', () => {
    const { t, lead, pids } = group('one_for_all');
    t.ends(pids.b);
    t.advanceMs(1_000);
    expect(t.view(pids.b).restartsInRow).toBe(1);
    for (const pid of [pids.a, pids.c, pids.d]) {
      expect(t.view(pid)).toMatchObject({
        restartsInRow: 0,
        exit: { cause: 'restarted', detail: `it restarts with b (pid ${pids.b})` },
      });
    }
    const causes = t.signalsTo(lead).map(({ pid, cause }) => [pid, cause]);
    expect(causes).toHaveLength(4);
    expect(causes[0]).toEqual([pids.b, 'crashed']);
  });

  it('is the strategy of the parent, by its role or its own word (S3)', () => {
    const t = testKernel();
    expect(t.view(t.spawn({ role: 'lead' })).strategy).toBe('one_for_one');
    const strategyByRole = { ...t.settings.strategyByRole, lead: 'one_for_all' } as const;
    const other = testKernel({ settings: { strategyByRole } });
    expect(other.view(other.spawn({ role: 'lead' })).strategy).toBe('one_for_all');
    const own = { role: 'lead', strategy: 'rest_for_one' } as const;
    expect(other.view(other.spawn(own)).strategy).toBe('rest_for_one');
  });
});

describe('a group', () => {
  it('starts together, only after the last of it is down (S3)', () => {
    const g = group('one_for_all', { image: 'stubborn' });
    const { t, pids } = g;
    t.ends(pids.b);
    expect(statesOf(g)).toEqual(['stopping', 'starting', 'stopping', 'stopping']);
    expect(t.view(pids.b).phase).toBe('restart when its group is down');
    expect(t.runtime.agent(pids.a).stops).toMatchObject([{ reason: 'normal', graceMs: 5_000 }]);
    t.ends(pids.a, { cause: 'killed' });
    t.ends(pids.c, { cause: 'killed' });
    t.advanceMs(4_000);
    expect(statesOf(g)).toEqual(['starting', 'starting', 'starting', 'stopping']);
    t.ends(pids.d, { cause: 'killed' });
    expect(statesOf(g)).toEqual(['starting', 'starting', 'starting', 'starting']);
    // S4: from now on the backoff counts.
    t.advanceMs(delayOf(g) - 1);
    expect(Object.values(pids).map((pid) => runsOf(t, pid))).toEqual([1, 1, 1, 1]);
    t.advanceMs(1);
    expect(Object.values(pids).map((pid) => runsOf(t, pid))).toEqual([2, 2, 2, 2]);
  });

  it('ends its temporary ones; virtual, sleeping and ended ones are let alone (S3)', () => {
    const { t, lead, pids } = group('one_for_all');
    const from = { pid: lead };
    const once = t.spawn({ name: 'once', image: 'hold', restart: 'temporary' }, from);
    const decides = t.spawn({ name: 'decides', image: 'hold', restart: 'notify' }, from);
    const virtual = t.spawn({ name: 'virtual' }, from);
    const sleeper = t.spawn({ name: 'sleeper', image: 'hold' }, from);
    const zombie = t.spawn({ name: 'zombie', image: 'hold', restart: 'notify' }, from);
    t.call('sleep', { pid: sleeper });
    t.ends(zombie);
    t.ends(pids.a);
    t.advanceMs(1_000);
    expect(t.view(once)).toMatchObject({ state: 'dead', exit: { cause: 'killed' } });
    expect(t.view(decides)).toMatchObject({ state: 'idle', restarts: 1 });
    expect(t.view(virtual).state).toBe('idle');
    expect(t.view(sleeper)).toMatchObject({ state: 'sleeping', restarts: 0 });
    expect(t.view(zombie)).toMatchObject({ state: 'zombie', isGone: false });
  });

  it('ends all that is below any of it, and starts afresh (P9)', () => {
    const { t, pids } = group('one_for_all');
    const below = t.spawn({ name: 'below', role: 'lead', image: 'hold' }, { pid: pids.b });
    const virtual = t.spawn({ name: 'virtual' }, { pid: below });
    const other = t.spawn({ image: 'hold', restart: 'permanent' }, { pid: pids.c });
    t.ends(pids.b);
    t.advanceMs(1_000);
    for (const pid of [below, virtual, other]) {
      expect(t.view(pid)).toMatchObject({ state: 'dead', exit: { cause: 'killed' } });
    }
    const exits = t.eventsOf('process.exited').map(({ body }) => body.pid);
    expect(exits.indexOf(virtual)).toBeLessThan(exits.indexOf(below));
    expect(exits.indexOf(other)).toBeLessThan(exits.indexOf(pids.c));
    expect(t.view(pids.c).children).toBe(0);
  });

  it('keeps mailboxes and tasks in line, fails what was under way (S5)', () => {
    const { t, lead, pids } = group('one_for_all', { limits: { concurrentTasksMax: 1 } });
    const give = (description: string) =>
      t.call('execute_on', { pid: pids.a, spec: taskSpec({ description }) }, { pid: lead });
    const running = give('now');
    const inLine = give('next');
    t.call('send', messageOrder({ to: pids.a, type: 'kept' }));
    t.ends(pids.b);
    expect(running.value.outcome).toBe('failed');
    t.advanceMs(1_000);
    expect(inLine.isAnswered).toBe(false);
    const [effect] = [...t.runtime.agent(pids.a).tasks.values()];
    expect(effect?.spec.description).toBe('next');
  });

  it('takes along one that backs off, which then waits no longer than the others (S3)', () => {
    const g = group('rest_for_one');
    const { t, pids } = g;
    for (let i = 0; i < 4; i += 1) {
      t.advanceMs(8_000);
      t.ends(pids.d);
    }
    expect(statesOf(g)).toEqual(['idle', 'idle', 'idle', 'starting']);
    expect(delayOf(g)).toBeGreaterThan(4_000);
    t.ends(pids.b);
    t.advanceMs(1_000);
    expect(statesOf(g)).toEqual(['idle', 'idle', 'idle', 'idle']);
    expect(t.view(pids.d).restartsInRow).toBe(4);
    // The end of its old wait starts nothing.
    t.advanceMs(20_000);
    expect(runsOf(t, pids.d)).toBe(5);
  });

  it('goes down again when the start of one fails (S3, S4)', () => {
    const g = group('one_for_all');
    const { t, pids } = g;
    t.runtime.behaves(pids.a, { start: 'fails' });
    t.ends(pids.b);
    t.advanceMs(1_000);
    expect(t.view(pids.a).restartsInRow).toBe(1);
    t.runtime.behaves(pids.a, { start: 'ready' });
    t.advanceMs(1_000);
    expect(statesOf(g)).toEqual(['idle', 'idle', 'idle', 'idle']);
    expect(Object.values(pids).map((pid) => runsOf(t, pid))).toEqual([3, 3, 3, 3]);
  });

  it('lets a paused one come back paused (S1)', () => {
    const { t, pids } = group('one_for_all');
    const stop = { signal: 'STOP', isRecursive: false, reason: '', graceMs: 0 } as const;
    t.call('signal', { pid: pids.c, ...stop });
    t.ends(pids.b);
    t.advanceMs(1_000);
    expect(t.view(pids.c)).toMatchObject({ state: 'paused', restarts: 1 });
  });

  it('goes down also for one that hangs (S6)', () => {
    const g = group('rest_for_one');
    const { t, pids } = g;
    t.fact({ fact: 'responsive', pid: pids.c, isResponsive: false });
    t.advanceMs(1_000);
    expect(Object.values(pids).map((pid) => runsOf(t, pid))).toEqual([1, 1, 2, 2]);
  });

  it('is not taken down by what is restarted by somebody, or is quarantined (S4, S5)', () => {
    const { t, pids } = group('one_for_all');
    t.call('restart', { pid: pids.b, reason: '', graceMs: 0 });
    expect(runsOf(t, pids.a)).toBe(1);
    for (let i = 0; i < 5; i += 1) {
      t.ends(pids.b);
      t.advanceMs(16_000);
    }
    expect(runsOf(t, pids.a)).toBe(6);
    t.ends(pids.b);
    expect(t.view(pids.b).isQuarantined).toBe(true);
    expect(t.view(pids.a).state).toBe('idle');
    expect(runsOf(t, pids.a)).toBe(6);
  });
});

describe('while a group goes down', () => {
  const down = (): Group => {
    const g = group('one_for_all', { image: 'stubborn' });
    g.t.ends(g.pids.b);
    return g;
  };
  const goOn = ({ t, pids }: Group): void => {
    for (const pid of Object.values(pids)) {
      if (t.view(pid).state === 'stopping') t.ends(pid, { cause: 'killed' });
    }
    t.advanceMs(2_000);
  };

  it('a kill of one of it is for good, and holds nobody up (S5)', () => {
    const g = down();
    const { t, pids } = g;
    const kill = t.call('kill', { pid: pids.c, ...KILL });
    goOn(g);
    expect(kill.value.killed).toEqual([pids.c]);
    expect(statesOf(g)).toEqual(['idle', 'idle', 'dead', 'idle']);
    expect(t.kernel.state.kills.byId.size).toBe(0);
  });

  it('a kill of who brought it down is for good: the others come back (S5)', () => {
    const g = down();
    const { t, pids } = g;
    expect(t.call('kill', { pid: pids.b, ...KILL }).value.killed).toEqual([pids.b]);
    goOn(g);
    expect(statesOf(g)).toEqual(['idle', 'dead', 'idle', 'idle']);
  });

  it('a kill of one that is down already and waits for the others is for good (S5)', () => {
    const g = down();
    const { t, pids } = g;
    t.ends(pids.a, { cause: 'killed' });
    t.call('kill', { pid: pids.a, ...KILL });
    goOn(g);
    expect(statesOf(g)).toEqual(['dead', 'idle', 'idle', 'idle']);
  });

  it('a kill of the whole branch ends them all (P10)', () => {
    const g = down();
    const { t, lead, pids } = g;
    const kill = t.call('kill', { pid: lead, ...KILL, isRecursive: true });
    goOn(g);
    expect(kill.value.killed).toEqual(expect.arrayContaining([lead, ...Object.values(pids)]));
    expect(statesOf(g)).toEqual(['dead', 'dead', 'dead', 'dead']);
  });

  it('the end of the parent leaves them to their heir, and they come back (P9)', () => {
    const t = testKernel();
    const once = { role: 'lead', image: 'hold', restart: 'temporary' } as const;
    const lead = t.spawn({ ...once, strategy: 'one_for_all' });
    const wish = { image: 'stubborn', restart: 'transient' } as const;
    const [a, b] = [t.spawn(wish, { pid: lead }), t.spawn(wish, { pid: lead })];
    t.ends(a);
    t.ends(lead);
    t.ends(b, { cause: 'killed' });
    t.advanceMs(1_000);
    expect(t.view(a)).toMatchObject({ state: 'idle', ppid: 1 });
    expect(t.view(b)).toMatchObject({ state: 'idle', ppid: 1 });
  });

  it('a crash of one that is being stopped is not counted (S4)', () => {
    const g = down();
    const { t, pids } = g;
    t.ends(pids.c, { exitCode: 139, cause: 'crashed', detail: 'signal SIGSEGV' });
    expect(t.view(pids.c)).toMatchObject({
      ...{ state: 'starting', restartsInRow: 0 },
      exit: { cause: 'restarted', detail: expect.stringContaining('SIGSEGV') },
    });
    goOn(g);
    expect(statesOf(g)).toEqual(['idle', 'idle', 'idle', 'idle']);
  });

  it('a crash of a sibling that was born meanwhile brings all up in the end (S3)', () => {
    const g = down();
    const { t, lead, pids } = g;
    const late = t.spawn({ name: 'late', image: 'hold', restart: 'transient' }, { pid: lead });
    t.ends(late);
    goOn(g);
    t.advanceMs(2_000);
    expect(statesOf(g)).toEqual(['idle', 'idle', 'idle', 'idle']);
    expect(t.view(late)).toMatchObject({ state: 'idle', restartsInRow: 1 });
    expect(t.view(pids.b).restartsInRow).toBe(1);
    expect(t.kernel.state.kills.byId.size).toBe(0);
  });

  it('the word to restart one of it waits with it, and is answered (S3, S5)', () => {
    const g = down();
    const { t, pids } = g;
    const restart = t.call('restart', { pid: pids.b, reason: '', graceMs: 0 });
    expect(restart.isAnswered).toBe(false);
    expect(t.view(pids.b)).toMatchObject({ state: 'starting' });
    expect(runsOf(t, pids.b)).toBe(1);
    goOn(g);
    expect(restart.value).toEqual({});
    expect(Object.values(pids).map((pid) => runsOf(t, pid))).toEqual([2, 2, 2, 2]);
  });

  it.each([0, 1, 3])('the kernel may die, with %i of it down (DESIGN §4)', (ended) => {
    const g = down();
    const { t, pids } = g;
    for (const pid of [pids.a, pids.c, pids.d].slice(0, ended)) t.ends(pid, { cause: 'killed' });
    t.takeSnapshot();
    t.reboot();
    t.advanceMs(2_000);
    expect(statesOf(g)).toEqual(['idle', 'idle', 'idle', 'idle']);
    expect(Object.values(pids).map((pid) => t.view(pid).restartsInRow)).toEqual([0, 1, 0, 0]);
    expect(t.kernel.state.kills.byId.size).toBe(0);
  });

  it('the kernel may be stopped: all of it comes back at the next boot (DESIGN §4)', () => {
    const g = down();
    const { t, pids } = g;
    t.fact({ fact: 'stopping', reason: 'SIGTERM', graceMs: 100 });
    for (const pid of [pids.a, pids.c, pids.d]) t.ends(pid, { cause: 'killed' });
    t.advanceMs(30_000);
    expect(Object.values(pids).map((pid) => runsOf(t, pid))).toEqual([1, 1, 1, 1]);
    t.reboot();
    t.advanceMs(2_000);
    expect(statesOf(g)).toEqual(['idle', 'idle', 'idle', 'idle']);
  });

  it('one that is only just being born has no part in it', () => {
    const { t, lead, pids } = group('one_for_all');
    const from = { pid: lead };
    const born = { name: 'born', role: 'worker', tier: 'tactical', image: 'starting' } as const;
    const spawn = t.call('spawn', { ...t.kernel.state.table.king.spec, ...born }, from);
    const pid = asPid(pids.d + 1);
    t.ends(pids.b);
    t.advanceMs(1_000);
    expect(t.view(pid)).toMatchObject({ state: 'starting', isGone: false });
    t.runtime.ready(pid);
    t.pass();
    expect(spawn.value).toEqual({ pid });
  });
});
