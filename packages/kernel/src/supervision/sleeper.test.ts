import {
  messageOrder,
  spawnOrder,
  Subscriber,
  taskSpec,
  testKernel,
  textContent,
} from '@hivekernel/testkit';
import type { SpawnWish, TestKernel } from '@hivekernel/testkit';
import { describe, expect, it } from 'vitest';
import { asPid, type Pid, type TaskId } from '../ids.ts';

const KILL = { isRecursive: false, reason: 'normal', graceMs: 1_000 } as const;

/** A lead and its worker, which sleeps. */
function sleeping(wish: SpawnWish = {}): { t: TestKernel; lead: Pid; pid: Pid } {
  const t = testKernel();
  const lead = t.spawn({ role: 'lead', image: 'hold' });
  const pid = t.spawn({ name: 'w', image: 'deaf', ...wish }, { pid: lead });
  t.call('sleep', { pid });
  return { t, lead, pid };
}

function zombie(t: TestKernel): Pid {
  const pid = t.spawn({ image: 'hold' });
  t.ends(pid);
  return pid;
}

function dead(t: TestKernel): Pid {
  const pid = t.spawn({ image: 'hold' });
  t.call('kill', { pid, ...KILL });
  return pid;
}

const taskOf = (t: TestKernel, pid: Pid): TaskId =>
  [...t.runtime.agent(pid).tasks.keys()][0] as TaskId;

describe('Sleeper.sleep()', () => {
  it('stops the runtime in its grace, and answers when it sleeps (S7)', () => {
    const { t, lead, pid } = sleeping({ image: 'stubborn' });
    const again = t.call('sleep', { pid });
    expect(again.value).toEqual({});
    expect(t.view(pid)).toMatchObject({ state: 'stopping', phase: 'falling asleep' });
    expect(t.runtime.agent(pid).stops).toMatchObject([{ reason: 'normal', graceMs: 5_000 }]);
    const [owed] = t.unanswered;
    t.ends(pid, { cause: 'killed' });
    expect(owed?.value).toEqual({});
    expect(t.view(pid)).toMatchObject({ state: 'sleeping', osPid: 0, isGone: false });
    // It did not end: nobody is told of an end, and there is no result.
    expect(t.eventsOf('process.exited')).toEqual([]);
    expect(t.signalsTo(lead)).toEqual([]);
    expect(t.call('pending_results', { pid: lead }).value).toEqual([]);
  });

  it('of a sleeper succeeds and changes nothing (S7)', () => {
    const { t, pid } = sleeping();
    const before = t.events.length;
    expect(t.call('sleep', { pid }).value).toEqual({});
    expect(t.events).toHaveLength(before);
    expect(t.view(pid).state).toBe('sleeping');
  });

  it('keeps pid, address, children and checkpoint, and gives its place free (S7, P6)', () => {
    const t = testKernel({ settings: { osProcessesMax: 2 } });
    const pid = t.spawn({ name: 'w', image: 'hold' });
    const child = t.spawn({ image: 'hold' }, { pid });
    t.call('checkpoint', { content: textContent('so far') }, { pid });
    expect(t.call('spawn', spawnOrder({ image: 'hold' })).refusal.code).toBe('limit_exceeded');
    t.call('sleep', { pid });
    expect(t.view(pid)).toMatchObject({ state: 'sleeping', address: '/king/w', children: 1 });
    expect(t.view(child)).toMatchObject({ ppid: pid, state: 'idle' });
    t.spawn({ image: 'hold' });
  });

  it('is no matter of restart policy: a crash on the way down is sleep all the same (S7)', () => {
    const { t, pid } = sleeping({ image: 'stubborn', restart: 'permanent' });
    t.ends(pid, { exitCode: 1, cause: 'crashed' });
    expect(t.view(pid)).toMatchObject({ state: 'sleeping', restartsInRow: 0 });
  });

  it('of a virtual process is a change of state alone, whatever is in its inbox', () => {
    const t = testKernel();
    const pid = t.spawn();
    t.call('send', messageOrder({ to: pid }));
    expect(t.call('sleep', { pid }).value).toEqual({});
    expect(t.view(pid)).toMatchObject({ state: 'sleeping', inboxDepth: 1 });
    t.reboot();
    expect(t.view(pid).state).toBe('sleeping');
    t.call('send', messageOrder({ to: pid }));
    expect(t.view(pid).state).toBe('idle');
    t.call('sleep', { pid });
    expect(t.call('wake', { pid }).value).toEqual({});
    expect(t.view(pid).state).toBe('idle');
  });

  const busy: readonly [string, (t: TestKernel) => Pid, string][] = [
    [
      'one that runs a task',
      (t) => {
        const pid = t.spawn({ image: 'hold' });
        t.call('execute_task', { pid, spec: taskSpec() });
        return pid;
      },
      'running with 1 task;',
    ],
    [
      'a paused one',
      (t) => {
        const pid = t.spawn({ image: 'hold' });
        const stop = { signal: 'STOP', isRecursive: false, reason: '', graceMs: 0 } as const;
        t.call('signal', { pid, ...stop });
        return pid;
      },
      'is paused',
    ],
    [
      'one that starts',
      (t) => {
        t.call('spawn', spawnOrder({ image: 'starting' }));
        return asPid(2);
      },
      'is starting',
    ],
    [
      'one that ends',
      (t) => {
        const pid = t.spawn({ image: 'stubborn' });
        t.call('kill', { pid, ...KILL });
        return pid;
      },
      'is stopping',
    ],
    ['a zombie', zombie, 'is zombie'],
    ['a dead one', dead, 'is dead'],
  ];

  it.each(busy)('refuses %s (S7)', (_, make, words) => {
    const t = testKernel();
    const { refusal } = t.call('sleep', { pid: make(t) });
    expect(refusal.code).toBe('wrong_state');
    expect(refusal.message).toContain(words);
    expect(refusal.message).toContain('S7');
  });

  it('refuses the king, and who is unknown (P2)', () => {
    const t = testKernel();
    expect(t.call('sleep', { pid: asPid(1) }).refusal.code).toBe('permission_denied');
    expect(t.call('sleep', { pid: asPid(99) }).refusal.code).toBe('not_found');
  });

  it('is refused to who asked, when a kill comes first (S5)', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'stubborn' });
    const sleep = t.call('sleep', { pid });
    const kill = t.call('kill', { pid, ...KILL });
    t.ends(pid, { cause: 'killed' });
    expect(kill.value.killed).toEqual([pid]);
    expect(sleep.refusal.code).toBe('cancelled');
    expect(t.view(pid).state).toBe('dead');
  });
});

