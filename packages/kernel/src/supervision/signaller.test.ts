import {
  bulkContent,
  messageOrder,
  spawnOrder,
  taskSpec,
  testKernel,
  textContent,
  textOf,
} from '@hivekernel/testkit';
import type { TestKernel } from '@hivekernel/testkit';
import { describe, expect, it } from 'vitest';
import { SIGNALS, type SignalName, type State } from '../events/words.ts';
import { asPid, type Pid, type TaskId } from '../ids.ts';

const KILL = { isRecursive: false, reason: 'normal', graceMs: 1_000 } as const;

function order(pid: Pid, signal: SignalName, isRecursive = false) {
  return { pid, signal, isRecursive, reason: 'because', graceMs: 700 };
}

const tasksOf = (t: TestKernel, pid: Pid): TaskId[] => [...t.runtime.agent(pid).tasks.keys()];

type Maker = (t: TestKernel) => Pid;

function holding(t: TestKernel): Pid {
  const pid = t.spawn({ role: 'lead', image: 'hold' });
  t.call('execute_task', { pid, spec: taskSpec() });
  return pid;
}

/** One in each state, and a virtual one. */
const MAKERS: Readonly<Record<State | 'virtual', Maker>> = {
  starting: (t) => {
    t.call('spawn', spawnOrder({ image: 'starting' }));
    return asPid(2);
  },
  idle: (t) => t.spawn({ image: 'hold' }),
  running: holding,
  blocked: (t) => {
    const pid = holding(t);
    const child = t.spawn({ image: 'hold' }, { pid });
    const task = tasksOf(t, pid)[0] as TaskId;
    t.call('wait_child', { pid: child, timeoutMs: 0 }, { pid, task });
    return pid;
  },
  paused: (t) => {
    const pid = holding(t);
    t.call('signal', order(pid, 'STOP'));
    return pid;
  },
  sleeping: (t) => {
    const pid = t.spawn({ image: 'hold' });
    t.call('sleep', { pid });
    return pid;
  },
  stopping: (t) => {
    const pid = t.spawn({ image: 'stubborn' });
    t.call('kill', { pid, ...KILL });
    return pid;
  },
  zombie: (t) => {
    const pid = t.spawn({ image: 'hold' });
    t.ends(pid);
    return pid;
  },
  dead: (t) => {
    const pid = t.spawn({ image: 'hold' });
    t.call('kill', { pid, ...KILL });
    return pid;
  },
  virtual: (t) => t.spawn(),
};

// The state that it is in afterwards; '-' is a refusal.
const TABLE: Readonly<Record<State | 'virtual', string>> = {
  //         TERM     KILL     INT      STOP    CONT    HUP      USR1
  starting: 'dead     dead     starting -       -       starting starting',
  idle: '    dead     dead     idle     paused  idle    idle     idle',
  running: ' dead     dead     idle     paused  running running  running',
  blocked: ' dead     dead     idle     paused  blocked blocked  blocked',
  paused: '  dead     dead     paused   paused  running paused   paused',
  sleeping: 'dead     dead     sleeping -       -       idle     sleeping',
  stopping: 'stopping stopping stopping -       -       stopping stopping',
  zombie: '  dead     dead     -        -       -       -        -',
  dead: '    dead     dead     -        -       -       -        -',
  virtual: ' dead     dead     -        paused  idle    idle     idle',
};

const CELLS = (Object.keys(TABLE) as (keyof typeof TABLE)[]).flatMap((state) => {
  const row = TABLE[state].trim().split(/\s+/);
  return SIGNALS.map((signal, i) => [signal, state, row[i] as string] as const);
});

