import {
  artifactOrder,
  messageOrder,
  taskSpec,
  testKernel,
  textContent,
} from '@hivekernel/testkit';
import type { TestKernel } from '@hivekernel/testkit';
import { describe, expect, it } from 'vitest';
import type { RestartPolicy } from '../events/words.ts';
import { asPid, type Pid } from '../ids.ts';

const MINUTE_MS = 60_000;
const KILL = { isRecursive: false, reason: 'normal', graceMs: 1_000 } as const;
const RESTART = { reason: '', graceMs: 1_000 } as const;

/** How long it backs off, as its last event says. */
const delayOf = (t: TestKernel, pid: Pid): number =>
  t.eventsOf('process.restarting').findLast(({ body }) => body.pid === pid)?.body.delayMs ?? -1;

/** It crashes and is back. */
function crashes(t: TestKernel, pid: Pid, times = 1): void {
  for (let i = 0; i < times; i += 1) {
    t.ends(pid);
    t.advanceMs(delayOf(t, pid));
  }
}

/** One more crash than its restarts allow. */
function loops(t: TestKernel, pid: Pid): void {
  crashes(t, pid, t.settings.restartsMax);
  t.ends(pid);
}

describe('Supervisor.judge()', () => {
  const ENDS = {
    'is done': (t: TestKernel, pid: Pid) => t.call('exit', { exitCode: 0, output: '' }, { pid }),
    fails: (t: TestKernel, pid: Pid) => t.call('exit', { exitCode: 3, output: '' }, { pid }),
    'goes with code 0': (t: TestKernel, pid: Pid) => t.ends(pid, { exitCode: 0, cause: 'done' }),
    crashes: (t: TestKernel, pid: Pid) => t.ends(pid),
    'is killed': (t: TestKernel, pid: Pid) => t.call('kill', { pid, ...KILL }),
  };
  /** Comes back; is a zombie that waits for a word; is a zombie for good; is dead. */
  const TABLE = {
    //           done    fails   code 0  crash      kill
    permanent: ['back', 'back', 'back', 'back', 'dead'],
    transient: ['gone', 'back', 'gone', 'back', 'dead'],
    notify: ['gone', 'undecided', 'gone', 'undecided', 'dead'],
    temporary: ['gone', 'gone', 'gone', 'gone', 'dead'],
  } as const;
  const CELLS = Object.entries(TABLE).flatMap(([policy, row]) =>
    Object.keys(ENDS).map((end, i) => [policy, end, row[i]] as [RestartPolicy, string, string]),
  );

  it.each(CELLS)('lets a %s process that %s be %s (S2)', (restart, end, expected) => {
    const t = testKernel();
    const lead = t.spawn({ role: 'lead', image: 'hold' });
    const pid = t.spawn({ name: 'w', image: 'hold', restart }, { pid: lead });
    ENDS[end as keyof typeof ENDS](t, pid);
    const { state, isGone } = t.view(pid);
    const now = state === 'starting' ? 'back' : isGone ? 'gone' : 'undecided';
    expect(state === 'dead' ? 'dead' : now).toBe(expected);
    // P8: the parent is told in every case.
    expect(t.signalsTo(lead)).toMatchObject([{ signal: 'CHLD', pid, name: 'w' }]);
    t.advanceMs(MINUTE_MS * 3);
    expect(t.call('info', { pid }).result?.ok).toBe(expected === 'back');
  });

  it.each([
    ['daemon', 'permanent'],
    ['agent', 'notify'],
    ['lead', 'notify'],
    ['worker', 'notify'],
    ['architect', 'temporary'],
    ['task', 'temporary'],
  ] as const)('takes for a %s the policy %s, and another where asked (S2)', (role, policy) => {
    const t = testKernel();
    expect(t.view(t.spawn({ role })).restart).toBe(policy);
    expect(t.view(t.spawn({ role, restart: 'transient' })).restart).toBe('transient');
  });

  it('takes another policy by role from the configuration (S2)', () => {
    const base = testKernel().settings.restartByRole;
    const t = testKernel({ settings: { restartByRole: { ...base, worker: 'transient' } } });
    const pid = t.spawn({ image: 'hold' });
    crashes(t, pid);
    expect(t.view(pid)).toMatchObject({ restart: 'transient', state: 'idle', restarts: 1 });
  });

  it('lets a daemon that is to end with its task be temporary, unless told otherwise (S2)', () => {
    const t = testKernel();
    const once = { role: 'daemon', image: 'hold', exitAfterTask: true } as const;
    expect(t.view(t.spawn(once)).restart).toBe('temporary');
    expect(t.view(t.spawn({ ...once, restart: 'permanent' })).restart).toBe('permanent');
  });

  it('never restarts a virtual process', () => {
    const t = testKernel();
    const pid = t.spawn({ restart: 'permanent' });
    t.call('exit', { exitCode: 1, output: '' }, { pid });
    expect(t.view(pid)).toMatchObject({ state: 'zombie', isGone: true });
  });

  it('never restarts what was never ready', () => {
    const t = testKernel();
    const ticket = t.call('spawn', { ...t.kernel.state.table.king.spec, ...BORN });
    t.call('exit', { exitCode: 1, output: '' }, { pid: asPid(2) });
    expect(ticket.refusal.code).toBe('cancelled');
    expect(t.view(2)).toMatchObject({ state: 'zombie', isGone: true });
  });
});