describe('a process that asks for its own sleep', () => {
  it('in a task sleeps when its last task is done (S7)', () => {
    const t = testKernel();
    const limits = { concurrentTasksMax: 1 };
    const pid = t.spawn({ image: 'hold', limits });
    const first = t.call('execute_task', { pid, spec: taskSpec() });
    const task = taskOf(t, pid);
    t.call('execute_task', { pid, spec: taskSpec() });
    expect(t.call('sleep', { pid }, { pid, task }).value).toEqual({});
    expect(t.call('sleep', { pid }, { pid, task }).value).toEqual({});
    expect(t.eventsOf('process.sleep_asked')).toHaveLength(1);
    expect(t.view(pid)).toMatchObject({ state: 'running', phase: 'sleep after its task' });
    t.runtime.finishes(pid, task);
    t.pass();
    expect(first.isAnswered).toBe(true);
    expect(t.view(pid).state).toBe('running');
    t.runtime.finishes(pid, taskOf(t, pid));
    t.pass();
    expect(t.view(pid)).toMatchObject({ state: 'sleeping', phase: '' });
  });

  it('outside of tasks sleeps at once, and is answered before (S7)', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'hold' });
    const ticket = t.hold('sleep', { pid: asPid(0) }, { pid });
    expect(ticket.value).toEqual({});
    t.pass();
    expect(t.view(pid).state).toBe('sleeping');
  });

  it('also while its task waits for a child (S7)', () => {
    const t = testKernel();
    const pid = t.spawn({ role: 'lead', image: 'hold' });
    const child = t.spawn({ image: 'hold' }, { pid });
    t.call('execute_task', { pid, spec: taskSpec() });
    const task = taskOf(t, pid);
    t.call('wait_child', { pid: child, timeoutMs: 0 }, { pid, task });
    expect(t.view(pid).state).toBe('blocked');
    t.call('sleep', { pid }, { pid, task });
    t.runtime.finishes(pid, task);
    t.pass();
    expect(t.view(pid).state).toBe('sleeping');
  });

  it('asks for nothing beyond this run: who is restarted does not fall asleep', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'hold', restart: 'transient' });
    t.call('execute_task', { pid, spec: taskSpec() });
    t.call('sleep', { pid }, { pid, task: taskOf(t, pid) });
    t.ends(pid);
    t.advanceMs(1_000);
    expect(t.view(pid)).toMatchObject({ state: 'idle', phase: '' });
  });

  it('sleeps after a pause in which its task was cancelled (S1, S7)', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'hold' });
    const signal = (name: 'STOP' | 'INT' | 'CONT') =>
      t.call('signal', { pid, signal: name, isRecursive: false, reason: '', graceMs: 0 });
    t.call('execute_task', { pid, spec: taskSpec() });
    t.call('sleep', { pid }, { pid, task: taskOf(t, pid) });
    signal('STOP');
    signal('INT');
    expect(t.view(pid).state).toBe('paused');
    signal('CONT');
    expect(t.view(pid).state).toBe('sleeping');
  });
});