describe('Signaller.signal()', () => {
  it.each(CELLS)('%s to a %s one: %s (S1)', (signal, from, expected) => {
    const t = testKernel();
    const pid = MAKERS[from](t);
    const before = t.eventsOf('process.signalled').length;
    const ticket = t.call('signal', order(pid, signal));
    if (expected === '-') {
      expect(ticket.refusal.code).toBe('wrong_state');
      expect(ticket.refusal.message).toContain(`${signal} has no sense for it now (S1)`);
      expect(t.eventsOf('process.signalled')).toHaveLength(before);
      return;
    }
    expect(t.view(pid).state).toBe(expected);
    const isEnd = signal === 'TERM' || signal === 'KILL';
    if (expected === 'stopping' && isEnd) expect(ticket.isAnswered).toBe(false);
    else if (isEnd) expect(ticket.value).toEqual({ killed: [pid] });
    else expect(ticket.value.signalled).toEqual([pid]);
    const noted = t.eventsOf('process.signalled').at(-1)?.body;
    expect(noted).toEqual({ pid, signal, reason: 'because' });
  });

  it.each(SIGNALS)('refuses %s to the king (P2)', (signal) => {
    const t = testKernel();
    const refusal = t.call('signal', order(asPid(1), signal)).refusal;
    expect(refusal.code).toBe('permission_denied');
    expect(refusal.message).toContain('P2');
  });

  it.each([
    ['TERM', 'invalid_argument'],
    ['KILL', 'invalid_argument'],
    ['INT', undefined],
    ['STOP', undefined],
    ['CONT', undefined],
    ['HUP', undefined],
    ['USR1', undefined],
  ] as const)('takes %s to oneself: refusal %s (S1, S8)', (signal, code) => {
    const t = testKernel();
    const pid = t.spawn({ role: 'task', image: 'hold' });
    const { result } = t.call('signal', order(asPid(0), signal), { pid });
    if (code === undefined) return expect(result?.ok).toBe(true);
    return expect(result).toMatchObject({ ok: false, error: { code } });
  });
});

describe('who may signal whom (S1, A2)', () => {
  const CALLERS = [
    ['its parent', true],
    ['its ancestor with the right to kill', true],
    ['its ancestor without it', false],
    ['a sibling', false],
    ['its child', false],
    ['a stranger of another user', false],
    ['the operator', true],
  ] as const;

  it.each(CALLERS.flatMap(([who, may]) => SIGNALS.map((signal) => [who, signal, may] as const)))(
    '%s with %s: %s',
    (who, signal, isAllowed) => {
      const t = testKernel();
      const top = t.spawn({ role: 'daemon', image: 'hold' });
      const middle = t.spawn({ role: 'agent', image: 'hold' }, { pid: top });
      const parent = t.spawn({ role: 'worker', image: 'hold' }, { pid: middle });
      const pid = t.spawn({ role: 'worker', image: 'hold' }, { pid: parent });
      const sibling = t.spawn({ role: 'worker', image: 'hold' }, { pid: parent });
      const child = t.spawn({ role: 'worker', image: 'hold' }, { pid });
      const stranger = t.spawn({ role: 'daemon', user: 'leo', image: 'hold' });
      const callers: Readonly<Record<typeof who, Pid>> = {
        'its parent': parent,
        'its ancestor with the right to kill': top,
        'its ancestor without it': middle,
        'a sibling': sibling,
        'its child': child,
        'a stranger of another user': stranger,
        'the operator': asPid(1),
      };
      const { result } = t.call('signal', order(pid, signal), { pid: callers[who] });
      if (isAllowed) return expect(result?.ok).toBe(true);
      return expect(result).toMatchObject({ ok: false, error: { code: 'permission_denied' } });
    },
  );
});

describe('TERM and KILL', () => {
  it.each([
    ['TERM', 700],
    ['KILL', 0],
  ] as const)('%s gives %i ms of grace (S1)', (signal, graceMs) => {
    const t = testKernel();
    const pid = t.spawn({ image: 'stubborn' });
    const ticket = t.call('signal', order(pid, signal));
    const stop = { reason: 'user_request', graceMs };
    expect(t.runtime.agent(pid).stops).toMatchObject([stop]);
    t.ends(pid, { cause: 'killed' });
    expect(ticket.value).toEqual({ killed: [pid] });
  });

  it('recursive end the whole branch, leaves first (P10)', () => {
    const t = testKernel();
    const top = t.spawn({ role: 'lead', image: 'hold' });
    const leaf = t.spawn({ image: 'hold' }, { pid: top });
    expect(t.call('signal', order(top, 'TERM', true)).value).toEqual({ killed: [leaf, top] });
  });
});

