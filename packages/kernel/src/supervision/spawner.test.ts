import { messageOrder, spawnOrder, taskSpec, testKernel } from '@hivekernel/testkit';
import type { SpawnWish, TestKernel } from '@hivekernel/testkit';
import { describe, expect, it } from 'vitest';
import { asPid, type Pid } from '../ids.ts';
import { LIMITS } from '../limits.ts';

/** A parent of each kind, under the king. */
function parentOf(t: TestKernel, wish: SpawnWish): Pid {
  return t.spawn({ name: 'parent', ...wish });
}

describe('Spawner.spawn() refuses', () => {
  it.each([
    ['a parent whose role may not (A2)', { role: 'architect' }, {}, 'permission_denied', 'A2'],
    ['another user (A1)', { role: 'lead' }, { user: 'leo' }, 'permission_denied', 'A1'],
    [
      'a tool of the parent (A3)',
      { role: 'worker' },
      { tools: ['bash'] },
      'permission_denied',
      'A3',
    ],
    ['role kernel (P2)', { role: 'lead' }, { role: 'kernel' }, 'invalid_argument', 'P2'],
    ['a tier above (P5)', { role: 'lead' }, { tier: 'strategic' }, 'invalid_argument', 'P5'],
    ['a role above (P5)', { role: 'worker' }, { role: 'daemon' }, 'invalid_argument', 'outranks'],
    ['an empty name (P5)', { role: 'lead' }, { name: '' }, 'invalid_argument', 'empty'],
    ['a name of digits (P7)', { role: 'lead' }, { name: '7' }, 'invalid_argument', 'digits'],
    ['a control character (P5)', { role: 'lead' }, { name: 'a\tb' }, 'invalid_argument', 'control'],
    [
      'a virtual process with a task',
      { role: 'lead' },
      { initialTask: 'x' },
      'invalid_argument',
      'virtual',
    ],
  ] as const)('%s', (_, parent, wish, code, words) => {
    const t = testKernel();
    const pid = parentOf(t, parent);
    const before = t.events.length;
    const { refusal } = t.call('spawn', spawnOrder(wish as SpawnWish), { pid });
    expect(refusal.code).toBe(code);
    expect(refusal.message).toContain(words);
    if (code === 'permission_denied') expect(refusal.message).toContain('denied');
    // It leaves nothing but the note of it (P5, A4).
    expect(t.events.slice(before).map(({ kind }) => kind)).toEqual(['syscall.refused']);
    expect(t.kernel.state.table.nextPid).toBe(pid + 1);
  });

  it('a strategic task (P5)', () => {
    const t = testKernel();
    const wish = spawnOrder({ role: 'task', tier: 'strategic' });
    expect(t.call('spawn', wish).refusal).toMatchObject({
      code: 'invalid_argument',
      details: { field: 'tier' },
    });
  });

  it('a child over max_children; zombies and the dead do not count (P5)', () => {
    const t = testKernel();
    const pid = parentOf(t, { role: 'lead', limits: { childrenMax: 2 } });
    const first = t.spawn({ image: 'hold' }, { pid });
    const second = t.spawn({ image: 'hold' }, { pid });
    const refused = t.call('spawn', spawnOrder(), { pid }).refusal;
    expect(refused).toMatchObject({ code: 'limit_exceeded', details: { max_children: 2 } });
    t.runtime.exits(first);
    t.pass();
    expect(t.view(first).state).toBe('zombie');
    t.spawn({}, { pid });
    t.call('kill', { pid: second, isRecursive: false, reason: 'normal', graceMs: 0 });
    t.spawn({}, { pid });
    expect(t.call('spawn', spawnOrder(), { pid }).refusal.code).toBe('limit_exceeded');
  });

  it('with the first rule in the order of the page, when several are broken (P5)', () => {
    const t = testKernel();
    const pid = t.spawn({ role: 'worker', tier: 'operational', limits: { childrenMax: 1 } });
    t.spawn({ role: 'worker', tier: 'operational' }, { pid });
    const broken = { user: 'leo', tools: ['bash'], role: 'kernel', name: '' } as const;
    const mended: SpawnWish[] = [
      broken,
      { ...broken, user: '' },
      { ...broken, user: '', tools: [] },
      { name: '', role: 'agent', tier: 'strategic' },
      { name: '', role: 'agent', tier: 'operational' },
      { name: '', role: 'worker', tier: 'operational' },
    ];
    const words = mended.map((wish) => {
      const { message } = t.call('spawn', spawnOrder(wish), { pid }).refusal;
      return ['A1', 'A3', 'P2', 'above', 'outranks', 'max_children'].find((w) =>
        message.includes(w),
      );
    });
    expect(words).toEqual(['A1', 'A3', 'P2', 'above', 'outranks', 'max_children']);
  });

  it('under a parent that is stopping or gone (P5, P10)', () => {
    const t = testKernel();
    const pid = parentOf(t, { role: 'lead', image: 'stubborn' });
    t.call('kill', { pid, isRecursive: true, reason: 'normal', graceMs: 9_000 });
    expect(t.call('spawn', spawnOrder(), { pid }).refusal.code).toBe('wrong_state');
    t.runtime.exits(pid);
    t.pass();
    expect(t.call('spawn', spawnOrder(), { pid }).refusal.code).toBe('unauthenticated');
  });

  it('a tree deeper than its bound', () => {
    const t = testKernel();
    let pid = asPid(1);
    for (let depth = 1; depth < LIMITS.treeDepthMax; depth += 1) {
      pid = t.spawn({ name: 'd', role: 'agent' }, { pid });
    }
    const { refusal } = t.call('spawn', spawnOrder({ name: 'd', role: 'agent' }), { pid });
    expect(refusal.code).toBe('limit_exceeded');
  });
});