describe('a sleeper', () => {
  it('is woken by a message, which is given to its next run (S7, M8)', () => {
    const { t, lead, pid } = sleeping();
    t.call('send', messageOrder({ to: pid, type: 'get up' }), { pid: lead });
    expect(t.view(pid)).toMatchObject({ state: 'idle', restarts: 1, restartsInRow: 0 });
    expect(t.runtime.agent(pid).delivered.map(({ type }) => type)).toEqual(['get up']);
  });

  it('is woken by a task (S7)', () => {
    const { t, lead, pid } = sleeping({ image: 'echo' });
    const spec = taskSpec({ description: 'hello' });
    const report = t.call('execute_on', { pid, spec }, { pid: lead }).value;
    expect(report.result.output).toBe('hello');
    expect(t.eventsOf('process.woken').at(-1)?.body).toMatchObject({ pid, why: 'a task' });
  });

  it('is woken by a signal of the kernel: a child ended (P8)', () => {
    const t = testKernel();
    const pid = t.spawn({ role: 'lead', image: 'hold' });
    const child = t.spawn({ image: 'hold' }, { pid });
    t.call('sleep', { pid });
    t.ends(child);
    expect(t.view(pid).state).toBe('idle');
    expect(t.signalsTo(pid)).toMatchObject([{ signal: 'CHLD', pid: child }]);
  });

  it('is woken by a wake, answered when it is ready, with its checkpoint (S7)', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'hold' });
    t.call('checkpoint', { content: textContent('one') }, { pid });
    t.call('checkpoint', { content: textContent('two') }, { pid });
    t.call('sleep', { pid });
    t.runtime.behaves(pid, { start: 'starts' });
    const ticket = t.call('wake', { pid });
    expect(ticket.isAnswered).toBe(false);
    expect(t.view(pid).state).toBe('starting');
    expect(t.startsOf(pid).at(-1)).toMatchObject({
      incarnation: 2,
      checkpoint: textContent('two'),
    });
    t.runtime.ready(pid);
    t.pass();
    expect(ticket.value).toEqual({});
    expect(t.view(pid).state).toBe('idle');
  });

  it('takes the checkpoint that came with its last word (S7)', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'stubborn' });
    t.call('sleep', { pid });
    const content = textContent('last');
    t.fact({ fact: 'checkpointed', pid, incarnation: 1, content });
    t.ends(pid, { cause: 'killed' });
    // Too late, of another run, and too large: passed over.
    const other = { fact: 'checkpointed', pid, content: textContent('late') } as const;
    t.fact({ ...other, incarnation: 1 });
    t.call('wake', { pid });
    t.fact({ ...other, incarnation: 1 });
    t.fact({ ...other, incarnation: 2, content: { bytes: 9 * 1024 ** 2, hash: 'ab' } });
    expect(t.startsOf(pid).at(-1)?.checkpoint).toEqual(content);
    expect(t.view(pid).checkpointBytes).toBe(4);
  });

  it('is not woken by a late word of its last run on a message', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'hold' });
    t.call('send', messageOrder({ to: pid }));
    t.call('sleep', { pid });
    const ack = { message: asPid(1) as never, status: 'accepted', reply: undefined } as const;
    t.fact({ fact: 'acked', pid, acks: [ack] });
    expect(t.view(pid).state).toBe('sleeping');
  });

  it('may be killed, or ended with a result (S8)', () => {
    const { t, lead, pid } = sleeping();
    t.call('exit', { pid, exitCode: 0, output: 'enough' }, { pid: lead });
    expect(t.view(pid)).toMatchObject({ state: 'zombie', exit: { output: 'enough' } });
    const other = sleeping();
    expect(other.t.call('kill', { pid: other.pid, ...KILL }).value.killed).toEqual([other.pid]);
    expect(other.t.view(other.pid).state).toBe('dead');
  });

  it('sleeps on over the death of the kernel, and wakes for what came while it stopped', () => {
    const { t, pid } = sleeping();
    t.takeSnapshot();
    t.reboot();
    expect(t.view(pid).state).toBe('sleeping');
    t.fact({ fact: 'stopping', reason: 'SIGTERM', graceMs: 100 });
    const message = t.call('send', messageOrder({ to: pid }));
    const task = t.call('execute_task', { pid, spec: taskSpec() });
    expect(message.result?.ok).toBe(true);
    expect(t.call('wake', { pid }).refusal.code).toBe('unavailable');
    expect(t.view(pid)).toMatchObject({ state: 'sleeping', inboxDepth: 1, tasksQueued: 1 });
    t.reboot();
    expect(t.view(pid)).toMatchObject({ state: 'running', tasksRunning: 1 });
    expect(t.runtime.agent(pid).delivered).toHaveLength(1);
    expect(task.isAnswered).toBe(false);
  });

  it.each([
    ['notify', 'zombie'],
    ['temporary', 'zombie'],
    ['transient', 'starting'],
  ] as const)('%s whose start fails is %s: that is a crash (S2, S4)', (restart, state) => {
    const { t, pid } = sleeping({ restart });
    t.runtime.behaves(pid, { start: 'fails' });
    const ticket = t.call('wake', { pid });
    expect(t.view(pid)).toMatchObject({ state, exit: { cause: 'start_failed' } });
    // Whoever comes back is still waited for.
    expect(ticket.isAnswered).toBe(state !== 'starting');
    if (state !== 'starting') return expect(ticket.refusal.code).toBe('cancelled');
    t.runtime.behaves(pid, { start: 'ready' });
    t.advanceMs(1_000);
    expect(ticket.value).toEqual({});
  });
});