describe('INT', () => {
  it('cancels every task, also those in line, and lets the process live (S1)', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'hold', limits: { concurrentTasksMax: 1 } });
    const tickets = [1, 2].map(() => t.call('execute_task', { pid, spec: taskSpec() }));
    const [task] = tasksOf(t, pid);
    t.call('signal', order(pid, 'INT'));
    for (const { value } of tickets) {
      expect(value).toMatchObject({ outcome: 'cancelled', error: 'because' });
    }
    expect(t.runtime.agent(pid).interrupts).toMatchObject([{ task, reason: 'because' }]);
    expect(t.view(pid)).toMatchObject({ state: 'idle', tasksQueued: 0 });
    t.call('execute_task', { pid, spec: taskSpec() });
    t.call('signal', { ...order(pid, 'INT'), reason: '' });
    expect(t.runtime.agent(pid).interrupts.at(-1)?.reason).toBe('interrupted');
  });

  it('carries through to all who work for the task, and no further (S1)', () => {
    const t = testKernel();
    const lead = holding(t);
    const task = tasksOf(t, lead)[0] as TaskId;
    const worker = t.spawn({ image: 'hold' }, { pid: lead });
    const leaf = t.spawn({ image: 'hold' }, { pid: worker });
    const forIt = t.call('execute_on', { pid: worker, spec: taskSpec() }, { pid: lead, task });
    const inner = { pid: worker, task: tasksOf(t, worker)[0] as TaskId };
    const below = t.call('execute_on', { pid: leaf, spec: taskSpec() }, inner);
    const other = t.call('execute_task', { pid: leaf, spec: taskSpec() });
    t.call('signal', order(lead, 'INT'));
    expect(forIt.value.outcome).toBe('cancelled');
    expect(below.value.outcome).toBe('cancelled');
    expect(other.isAnswered).toBe(false);
    expect(t.view(leaf).state).toBe('running');
  });

  it('recursive reaches those that work for somebody else, too (S1)', () => {
    const t = testKernel();
    const lead = holding(t);
    const worker = t.spawn({ image: 'hold' }, { pid: lead });
    const virtual = t.spawn({}, { pid: lead });
    const other = t.call('execute_task', { pid: worker, spec: taskSpec() });
    const { signalled } = t.call('signal', order(lead, 'INT', true)).value;
    expect(signalled).toEqual([lead, worker]);
    expect(signalled).not.toContain(virtual);
    expect(other.value.outcome).toBe('cancelled');
  });
});