const BORN = {
  name: 'b',
  role: 'daemon',
  tier: 'tactical',
  image: 'starting',
  restart: 'permanent',
} as const;

describe('a restart', () => {
  it('keeps pid, name, parent, address, mailbox, artifacts and checkpoint (S5)', () => {
    const t = testKernel();
    const lead = t.spawn({ role: 'lead', image: 'hold' });
    const pid = t.spawn({ name: 'w', image: 'deaf', restart: 'transient' }, { pid: lead });
    const child = t.spawn({ image: 'hold' }, { pid });
    t.call('checkpoint', { content: textContent('page 7') }, { pid });
    t.call('store', artifactOrder({ key: 'mine' }), { pid });
    t.call('send', messageOrder({ to: pid, type: 'before' }), { pid: lead });
    const { address } = t.view(pid);
    t.ends(pid);
    t.call('send', messageOrder({ to: pid, type: 'meanwhile' }), { pid: lead });
    expect(t.view(pid)).toMatchObject({ state: 'starting', inboxDepth: 2, osPid: 0 });
    t.advanceMs(1_000);
    expect(t.view(pid)).toMatchObject({
      ...{ state: 'idle', name: 'w', ppid: lead, address, restarts: 1, restartsInRow: 1 },
      checkpointBytes: 6,
    });
    expect(t.startsOf(pid).map(({ incarnation }) => incarnation)).toEqual([1, 2]);
    expect(t.startsOf(pid)[1]).toMatchObject({ address, checkpoint: textContent('page 7') });
    expect(t.runtime.agent(pid).delivered.map(({ type }) => type)).toEqual(['before', 'meanwhile']);
    expect(t.view(child)).toMatchObject({ ppid: pid, state: 'idle' });
    const get = { by: { key: 'mine' }, version: 0 };
    expect(t.call('get_artifact', get).value?.record.owner).toBe(pid);
  });

  it('reads starting while it backs off, and says for how long (S4, P4)', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'hold', restart: 'transient' });
    crashes(t, pid);
    t.ends(pid);
    const delayMs = delayOf(t, pid);
    expect(delayMs).toBeGreaterThanOrEqual(1_600);
    expect(delayMs).toBeLessThanOrEqual(2_000);
    expect(t.view(pid)).toMatchObject({ state: 'starting', phase: 'restart 2 in 2 s' });
    t.advanceMs(delayMs - 1);
    expect(t.startsOf(pid)).toHaveLength(2);
    t.advanceMs(1);
    expect(t.startsOf(pid)).toHaveLength(3);
    expect(t.view(pid)).toMatchObject({ state: 'idle', phase: '' });
  });

  it('doubles its wait each time, within the jitter (S4)', () => {
    const t = testKernel({ settings: { restartsMax: 9 } });
    const pid = t.spawn({ image: 'hold', restart: 'transient' });
    for (const fullMs of [1, 2, 4, 8, 16, 32, 60, 60, 60].map((s) => s * 1_000)) {
      t.ends(pid);
      expect(delayOf(t, pid)).toBeLessThanOrEqual(fullMs);
      expect(delayOf(t, pid)).toBeGreaterThanOrEqual(fullMs * 0.8);
      t.advanceMs(delayOf(t, pid));
    }
    expect(t.view(pid)).toMatchObject({ state: 'idle', restartsInRow: 9 });
  });

  it('counts a start that fails (S4)', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'hold', restart: 'transient' });
    t.runtime.behaves(pid, { start: 'fails' });
    t.ends(pid);
    t.advanceMs(2 * MINUTE_MS);
    expect(t.eventsOf('process.restarting').map(({ body }) => body.attempt)).toEqual([
      ...[1, 2, 3, 4, 5],
    ]);
    expect(t.view(pid)).toMatchObject({
      ...{ state: 'dead', isQuarantined: true },
      exit: { cause: 'start_failed', detail: 'no such module' },
    });
  });

  it('waits on though the daemon dies meanwhile (S4)', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'hold', restart: 'transient' });
    crashes(t, pid, 3);
    t.ends(pid);
    const delayMs = delayOf(t, pid);
    t.advanceMs(1_000);
    t.reboot();
    t.advanceMs(delayMs - 1_001);
    expect(t.view(pid)).toMatchObject({ state: 'starting', restartsInRow: 4 });
    t.advanceMs(1);
    expect(t.view(pid).state).toBe('idle');
  });

  it('does not give the initial task again: what it left in line goes on', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'hold', restart: 'transient', initialTask: 'serve' });
    const [first] = t.runtime.agent(pid).tasks.keys();
    crashes(t, pid);
    expect([...t.runtime.agent(pid).tasks.keys()]).toEqual([first]);
    expect(t.eventsOf('task.created')).toHaveLength(1);
  });
});