describe('what comes while one falls asleep', () => {
  it.each([
    ['a message', (t: TestKernel, pid: Pid) => t.call('send', messageOrder({ to: pid })), 'mail'],
    [
      'a task',
      (t: TestKernel, pid: Pid) => t.call('execute_task', { pid, spec: taskSpec() }),
      'a task',
    ],
  ] as const)('%s wakes it again (M8)', (_, comes, why) => {
    const { t, pid } = sleeping({ image: 'stubborn' });
    comes(t, pid);
    expect(t.view(pid).state).toBe('stopping');
    t.ends(pid, { cause: 'killed' });
    expect(t.eventsOf('process.slept')).toHaveLength(1);
    expect(t.eventsOf('process.woken').at(-1)?.body).toMatchObject({ pid, why });
    expect(t.view(pid).restarts).toBe(1);
    expect(t.unanswered.length).toBe(why === 'mail' ? 0 : 1);
  });

  it('what was given and not handled waits for the next run (M6)', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'deaf' });
    t.call('send', messageOrder({ to: pid, type: 'unhandled' }));
    t.call('sleep', { pid });
    expect(t.view(pid)).toMatchObject({ state: 'idle', restarts: 1 });
    expect(t.runtime.agent(pid).delivered.map(({ type }) => type)).toEqual(['unhandled']);
  });

  it('a wake is refused: it does not sleep yet (S7)', () => {
    const { t, pid } = sleeping({ image: 'stubborn' });
    expect(t.call('wake', { pid }).refusal.code).toBe('wrong_state');
  });

  it('its own end with a result is its end (S8)', () => {
    const { t, lead, pid } = sleeping({ image: 'stubborn' });
    const [sleep] = t.unanswered;
    t.call('exit', { exitCode: 0, output: 'done' }, { pid });
    t.ends(pid, { cause: 'killed' });
    expect(t.view(pid)).toMatchObject({ state: 'zombie', exit: { cause: 'done', output: 'done' } });
    expect(sleep?.refusal.code).toBe('cancelled');
    expect(t.signalsTo(lead)).toMatchObject([{ signal: 'CHLD', pid }]);
  });

  it('the death of the kernel lets it sleep', () => {
    const { t, pid } = sleeping({ image: 'stubborn', restart: 'permanent' });
    t.reboot();
    expect(t.view(pid).state).toBe('sleeping');
  });
});