describe('Spawner.spawn()', () => {
  it('fills what is left out from the settings, and keeps what is asked (P6)', () => {
    const t = testKernel();
    const limitsOf = (wish: SpawnWish): object =>
      t.kernel.state.table.require(t.spawn(wish)).spec.limits;
    expect(limitsOf({})).toEqual({
      tokensPerHourMax: 100_000,
      contextTokensMax: 128_000,
      childrenMax: 10,
      concurrentTasksMax: 5,
      taskTimeoutMs: 300_000,
      tokensTotalMax: 0,
    });
    const asked = {
      tokensPerHourMax: 1,
      contextTokensMax: 2,
      childrenMax: LIMITS.noLimit,
      concurrentTasksMax: 4,
      taskTimeoutMs: 5,
      tokensTotalMax: 6,
    };
    expect(limitsOf({ limits: asked })).toEqual(asked);
  });

  it.each([
    ['strategic', 'opus'],
    ['tactical', 'sonnet'],
    ['operational', 'mini'],
  ] as const)('gives a %s process without a model %s (PROTOCOL §3)', (tier, model) => {
    const t = testKernel();
    expect(t.view(t.spawn({ tier })).model).toBe(model);
    expect(t.view(t.spawn({ tier, model: 'own' })).model).toBe('own');
  });

  it('lets the child inherit user and node; the king sets another user (A1, P12)', () => {
    const t = testKernel();
    const leo = t.spawn({ user: 'leo', role: 'lead' });
    const child = t.spawn({}, { pid: leo });
    expect(t.view(child)).toMatchObject({ user: 'leo', node: 'vps1' });
    expect(t.view(t.spawn({ user: 'leo' }, { pid: leo })).user).toBe('leo');
  });

  it('allows a child that outranks its parent where the setting says so (P5)', () => {
    const t = testKernel({ settings: { spawnOutrank: 'allow' } });
    const worker = t.spawn({ role: 'worker' });
    expect(t.view(t.spawn({ role: 'daemon' }, { pid: worker })).role).toBe('daemon');
  });

  it('answers for a virtual process at once, for another when it is ready (PROTOCOL §3)', () => {
    const t = testKernel();
    expect(t.call('spawn', spawnOrder()).value.pid).toBe(2);
    const ticket = t.call('spawn', spawnOrder({ image: 'starting' }));
    expect(ticket.isAnswered).toBe(false);
    expect(t.view(3)).toMatchObject({ state: 'starting', osPid: 100_003 });
    t.runtime.ready(asPid(3));
    t.pass();
    expect(ticket.value.pid).toBe(3);
    expect(t.view(3).state).toBe('idle');
  });

  it('gives the initial task when it is ready, and ends with it where asked', () => {
    const t = testKernel();
    const kept = t.spawn({ image: 'echo', initialTask: 'say hello' });
    expect(t.view(kept).state).toBe('idle');
    const ends = t.spawn({ image: 'echo', initialTask: 'say bye', exitAfterTask: true });
    expect(t.view(ends)).toMatchObject({
      state: 'zombie',
      exit: { exitCode: 0, cause: 'done', output: 'say bye' },
    });
    const task = t.spawn({ image: 'failing', role: 'task', initialTask: 'x' });
    expect(t.view(task)).toMatchObject({ state: 'zombie', exit: { exitCode: 1, cause: 'done' } });
  });
});