describe('a kill', () => {
  it('during the backoff is for good (S5)', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'hold', restart: 'permanent' });
    t.ends(pid);
    expect(t.call('kill', { pid, ...KILL }).value.killed).toEqual([pid]);
    expect(t.view(pid)).toMatchObject({ state: 'dead', isGone: true, exit: { exitCode: -1 } });
    t.advanceMs(50_000);
    expect(t.startsOf(pid)).toHaveLength(1);
    expect(t.view(pid).state).toBe('dead');
  });

  it('of one that is just being started again is for good (S5)', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'hold', restart: 'permanent' });
    t.runtime.behaves(pid, { start: 'starts' });
    crashes(t, pid);
    expect(t.view(pid)).toMatchObject({ state: 'starting', phase: '' });
    expect(t.call('kill', { pid, ...KILL }).value.killed).toEqual([pid]);
    expect(t.view(pid).state).toBe('dead');
    t.advanceMs(50_000);
    expect(t.startsOf(pid)).toHaveLength(2);
  });

  it('ends also what was stopped to be started anew (S5)', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'stubborn', restart: 'permanent' });
    const restart = t.call('restart', { pid, ...RESTART });
    const kill = t.call('kill', { pid, ...KILL });
    t.ends(pid, { cause: 'killed' });
    expect(kill.value.killed).toEqual([pid]);
    expect(restart.refusal.code).toBe('cancelled');
    expect(t.view(pid)).toMatchObject({ state: 'dead', exit: { cause: 'killed' } });
  });

  it('of an undecided zombie decides', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'hold', restart: 'notify' });
    t.ends(pid);
    expect(t.call('kill', { pid, ...KILL }).value.killed).toEqual([pid]);
    expect(t.view(pid)).toMatchObject({ state: 'dead', isGone: true });
  });
});

