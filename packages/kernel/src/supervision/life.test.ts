import {
  artifactOrder,
  messageOrder,
  spawnOrder,
  taskSpec,
  testKernel,
  textOf,
} from '@hivekernel/testkit';
import type { TestKernel } from '@hivekernel/testkit';
import { describe, expect, it } from 'vitest';
import { asPid, type Pid } from '../ids.ts';

const KILL = { isRecursive: false, reason: 'normal', graceMs: 1_000 } as const;

const NONSENSE = { cause: 'protocol_error', detail: 'frame 7' } as const;

describe('the end of a process', () => {
  it('makes a zombie of one that ended by itself and tells its parent (P8)', () => {
    const t = testKernel();
    const parent = t.spawn({ role: 'lead', image: 'hold' });
    const child = t.spawn({ name: 'w', image: 'hold' }, { pid: parent });
    t.advanceMs(1_500);
    t.call('exit', { exitCode: 4, output: 'all that I found' }, { pid: child });
    expect(t.view(child)).toMatchObject({
      state: 'zombie',
      exit: { exitCode: 4, cause: 'done', output: 'all that I found' },
    });
    expect(t.signalsTo(parent)).toEqual([
      {
        signal: 'CHLD',
        pid: child,
        name: 'w',
        address: t.view(child).address,
        exitCode: 4,
        cause: 'done',
        output: 'all that I found',
        durationMs: 1_500,
      },
    ]);
    expect(t.runtime.agent(parent).delivered[0]).toMatchObject({ relation: 'system', priority: 0 });
  });

  it('tells also a virtual parent, which finds it in its inbox, but never the king (P8)', () => {
    const t = testKernel();
    const virtual = t.spawn({ role: 'lead' });
    const child = t.spawn({ role: 'lead', image: 'hold' }, { pid: virtual });
    const orphan = t.spawn({}, { pid: child });
    t.runtime.exits(child);
    t.pass();
    t.call('wait_child', { pid: child, timeoutMs: 1 }, { pid: virtual });
    const heard = (pid: Pid): unknown[] =>
      t
        .call('list_inbox', { pid })
        .value.messages.map(({ content }) => JSON.parse(textOf(content)) as unknown);
    expect(heard(virtual)).toMatchObject([{ signal: 'CHLD', pid: child, cause: 'crashed' }]);
    expect(heard(orphan)).toEqual([{ signal: 'HUP', ppid: virtual }]);
    t.call('kill', { pid: virtual, ...KILL });
    expect(heard(asPid(1))).toEqual([]);
  });

  it('keeps result -1 of a killed one, which is dead, whatever its exit code (P8)', () => {
    const t = testKernel();
    const child = t.spawn({ image: 'stubborn' });
    t.call('kill', { pid: child, ...KILL });
    t.runtime.exits(child, { exitCode: 0, cause: 'crashed' });
    t.pass();
    expect(t.view(child)).toMatchObject({ state: 'dead', exit: { exitCode: -1, cause: 'killed' } });
  });

  it('keeps the announced result when the OS process ends otherwise (S8)', () => {
    const t = testKernel();
    const child = t.spawn({ image: 'stubborn' });
    t.call('exit', { exitCode: 7, output: 'o' }, { pid: child });
    expect(t.view(child).state).toBe('stopping');
    expect(t.call('exit', { exitCode: 8, output: '' }, { pid: child }).value).toEqual({});
    t.runtime.exits(child, { exitCode: 143, cause: 'killed' });
    t.pass();
    expect(t.view(child)).toMatchObject({ state: 'zombie', exit: { exitCode: 7, cause: 'done' } });
  });

  it('has the output of its last task (P8)', () => {
    const t = testKernel();
    const child = t.spawn({ image: 'echo' });
    for (const description of ['one', 'two']) {
      t.call('execute_task', { pid: child, spec: taskSpec({ description }) });
    }
    t.runtime.exits(child, { exitCode: 0, cause: 'done' });
    t.pass();
    expect(t.view(child).exit).toMatchObject({ exitCode: 0, cause: 'done', output: 'two' });
  });

  it('tells at most 4 KiB of the output, and cuts no character (P8)', () => {
    const t = testKernel();
    const parent = t.spawn({ role: 'lead', image: 'hold' });
    const child = t.spawn({ image: 'hold' }, { pid: parent });
    t.call('exit', { exitCode: 0, output: 'é🐝'.repeat(2_000) }, { pid: child });
    const output = String(t.signalsTo(parent)[0]?.['output']);
    expect(Buffer.byteLength(output)).toBeLessThanOrEqual(4_096);
    expect(Buffer.byteLength(output)).toBeGreaterThan(4_090);
    expect(output).toMatch(/^(é🐝)*é?$/u);
  });

  it('is told with the state that it was left from (PROTOCOL §3)', () => {
    const t = testKernel();
    const [zombie, killed] = [t.spawn({ image: 'hold' }), t.spawn({ image: 'hold' })];
    t.call('execute_task', { pid: zombie, spec: taskSpec() });
    t.runtime.exits(zombie);
    t.call('kill', { pid: killed, ...KILL });
    for (const pid of [zombie, killed]) t.call('wait_child', { pid, timeoutMs: 1 });
    const from = (kind: 'process.exited' | 'process.collected') =>
      t.eventsOf(kind).map(({ body }) => [body.pid, body.from]);
    expect(from('process.exited')).toEqual([
      [zombie, 'running'],
      [killed, 'stopping'],
    ]);
    expect(from('process.collected')).toEqual([
      [zombie, 'zombie'],
      [killed, 'dead'],
    ]);
  });

  it.each([
    ['crashes', (t: TestKernel, pid: Pid) => t.ends(pid, { exitCode: 139 }), 139, 'crashed'],
    ['is killed', (t: TestKernel, pid: Pid) => t.call('kill', { pid, ...KILL }), -1, 'killed'],
    [
      'hangs',
      (t: TestKernel, pid: Pid) => t.fact({ fact: 'responsive', pid, isResponsive: false }),
      ...([-1, 'unresponsive'] as const),
    ],
    [
      'is restarted',
      (t: TestKernel, pid: Pid) => t.call('restart', { pid, reason: 'r', graceMs: 0 }),
      ...([-1, 'restarted'] as const),
    ],
    ['speaks nonsense', (t: TestKernel, pid: Pid) => t.ends(pid, NONSENSE), 1, 'protocol_error'],
  ] as const)('of one that %s is told with its code and cause (P8)', (_, ends, exitCode, cause) => {
    const t = testKernel();
    const parent = t.spawn({ role: 'lead', image: 'hold' });
    t.advanceMs(400);
    const child = t.spawn({ name: 'w/1', image: 'hold', restart: 'transient' }, { pid: parent });
    t.call('execute_on', { pid: child, spec: taskSpec() }, { pid: parent });
    const [task] = t.runtime.agent(child).tasks.keys();
    t.runtime.finishes(child, task as never, { output: 'so far' });
    t.advanceMs(2_500);
    ends(t, child);
    expect(t.signalsTo(parent)).toEqual([
      {
        ...{ signal: 'CHLD', pid: child, name: 'w/1', address: '/king/worker/w%2F1' },
        ...{ exitCode, cause, output: 'so far', durationMs: 2_500 },
      },
    ]);
  });

  it('is told each time; of several ends that nobody has read, the last (P8)', () => {
    const t = testKernel();
    const parent = t.spawn({ role: 'lead', image: 'deaf' });
    const child = t.spawn({ image: 'hold', restart: 'transient' }, { pid: parent });
    const other = t.spawn({ image: 'hold', restart: 'transient' }, { pid: parent });
    t.ends(child, { exitCode: 1 });
    const signal = { pid: parent, isRecursive: false, reason: '', graceMs: 0 };
    t.call('signal', { ...signal, signal: 'STOP' });
    for (const exitCode of [2, 3]) {
      t.advanceMs(2_000);
      t.ends(child, { exitCode });
    }
    t.ends(other, { exitCode: 9 });
    t.call('signal', { ...signal, signal: 'CONT' });
    const told = t.signalsTo(parent).map(({ pid, exitCode }) => [pid, exitCode]);
    expect(told).toEqual([
      [child, 1],
      [child, 3],
      [other, 9],
    ]);
  });

  it('decays: a zombie is dead after 60 s, its record is unknown 60 s later (P8)', () => {
    const t = testKernel();
    const child = t.spawn({ image: 'hold' });
    t.runtime.exits(child);
    t.pass();
    t.advanceMs(59_000);
    expect(t.view(child).state).toBe('zombie');
    // The reaper looks every 15 s.
    t.advanceMs(16_000);
    expect(t.view(child).state).toBe('dead');
    expect(t.eventsOf('process.collected').at(-1)?.body).toEqual({
      pid: child,
      from: 'zombie',
      expired: true,
    });
    t.advanceMs(44_000);
    expect(t.view(child).state).toBe('dead');
    t.advanceMs(16_000);
    expect(t.call('info', { pid: child }).refusal.code).toBe('not_found');
    expect(t.kernel.state.timers.size).toBe(0);
  });

  it('decays also after a restart (P8)', () => {
    const t = testKernel();
    const child = t.spawn({ image: 'hold' });
    t.runtime.exits(child);
    t.pass();
    t.reboot();
    t.advanceMs(160_000);
    expect(t.call('info', { pid: child }).refusal.code).toBe('not_found');
  });

  it('keeps its address while it may come back, and gives it free when it may not (P7)', () => {
    const t = testKernel();
    const pid = t.spawn({ name: 'w', image: 'hold', restart: 'notify' });
    t.ends(pid);
    expect(t.view(t.spawn({ name: 'w' })).address).toBe('/king/w~2');
    t.call('restart', { pid, reason: '', graceMs: 0 });
    expect(t.view(pid)).toMatchObject({ state: 'idle', address: '/king/w' });
    t.ends(pid);
    t.call('wait_child', { pid, timeoutMs: 1 });
    expect(t.view(t.spawn({ name: 'w' })).address).toBe('/king/w');
  });

  it('frees the inbox to dead letters at once (P8)', () => {
    const t = testKernel();
    const child = t.spawn({ image: 'deaf', restart: 'temporary' });
    t.call('send', messageOrder({ to: child, type: 'last words' }));
    t.runtime.exits(child);
    t.pass();
    const inbox = t.call('list_inbox', { pid: child }).value;
    expect(inbox.total).toBe(0);
    expect(inbox.deadLetters.map(({ type }) => type)).toEqual(['last words']);
    expect(t.call('send', messageOrder({ to: child })).refusal.code).toBe('wrong_state');
  });
});

