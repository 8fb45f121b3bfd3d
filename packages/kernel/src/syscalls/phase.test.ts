import { messageOrder, spawnOrder, taskSpec, testKernel } from '@hivekernel/testkit';
import type { TestKernel } from '@hivekernel/testkit';
import { describe, expect, it } from 'vitest';
import { asPid, type Pid, type TaskId } from '../ids.ts';

const KILL = { isRecursive: false, reason: 'normal', graceMs: 1_000 } as const;

type Maker = (t: TestKernel) => Pid;

const stop = (t: TestKernel, pid: Pid) =>
  t.call('signal', { pid, signal: 'STOP', isRecursive: false, reason: '', graceMs: 0 });

const tasksOf = (t: TestKernel, pid: Pid): TaskId[] => [...t.runtime.agent(pid).tasks.keys()];

const mute = (t: TestKernel, pid: Pid): void =>
  t.fact({ fact: 'responsive', pid, isResponsive: false });

/** One that waits for so many children, all within its one task. */
function waiting(children: number): Maker {
  return (t) => {
    const pid = t.spawn({ role: 'lead', image: 'hold' });
    t.call('execute_task', { pid, spec: taskSpec() });
    const from = { pid, task: tasksOf(t, pid)[0] as TaskId };
    for (let i = 0; i < children; i += 1) {
      const child = t.spawn({ image: 'hold' }, { pid });
      if (i % 2 === 0) t.call('wait_child', { pid: child, timeoutMs: 0 }, from);
      else t.call('execute_on', { pid: child, spec: taskSpec() }, from);
    }
    return pid;
  };
}

function stopping(brings: (t: TestKernel, pid: Pid) => unknown): Maker {
  return (t) => {
    const pid = t.spawn({ image: 'stubborn', restart: 'permanent', watch: { wallMs: 9_000 } });
    brings(t, pid);
    expect(t.view(pid).state).toBe('stopping');
    return pid;
  };
}