describe('a crash loop', () => {
  it('is quarantined: dead, told by event and to the parent, never the kernel (S4)', () => {
    const t = testKernel();
    const lead = t.spawn({ role: 'lead', image: 'deaf' });
    const pid = t.spawn({ name: 'w', image: 'hold', restart: 'transient' }, { pid: lead });
    loops(t, pid);
    expect(t.view(pid)).toMatchObject({
      ...{ state: 'dead', isQuarantined: true, isGone: true, phase: 'quarantined: crash loop' },
      exit: { cause: 'crashed' },
    });
    expect(t.eventsOf('process.crash_loop')).toMatchObject([
      { body: { pid, restarts: 5, cause: 'crashed' } },
    ]);
    const told = t.runtime.agent(lead).delivered.at(-1);
    expect(told).toMatchObject({ type: 'escalation', from: pid, priority: 0 });
    expect(t.eventsOf('escalation.raised')[0]?.body).toMatchObject({
      ...{ from: pid, at: lead, issue: 'crash_loop', severity: 'critical' },
      context: { pid: String(pid), name: 'w', address: t.view(pid).address },
    });
    expect(t.view(lead).state).toBe('idle');
    expect(t.spawn()).toBeGreaterThan(pid);
  });

  it('goes on up where the parent says nothing, though its process is dead (S4)', () => {
    const t = testKernel();
    const queen = t.spawn({ role: 'daemon', image: 'hold' });
    const lead = t.spawn({ role: 'lead', image: 'deaf' }, { pid: queen });
    const pid = t.spawn({ image: 'hold', restart: 'transient' }, { pid: lead });
    loops(t, pid);
    t.advanceMs(30_000);
    expect(t.runtime.agent(queen).delivered.map(({ type }) => type)).toEqual(['escalation']);
    expect(t.eventsOf('escalation.ended')[0]?.body).toMatchObject({ by: queen });
  });

  it('stays readable until an operator removes it, and its result can be taken (P8)', () => {
    const t = testKernel();
    const lead = t.spawn({ role: 'lead', image: 'hold' });
    const pid = t.spawn({ image: 'hold', restart: 'transient' }, { pid: lead });
    loops(t, pid);
    t.advanceMs(10 * MINUTE_MS);
    const wait = { pid, timeoutMs: 1 };
    expect(t.call('wait_child', wait, { pid: lead }).value).toMatchObject({ cause: 'crashed' });
    t.advanceMs(10 * MINUTE_MS);
    t.reboot();
    t.advanceMs(10 * MINUTE_MS);
    expect(t.view(pid)).toMatchObject({ isQuarantined: true });
    expect(t.call('restart', { pid, ...RESTART }).refusal.code).toBe('wrong_state');
    t.call('remove', { pid });
    expect(t.call('info', { pid }).refusal.code).toBe('not_found');
  });

  it('leaves its children to its heir, its mail to dead letters (P8, P9)', () => {
    const t = testKernel();
    const lead = t.spawn({ role: 'lead', image: 'hold' });
    const pid = t.spawn({ image: 'deaf', restart: 'transient' }, { pid: lead });
    const child = t.spawn({ image: 'hold' }, { pid });
    t.call('send', messageOrder({ to: pid }));
    loops(t, pid);
    expect(t.view(child).ppid).toBe(lead);
    expect(t.signalsTo(child)).toEqual([{ signal: 'HUP', ppid: lead }]);
    expect(t.call('list_inbox', { pid }).value.deadLetters).toHaveLength(1);
  });

  it('is forgotten after five minutes of health (S4)', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'hold', restart: 'transient' });
    crashes(t, pid, 5);
    t.advanceMs(t.settings.restartHealthyMs);
    crashes(t, pid);
    expect(t.view(pid)).toMatchObject({ state: 'idle', restartsInRow: 1 });
    expect(delayOf(t, pid)).toBeLessThanOrEqual(1_000);
  });

  it('is not forgotten a moment before that (S4)', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'hold', restart: 'transient' });
    crashes(t, pid, 5);
    t.advanceMs(t.settings.restartHealthyMs - 1);
    t.ends(pid);
    expect(t.view(pid).isQuarantined).toBe(true);
  });

  it.each([
    ['somebody restarts it', (t: TestKernel, pid: Pid) => t.call('restart', { pid, ...RESTART })],
    ['the kernel dies', (t: TestKernel) => t.reboot()],
    [
      'it sleeps and wakes',
      (t: TestKernel, pid: Pid) => {
        t.call('sleep', { pid });
        t.takeSnapshot();
        t.reboot();
        t.call('wake', { pid });
      },
    ],
  ])('is forgotten also when %s after the health (S4)', (_, comesAgain) => {
    const t = testKernel();
    const pid = t.spawn({ image: 'hold', restart: 'transient' });
    crashes(t, pid, 5);
    t.advanceMs(t.settings.restartHealthyMs);
    t.runtime.behaves(pid, { start: 'fails' });
    comesAgain(t, pid);
    expect(t.view(pid)).toMatchObject({ state: 'starting', restartsInRow: 1 });
    t.advanceMs(2 * MINUTE_MS);
    expect(t.view(pid).isQuarantined).toBe(true);
  });

  it('is not forgotten by a run that was ended early (S4)', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'hold', restart: 'transient' });
    crashes(t, pid, 5);
    t.call('restart', { pid, ...RESTART });
    expect(t.view(pid)).toMatchObject({ state: 'idle', restartsInRow: 5 });
    t.ends(pid);
    expect(t.view(pid).isQuarantined).toBe(true);
  });
});