describe('STOP and CONT', () => {
  it('hold the process group, and let it go on; twice is once (S1)', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'hold' });
    for (const signal of ['STOP', 'STOP', 'CONT', 'CONT'] as const) {
      t.call('signal', order(pid, signal));
    }
    const done = t.effects.filter((effect) => effect.do === 'pause' || effect.do === 'resume');
    expect(done).toEqual([
      { do: 'pause', pid, incarnation: 1 },
      { do: 'resume', pid, incarnation: 1 },
    ]);
  });

  it('deliver nothing meanwhile: the mailbox fills, tasks wait in line (S1)', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'deaf' });
    t.call('signal', order(pid, 'STOP'));
    for (const type of ['one', 'two']) t.call('send', messageOrder({ to: pid, type }));
    t.call('execute_task', { pid, spec: taskSpec() });
    expect(t.view(pid)).toMatchObject({
      ...{ state: 'paused', inboxDepth: 2, tasksQueued: 1, tasksRunning: 0 },
      phase: '2 messages, 1 task queued',
    });
    expect(t.runtime.agent(pid).delivered).toEqual([]);
    t.call('signal', order(pid, 'CONT'));
    expect(t.runtime.agent(pid).delivered.map(({ type }) => type)).toEqual(['one', 'two']);
    expect(t.view(pid)).toMatchObject({ state: 'running', tasksRunning: 1 });
  });

  it('hold the deadlines of tasks, which have their whole time (S1)', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'hold', watch: { idleMs: 9_000_000 } });
    const spec = taskSpec({ timeoutMs: 10_000 });
    const ticket = t.call('execute_task', { pid, spec });
    t.advanceMs(4_000);
    t.call('signal', order(pid, 'STOP'));
    t.advanceMs(3_600_000);
    expect(ticket.isAnswered).toBe(false);
    t.call('signal', order(pid, 'CONT'));
    t.advanceMs(5_999);
    expect(ticket.isAnswered).toBe(false);
    t.advanceMs(1);
    expect(ticket.value.outcome).toBe('timed_out');
  });

  it('hold them also in a kernel that was restored meanwhile (S1)', () => {
    const t = testKernel();
    const lead = t.spawn({ role: 'lead' });
    const pid = t.spawn({ image: 'hold' }, { pid: lead });
    const spec = taskSpec({ timeoutMs: 10_000 });
    t.call('execute_on', { pid, spec }, { pid: lead });
    t.advanceMs(4_000);
    t.call('signal', order(pid, 'STOP'));
    t.advanceMs(60_000);
    const restored = JSON.parse(t.kernel.snapshot()) as { tasks: { deadlineMonoMs: number }[] };
    expect(restored.tasks[0]?.deadlineMonoMs).toBe(10_000);
    t.kernel.resume();
    t.advanceMs(60_000);
    expect(t.view(pid)).toMatchObject({ state: 'paused', tasksRunning: 1 });
  });

  it('go on with what its tasks wait for (P4)', () => {
    const t = testKernel();
    const pid = MAKERS.blocked(t);
    const { phase } = t.view(pid);
    t.call('signal', order(pid, 'STOP'));
    t.call('signal', order(pid, 'CONT'));
    expect(t.view(pid)).toMatchObject({ state: 'blocked', phase });
    expect(phase).toMatch(/^child \d+$/);
  });

  it('of who waits for an answer from above goes on to wait for that (P4)', () => {
    const t = testKernel();
    const lead = t.spawn({ role: 'lead', image: 'deaf' });
    const pid = t.spawn({ image: 'hold' }, { pid: lead });
    t.call('execute_task', { pid, spec: taskSpec() });
    const issue = { issue: 'i', severity: 'info', context: {}, autoPropagate: true } as const;
    t.call('escalate', issue, { pid, task: tasksOf(t, pid)[0] as TaskId });
    const { phase } = t.view(pid);
    expect(phase).toBe('an answer to its escalation');
    t.call('signal', order(pid, 'STOP'));
    t.call('signal', order(pid, 'CONT'));
    expect(t.view(pid)).toMatchObject({ state: 'blocked', phase });
  });

  it('take a paused one that is to end with its task along with the task (S1)', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'hold', exitAfterTask: true });
    const ticket = t.call('execute_task', { pid, spec: taskSpec() });
    t.call('signal', order(pid, 'STOP'));
    t.call('signal', order(pid, 'INT'));
    expect(ticket.value.outcome).toBe('cancelled');
    expect(t.view(pid)).toMatchObject({ state: 'zombie', exit: { cause: 'done', exitCode: 1 } });
  });

  it('recursive reach all that are at work, and pass over the others (S1)', () => {
    const t = testKernel();
    const top = t.spawn({ role: 'lead', image: 'hold' });
    const from = { pid: top };
    const sleeper = t.spawn({ image: 'hold' }, from);
    const zombie = t.spawn({ image: 'hold' }, from);
    const virtual = t.spawn({ role: 'lead' }, from);
    const leaf = t.spawn({ image: 'hold' }, { pid: virtual });
    t.call('sleep', { pid: sleeper });
    t.ends(zombie);
    const all = [top, virtual, leaf];
    for (const [signal, state] of [
      ['STOP', 'paused'],
      ['CONT', 'idle'],
    ] as const) {
      expect(t.call('signal', order(top, signal, true)).value.signalled).toEqual(all);
      expect(all.map((pid) => t.view(pid).state)).toEqual([state, state, state]);
    }
    expect([t.view(sleeper).state, t.view(zombie).state]).toEqual(['sleeping', 'zombie']);
  });

  it('recursive reach no further than the right of the caller (A2)', () => {
    const t = testKernel();
    const caller = t.spawn({ role: 'worker', image: 'hold' });
    const child = t.spawn({ role: 'worker', image: 'hold' }, { pid: caller });
    const grandchild = t.spawn({ role: 'worker', image: 'hold' }, { pid: child });
    const ticket = t.call('signal', order(child, 'STOP', true), { pid: caller });
    expect(ticket.value.signalled).toEqual([child]);
    expect(t.view(grandchild).state).toBe('idle');
  });
});