describe('Sleeper.wake()', () => {
  it.each([
    ['an idle one', (t: TestKernel) => t.spawn({ image: 'hold' })],
    ['a virtual one that is awake', (t: TestKernel) => t.spawn()],
    ['a dead one', dead],
    ['a zombie', zombie],
  ] as const)('refuses %s: it does not sleep (S7)', (_, make) => {
    const t = testKernel();
    const { refusal } = t.call('wake', { pid: make(t) });
    expect(refusal.code).toBe('wrong_state');
  });
});

describe('sleep_after', () => {
  const tired = (): TestKernel => testKernel({ settings: { sleepAfterMs: 60_000 } });

  it('is off by default (S7)', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'hold' });
    t.advanceMs(24 * 3_600_000);
    expect(t.view(pid).state).toBe('idle');
  });

  it('puts to sleep who was idle for so long, and nobody else (S7)', () => {
    const t = tired();
    const idle = t.spawn({ image: 'hold' });
    const virtual = t.spawn();
    const busy = t.spawn({ image: 'hold', watch: { idleMs: 900_000 } });
    t.call('execute_task', { pid: busy, spec: taskSpec({ timeoutMs: 900_000 }) });
    t.advanceMs(59_999);
    expect(t.view(idle).state).toBe('idle');
    t.advanceMs(1);
    expect(t.view(idle).state).toBe('sleeping');
    t.advanceMs(240_000);
    expect([t.view(virtual).state, t.view(busy).state]).toEqual(['idle', 'running']);
  });

  it('counts from its last task, and again after a wake (S7)', () => {
    const t = tired();
    const pid = t.spawn({ image: 'echo' });
    t.advanceMs(50_000);
    t.call('execute_task', { pid, spec: taskSpec() });
    t.advanceMs(59_999);
    expect(t.view(pid).state).toBe('idle');
    t.advanceMs(1);
    expect(t.view(pid).state).toBe('sleeping');
    t.call('wake', { pid });
    t.advanceMs(59_999);
    expect(t.view(pid).state).toBe('idle');
    t.advanceMs(1);
    expect(t.view(pid).state).toBe('sleeping');
  });

  it('lets alone who takes from a queue, whose messages would not wake it (S7, M9)', () => {
    const t = tired();
    const pid = t.spawn({ image: 'hold' });
    const consumer = new Subscriber(t, pid, { queue: 'jobs' });
    t.advanceMs(200_000);
    expect(t.view(pid).state).toBe('idle');
    consumer.cancels();
    t.advanceMs(60_000);
    expect(t.view(pid).state).toBe('sleeping');
  });

  it('lets alone who still handles a message (M6)', () => {
    const t = tired();
    const pid = t.spawn({ image: 'deaf' });
    t.call('send', messageOrder({ to: pid }));
    t.advanceMs(200_000);
    expect(t.view(pid)).toMatchObject({ state: 'idle', restarts: 0 });
    const [message] = t.runtime.agent(pid).delivered;
    const ack = { message: message?.message as never, status: 'accepted' } as const;
    t.fact({ fact: 'acked', pid, acks: [{ ...ack, reply: undefined }] });
    t.advanceMs(60_000);
    expect(t.view(pid).state).toBe('sleeping');
  });

  it('holds over a boot for who comes back (DESIGN §4)', () => {
    const t = tired();
    const pid = t.spawn({ image: 'hold', restart: 'permanent' });
    t.advanceMs(40_000);
    t.reboot();
    t.advanceMs(59_999);
    expect(t.view(pid).state).toBe('idle');
    t.advanceMs(1);
    expect(t.view(pid).state).toBe('sleeping');
  });

  it('does nothing any more when the kernel stops', () => {
    const t = tired();
    const pid = t.spawn({ image: 'stubborn', restart: 'permanent' });
    t.fact({ fact: 'stopping', reason: 'SIGTERM', graceMs: 100_000 });
    t.advanceMs(70_000);
    expect(t.view(pid).state).toBe('stopping');
    expect(t.eventsOf('process.slept')).toEqual([]);
  });
});