describe('a crash under notify', () => {
  function family(t: TestKernel): { lead: Pid; pid: Pid; child: Pid } {
    const lead = t.spawn({ role: 'lead', image: 'hold' });
    const pid = t.spawn({ name: 'w', image: 'deaf', restart: 'notify' }, { pid: lead });
    const child = t.spawn({ image: 'hold' }, { pid });
    t.call('send', messageOrder({ to: pid, type: 'kept' }));
    return { lead, pid, child };
  }

  it('waits undecided, with all that is its own, and nobody gives it more (S2)', () => {
    const t = testKernel();
    const { lead, pid, child } = family(t);
    t.ends(pid);
    expect(t.view(pid)).toMatchObject({
      ...{ state: 'zombie', isGone: false, inboxDepth: 1 },
      phase: 'restart it or take its result',
    });
    expect(t.view(child)).toMatchObject({ ppid: pid, state: 'idle' });
    expect(t.signalsTo(lead)).toMatchObject([{ signal: 'CHLD', pid, cause: 'crashed' }]);
    expect(t.signalsTo(child)).toEqual([]);
    expect(t.call('send', messageOrder({ to: pid })).refusal.code).toBe('wrong_state');
    const task = t.call('execute_on', { pid, spec: taskSpec() }, { pid: lead });
    expect(task.refusal.code).toBe('wrong_state');
  });

  it('comes back when the parent restarts it, uncounted (S2, S5)', () => {
    const t = testKernel();
    const { lead, pid, child } = family(t);
    t.ends(pid);
    t.advanceMs(40_000);
    const ticket = t.call('restart', { pid, ...RESTART }, { pid: lead });
    expect(ticket.value).toEqual({});
    expect(t.view(pid)).toMatchObject({ state: 'idle', restarts: 1, restartsInRow: 0 });
    expect(t.runtime.agent(pid).delivered.map(({ type }) => type)).toEqual(['kept']);
    expect(t.view(child).ppid).toBe(pid);
    // Its decay as a zombie is called off.
    t.advanceMs(3 * MINUTE_MS);
    expect(t.view(pid).state).toBe('idle');
  });

  it('is over when the parent takes its result (S2, P9)', () => {
    const t = testKernel();
    const { lead, pid, child } = family(t);
    t.ends(pid);
    const wait = t.call('wait_child', { pid, timeoutMs: 1 }, { pid: lead });
    expect(wait.value).toMatchObject({ cause: 'crashed', exitCode: 1 });
    expect(t.view(pid)).toMatchObject({ state: 'dead', isGone: true, inboxDepth: 0 });
    expect(t.view(child).ppid).toBe(lead);
    const late = t.call('restart', { pid, ...RESTART }, { pid: lead });
    expect(late.refusal.code).toBe('wrong_state');
  });

  it('is over at once when the parent waits for it (S8)', () => {
    const t = testKernel();
    const { lead, pid } = family(t);
    const wait = t.call('wait_child', { pid, timeoutMs: 0 }, { pid: lead });
    t.ends(pid);
    expect(wait.value.cause).toBe('crashed');
    expect(t.view(pid).isGone).toBe(true);
  });

  it('is over after 60 s: the children are adopted, with SIGHUP (S2, P9)', () => {
    const t = testKernel();
    const { lead, pid, child } = family(t);
    t.ends(pid);
    t.advanceMs(59_999);
    expect(t.view(pid)).toMatchObject({ state: 'zombie', isGone: false });
    // The reaper looks every 15 s.
    t.advanceMs(15_001);
    expect(t.view(pid)).toMatchObject({ state: 'dead', isGone: true });
    expect(t.view(child).ppid).toBe(lead);
    expect(t.signalsTo(child)).toEqual([{ signal: 'HUP', ppid: lead }]);
    expect(t.kernel.state.table.atAddress(t.view(pid).address)).toBeUndefined();
  });

  it('lets its children ask for nothing new of a parent that is not there (P5)', () => {
    const t = testKernel();
    const { pid, child } = family(t);
    t.ends(pid);
    expect(t.call('usage', {}, { pid }).refusal.code).toBe('unauthenticated');
    expect(t.call('usage', {}, { pid: child }).result?.ok).toBe(true);
  });
});