describe('what is gone for good', () => {
  it('leaves its children to the nearest living ancestor, who get SIGHUP (P9)', () => {
    const t = testKernel();
    const lead = { role: 'lead', image: 'hold', restart: 'temporary' } as const;
    const top = t.spawn(lead);
    const middle = t.spawn(lead, { pid: top });
    const lower = t.spawn(lead, { pid: middle });
    const leaf = t.spawn({ image: 'hold' }, { pid: lower });
    t.runtime.exits(middle);
    t.pass();
    expect(t.view(lower).ppid).toBe(top);
    expect(t.view(leaf).ppid).toBe(lower);
    expect(t.signalsTo(lower)).toEqual([{ signal: 'HUP', ppid: top }]);
    t.runtime.exits(top);
    t.runtime.exits(lower);
    t.pass();
    expect(t.view(leaf).ppid).toBe(1);
    expect(t.call('usage', {}).value.children).toBe(1);
  });

  it('lets the heir wait for an adopted child (P9)', () => {
    const t = testKernel();
    const top = t.spawn({ role: 'lead', image: 'hold' });
    const once = { role: 'lead', image: 'hold', restart: 'temporary' } as const;
    const middle = t.spawn(once, { pid: top });
    const leaf = t.spawn({ image: 'hold' }, { pid: middle });
    t.runtime.exits(leaf, { exitCode: 9 });
    t.runtime.exits(middle);
    t.pass();
    const wait = t.call('wait_child', { pid: leaf, timeoutMs: 0 }, { pid: top });
    expect(wait.value).toMatchObject({ pid: leaf, exitCode: 9 });
  });

  it('leaves its artifacts to its parent (P9)', () => {
    const t = testKernel();
    const lead = t.spawn({ role: 'lead', image: 'hold' });
    const worker = t.spawn({ image: 'hold' }, { pid: lead });
    t.call('store', artifactOrder({ key: 'findings' }), { pid: worker });
    const get = { by: { key: 'findings' }, version: 0 };
    expect(t.call('get_artifact', get, { pid: lead }).value).toBeUndefined();
    t.call('kill', { pid: worker, ...KILL });
    const found = t.call('get_artifact', get, { pid: lead }).value;
    expect(found).toMatchObject({ record: { owner: lead }, version: { storedBy: worker } });
  });
});