describe('HUP', () => {
  it('is a message of type signal, from the kernel, most urgent (S1)', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'deaf' });
    t.call('signal', order(pid, 'HUP'));
    const [message] = t.runtime.agent(pid).delivered;
    expect(message).toMatchObject({ type: 'signal', from: 1, relation: 'system', priority: 0 });
    expect(t.signalsTo(pid)).toEqual([{ signal: 'HUP', reason: 'because' }]);
  });

  it('wakes a sleeper, with each reason once (S7, P8)', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'deaf' });
    t.call('sleep', { pid });
    t.runtime.behaves(pid, { start: 'starts' });
    t.call('signal', order(pid, 'HUP'));
    t.call('signal', { ...order(pid, 'HUP'), reason: 'again' });
    t.call('signal', order(pid, 'HUP'));
    t.runtime.ready(pid);
    t.pass();
    expect(t.signalsTo(pid)).toEqual([
      { signal: 'HUP', reason: 'again' },
      { signal: 'HUP', reason: 'because' },
    ]);
  });
});

describe('USR1', () => {
  it('writes what it knows of itself, and what the kernel knows, to an artifact (S1)', () => {
    const t = testKernel();
    const lead = t.spawn({ name: 'lead', role: 'lead', image: 'hold' });
    const pid = t.spawn({ name: 'w', role: 'lead', image: 'hold' }, { pid: lead });
    const child = t.spawn({ image: 'hold' }, { pid });
    t.call('execute_on', { pid, spec: taskSpec({ description: 'd'.repeat(900) }) }, { pid: lead });
    const task = tasksOf(t, pid)[0] as TaskId;
    t.call('wait_child', { pid: child, timeoutMs: 0 }, { pid, task });
    t.call('wait_child', { pid, timeoutMs: 0 }, { pid: lead });
    t.advanceMs(1_000);
    const { signalled, key } = t.call('signal', order(pid, 'USR1'), { pid: lead }).value;
    expect(signalled).toEqual([pid]);
    expect(key).toBe(`dump/${pid}/${t.eventsOf('process.signalled').at(-1)?.seq}`);
    const get = { by: { key: String(key) }, version: 0 };
    const found = t.call('get_artifact', get, { pid: lead }).value;
    expect(found?.record).toMatchObject({ owner: pid, visibility: 'subtree' });
    expect(found?.version.contentType).toBe('application/json');
    expect(JSON.parse(textOf(found?.version.content ?? textContent('')))).toMatchObject({
      process: { pid, name: 'w', state: 'blocked', phase: `child ${child}` },
      tasks: [
        {
          ...{ task, description: 'd'.repeat(500), askedBy: lead, isRunning: true, tries: 1 },
          deadlineMs: 299_000,
        },
      ],
      waitsFor: { children: [child], tasks: [] },
      waitedForBy: [lead],
      children: [child],
    });
    const again = t.call('signal', order(pid, 'USR1'), { pid: lead }).value;
    expect(again.key).not.toBe(key);
  });

  it('goes to one process only (S1)', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'hold' });
    const { refusal } = t.call('signal', order(pid, 'USR1', true));
    expect(refusal.code).toBe('invalid_argument');
  });

  it.each([
    ['one over the quota', { content: bulkContent(2_000) }, 'limit_exceeded'],
    ['one of a process that is no more', { isKilled: true }, 'wrong_state'],
    ['one of a process that was forgotten', { isKilled: true, isRemoved: true }, 'not_found'],
  ] as const)('is refused for %s (M12, P9)', (_, how, code) => {
    const t = testKernel({ settings: { artifactQuotaBytesPerUser: 1_000 } });
    const pid = t.spawn({ image: 'hold' });
    const ticket = t.hold('signal', order(pid, 'USR1'));
    const { effects } = t.drain();
    const dump = effects.map(({ effect }) => effect).find((effect) => effect.do === 'dump');
    if (dump?.do !== 'dump') throw new Error('nothing is to be dumped');
    if ('isKilled' in how) t.call('kill', { pid, ...KILL });
    if ('isRemoved' in how) t.call('remove', { pid });
    const content = 'content' in how ? how.content : textContent('{}');
    t.fact({ fact: 'dumped', to: dump.to, pid, key: dump.key, content });
    expect(ticket.refusal.code).toBe(code);
    expect(t.eventsOf('artifact.stored')).toEqual([]);
  });
});