describe('a start that fails', () => {
  it('leaves no process behind and is answered with what it said (PROTOCOL §3)', () => {
    const t = testKernel();
    const { refusal } = t.call('spawn', spawnOrder({ image: 'broken', name: 'b' }));
    expect(refusal.code).toBe('start_failed');
    expect(refusal.message).toContain('no such module');
    expect(t.call('info', { pid: asPid(2) }).refusal.code).toBe('not_found');
    expect(t.kernel.state.table.atAddress('/king/b')).toBeUndefined();
    expect(t.call('usage', {}).value.children).toBe(0);
  });

  it('is also one whose OS process ends before it is ready', () => {
    const t = testKernel();
    const ticket = t.call('spawn', spawnOrder({ image: 'starting' }));
    t.runtime.exits(asPid(2), { exitCode: 3 });
    t.pass();
    expect(ticket.refusal.code).toBe('start_failed');
    expect(ticket.refusal.message).toContain('code 3');
    expect(t.call('info', { pid: asPid(2) }).refusal.code).toBe('not_found');
  });

  it('hands on the children that it had made, and refuses all that hangs on it (P9)', () => {
    const t = testKernel();
    const lead = t.spawn({ role: 'lead', image: 'hold' });
    const spawn = t.call('spawn', spawnOrder({ image: 'starting', role: 'lead' }), { pid: lead });
    const starting = asPid(lead + 1);
    const child = t.spawn({ image: 'hold' }, { pid: starting });
    const own = t.call('wait_child', { pid: child, timeoutMs: 0 }, { pid: starting });
    const wait = t.call('wait_child', { pid: starting, timeoutMs: 0 }, { pid: lead });
    const task = t.call('execute_on', { pid: starting, spec: taskSpec() }, { pid: lead });
    const work = t.call('execute_on', { pid: child, spec: taskSpec() }, { pid: starting });
    t.call('send', messageOrder({ to: starting }), { pid: lead });
    const { incarnation } = t.runtime.agent(starting);
    t.fact({ fact: 'start_failed', pid: starting, incarnation, error: 'Init said no' });
    expect(spawn.refusal.code).toBe('start_failed');
    expect(wait.refusal.code).toBe('start_failed');
    expect(own.refusal.code).toBe('cancelled');
    expect(task.value).toMatchObject({ outcome: 'failed', error: expect.stringContaining('no') });
    expect(work.value.outcome).toBe('cancelled');
    expect(t.view(child)).toMatchObject({ ppid: lead, state: 'idle' });
    expect(t.kernel.state.tasks.byId.size).toBe(0);
  });

  it('is told late or twice without effect', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'hold' });
    t.runtime.ready(pid);
    t.fact({ fact: 'started', pid, incarnation: 1, osPid: 1, osStarted: '' });
    t.fact({ fact: 'started', pid, incarnation: 2, osPid: 1, osStarted: '' });
    t.fact({ fact: 'exited', pid, incarnation: 2, exitCode: 0, cause: 'crashed', detail: '' });
    t.fact({ fact: 'exited', pid, incarnation: 0, exitCode: 0, cause: 'crashed', detail: '' });
    t.fact({ fact: 'start_failed', pid, incarnation: 0, error: 'late' });
    expect(t.view(pid)).toMatchObject({ state: 'idle', osPid: 100_000 + pid, restarts: 0 });
    expect(t.eventsOf('process.started')).toHaveLength(1);
  });

  it('does not touch the king or virtual processes', () => {
    const t = testKernel();
    const pid = t.spawn();
    for (const target of [asPid(1), pid]) {
      t.fact({ fact: 'started', pid: target, incarnation: 1, osPid: 1, osStarted: '' });
      t.fact({
        fact: 'exited',
        pid: target,
        incarnation: 1,
        exitCode: 0,
        cause: 'crashed',
        detail: '',
      });
    }
    expect(t.view(1).state).toBe('running');
    expect(t.view(pid).state).toBe('idle');
  });
});