const PHASES: readonly [string, Maker, string][] = [
  [
    'a process that starts for the first time',
    (t) => {
      t.call('spawn', spawnOrder({ image: 'starting' }));
      return asPid(2);
    },
    '',
  ],
  [
    'one that backs off',
    (t) => {
      const pid = t.spawn({ image: 'hold', restart: 'transient' });
      for (let i = 0; i < 2; i += 1) {
        t.ends(pid);
        t.advanceMs(1_000);
      }
      return pid;
    },
    'restart 2 in 1 s',
  ],
  [
    'one that waits for its group',
    (t) => {
      const lead = t.spawn({ role: 'lead', image: 'hold', strategy: 'one_for_all' });
      const wish = { image: 'stubborn', restart: 'transient' } as const;
      const [pid] = [t.spawn(wish, { pid: lead }), t.spawn(wish, { pid: lead })];
      t.ends(pid);
      return pid;
    },
    'restart when its group is down',
  ],
  [
    'one that comes back with its group, uncounted',
    (t) => {
      const lead = t.spawn({ role: 'lead', image: 'hold', strategy: 'one_for_all' });
      const wish = { image: 'hold', restart: 'transient' } as const;
      const [pid, other] = [t.spawn(wish, { pid: lead }), t.spawn(wish, { pid: lead })];
      t.ends(other);
      return pid;
    },
    'restart in 1 s',
  ],
  ['an idle one', (t) => t.spawn({ image: 'hold' }), ''],
  [
    'one that was asked to sleep in its task',
    (t) => {
      const pid = t.spawn({ image: 'hold' });
      t.call('execute_task', { pid, spec: taskSpec() });
      t.call('sleep', { pid: asPid(0) }, { pid, task: tasksOf(t, pid)[0] as TaskId });
      return pid;
    },
    'sleep after its task',
  ],
  ['one that waits for a child', waiting(1), 'child 3'],
  ['one that waits for two, in two ways', waiting(2), 'children 3, 4'],
  ['one that waits for many', waiting(8), 'children 3, 5, 7, 9, 4 and 3 more'],
  [
    'one that waits for an answer from above',
    (t) => {
      const lead = t.spawn({ role: 'lead', image: 'deaf' });
      const pid = t.spawn({ image: 'hold' }, { pid: lead });
      t.call('execute_task', { pid, spec: taskSpec() });
      const issue = { issue: 'i', severity: 'info', context: {}, autoPropagate: true } as const;
      t.call('escalate', issue, { pid, task: tasksOf(t, pid)[0] as TaskId });
      return pid;
    },
    'an answer to its escalation',
  ],
  [
    'a paused one',
    (t) => {
      const pid = t.spawn({ image: 'deaf' });
      stop(t, pid);
      return pid;
    },
    '',
  ],
  [
    'a paused one that has mail',
    (t) => {
      const pid = t.spawn({ image: 'deaf' });
      stop(t, pid);
      t.call('send', messageOrder({ to: pid }));
      return pid;
    },
    '1 message queued',
  ],
  [
    'a paused one that has much to do',
    (t) => {
      const pid = t.spawn({ image: 'deaf' });
      stop(t, pid);
      for (let i = 0; i < 3; i += 1) t.call('send', messageOrder({ to: pid }));
      for (let i = 0; i < 2; i += 1) t.call('execute_task', { pid, spec: taskSpec() });
      return pid;
    },
    '3 messages, 2 tasks queued',
  ],
  ['one that is killed', stopping((t, pid) => t.call('kill', { pid, ...KILL })), ''],
  [
    'one that ends itself',
    stopping((t, pid) => t.call('exit', { exitCode: 0, output: '' }, { pid })),
    '',
  ],
  ['one that falls asleep', stopping((t, pid) => t.call('sleep', { pid })), 'falling asleep'],
  [
    'one that is restarted',
    stopping((t, pid) => t.call('restart', { pid, reason: 'new prompt', graceMs: 0 })),
    'restarting',
  ],
  ['one that did not answer', stopping(mute), 'no answer to a heartbeat within 30 s'],
  ['one whose time is up', stopping((t) => t.advanceMs(9_000)), 'its wall limit of 9 s has passed'],
  [
    'a sleeper',
    (t) => {
      const pid = t.spawn({ image: 'hold' });
      t.call('sleep', { pid });
      return pid;
    },
    '',
  ],
  [
    'a zombie that waits for a word',
    (t) => {
      const pid = t.spawn({ image: 'hold', restart: 'notify' });
      t.ends(pid);
      return pid;
    },
    'restart it or take its result',
  ],
  [
    'a zombie that is gone for good',
    (t) => {
      const pid = t.spawn({ image: 'hold', restart: 'temporary' });
      t.ends(pid);
      return pid;
    },
    '',
  ],
  [
    'a quarantined one',
    (t) => {
      const pid = t.spawn({ image: 'hold', restart: 'permanent' });
      t.runtime.behaves(pid, { start: 'fails' });
      t.ends(pid);
      t.advanceMs(60_000);
      return pid;
    },
    'quarantined: crash loop',
  ],
  [
    'a dead one',
    (t) => {
      const pid = t.spawn();
      t.call('kill', { pid, ...KILL });
      return pid;
    },
    '',
  ],
];

describe('phaseOf()', () => {
  it.each(PHASES)('says of %s (P4)', (_, make, phase) => {
    const t = testKernel();
    expect(t.view(make(t)).phase).toBe(phase);
  });

  it('tells of two waits the one that is left (P4)', () => {
    const t = testKernel();
    const pid = waiting(2)(t);
    t.ends(asPid(3));
    expect(t.view(pid)).toMatchObject({ state: 'blocked', phase: 'child 4' });
    t.ends(asPid(4));
    expect(t.view(pid)).toMatchObject({ state: 'running', phase: '' });
  });
});