describe('the death of the kernel', () => {
  it('ends what ran, refuses what started, keeps what is virtual (DESIGN §4)', () => {
    const t = testKernel();
    const worker = t.spawn({ image: 'deaf' });
    const virtual = t.spawn();
    t.call('send', messageOrder({ to: worker, type: 'kept' }));
    t.call('store', artifactOrder({ key: 'kept' }), { pid: worker });
    const starting = t.call('spawn', spawnOrder({ image: 'starting' }));
    const task = t.call('execute_task', { pid: worker, spec: taskSpec() });
    t.reboot();
    expect(t.view(worker)).toMatchObject({
      state: 'zombie',
      osPid: 0,
      exit: { cause: 'kernel_died', exitCode: -1 },
      inboxDepth: 1,
    });
    expect(t.view(virtual).state).toBe('idle');
    expect(t.call('info', { pid: asPid(virtual + 1) }).refusal.code).toBe('not_found');
    expect(starting.refusal.code).toBe('start_failed');
    expect(task.value.outcome).toBe('failed');
    const get = { by: { key: 'kept' }, version: 0 };
    expect(t.call('get_artifact', get).value?.record.owner).toBe(worker);
    // Nobody restarted it: it decays as any zombie, and only then gives up what it holds.
    t.advanceMs(75_000);
    expect(t.view(worker)).toMatchObject({ state: 'dead', inboxDepth: 0 });
    expect(t.call('get_artifact', get).value?.record.owner).toBe(1);
  });

  it('ends also one that was being stopped, as killed', () => {
    const t = testKernel();
    const worker = t.spawn({ image: 'stubborn' });
    const kill = t.call('kill', { pid: worker, ...KILL });
    t.reboot();
    expect(t.view(worker)).toMatchObject({ state: 'dead', exit: { cause: 'killed' } });
    expect(kill.value.killed).toEqual([worker]);
  });
});
