import {
  artifactOrder,
  messageOrder,
  taskSpec,
  testKernel,
  textContent,
} from '@hivekernel/testkit';
import type { SpawnWish, TestKernel } from '@hivekernel/testkit';
import { describe, expect, it } from 'vitest';
import { asPid, type Pid } from './ids.ts';
import { Kernel } from './kernel.ts';
import { DEFAULT_SETTINGS } from './settings.ts';

const fresh = (): Kernel => new Kernel({ settings: DEFAULT_SETTINGS, partition: 0 });

/** Somewhere in the middle of everything. */
function busy(): TestKernel {
  const t = testKernel();
  const lead = t.spawn({ name: 'lead', role: 'lead', image: 'deaf' });
  const worker = t.spawn({ name: 'worker', image: 'stubborn' }, { pid: lead });
  const zombie = t.spawn({ name: 'zombie', image: 'hold' }, { pid: lead });
  t.call('execute_task', { pid: lead, spec: taskSpec({ timeoutMs: 9_000 }) });
  const [task] = t.runtime.agent(lead).tasks.keys();
  t.call('execute_on', { pid: worker, spec: taskSpec() }, { pid: lead, task: task ?? null });
  t.call('wait_child', { pid: worker, timeoutMs: 0 }, { pid: lead });
  const virtual = t.spawn({ name: 'virtual' }, { pid: lead });
  t.call('send', messageOrder({ to: virtual, ttlMs: 5_000 }), { pid: lead });
  t.call('store', artifactOrder({ visibility: 'subtree' }), { pid: zombie });
  t.runtime.exits(zombie);
  t.pass();
  const issue = { issue: 'i', severity: 'error', context: {}, autoPropagate: true } as const;
  t.call('escalate', issue, { pid: worker });
  t.call('kill', { pid: worker, isRecursive: false, reason: 'normal', graceMs: 9 }, { pid: lead });
  return t;
}

/** All that supervision keeps, and nothing of it as it is at birth. */
function supervised(): TestKernel {
  const t = testKernel();
  const lead = t.spawn({ name: 'lead', role: 'lead', image: 'deaf', strategy: 'one_for_all' });
  const from = { pid: lead };
  const spawn = (name: string, wish: SpawnWish = {}): Pid =>
    t.spawn({ name, role: 'lead', image: 'stubborn', restart: 'notify', ...wish });
  const stop = { signal: 'STOP', isRecursive: false, reason: '', graceMs: 0 } as const;
  // A group on its way down: one is stopped, one waits for it.
  const fellow = { image: 'stubborn', restart: 'transient' } as const;
  t.spawn({ name: 'stops', ...fellow }, from);
  t.ends(t.spawn({ name: 'waits', ...fellow }, from));
  // Restarts in a row, health, and a run that is yet to become ready.
  const looping = spawn('looping', { restart: 'permanent' });
  t.call('checkpoint', { content: textContent('page 3') }, { pid: looping });
  t.ends(looping);
  t.advanceMs(1_000);
  t.advanceMs(40_000);
  t.runtime.behaves(looping, { start: 'starts', stop: 'ends' });
  t.call('restart', { pid: looping, reason: '', graceMs: 0 });
  const quarantined = spawn('quarantined', { restart: 'permanent' });
  t.runtime.behaves(quarantined, { start: 'fails' });
  t.ends(quarantined);
  t.advanceMs(60_000);
  // Paused; held while it backs off; asked to sleep; falling asleep, somebody waiting for that.
  const paused = spawn('paused', { restart: 'permanent' });
  t.call('execute_task', { pid: paused, spec: taskSpec({ retriesMax: 2, timeoutMs: 900_000 }) });
  t.ends(paused);
  t.advanceMs(1_000);
  t.call('signal', { pid: paused, ...stop });
  const held = spawn('held', { restart: 'permanent' });
  t.call('signal', { pid: held, ...stop });
  t.ends(held);
  const tired = spawn('tired');
  t.call('execute_task', { pid: tired, spec: taskSpec({ timeoutMs: 700_000 }) });
  const [task] = t.runtime.agent(tired).tasks.keys();
  t.call('sleep', { pid: tired }, { pid: tired, task: task ?? null });
  t.call('sleep', { pid: spawn('falling') });
  // A peek, an escalation within a task, a branch that collapses.
  const asks = t.spawn({ name: 'asks', image: 'hold' }, from);
  t.call('wait_child', { pid: asks, timeoutMs: 500_000, isPeek: true }, from);
  t.call('execute_task', { pid: asks, spec: taskSpec({ timeoutMs: 800_000 }) });
  const [asked] = t.runtime.agent(asks).tasks.keys();
  const issue = { issue: 'i', severity: 'error', context: {}, autoPropagate: true } as const;
  t.call('escalate', issue, { pid: asks, task: asked ?? null });
  const branch = spawn('branch');
  t.spawn({ name: 'leaf', image: 'stubborn' }, { pid: branch });
  t.call('collapse', { pid: branch, reason: 'normal', graceMs: 0 });
  return t;
}

interface Image {
  readonly processes: readonly { run: Readonly<Record<string, unknown>>; owed: unknown }[];
  readonly kills: readonly Readonly<Record<string, unknown>>[];
  readonly tasks: readonly { tries: number }[];
  readonly waits: readonly { isPeek: boolean }[];
  readonly escalations: readonly { task: unknown }[];
}

describe('snapshots', () => {
  it('hold all that supervision keeps, and give it back (S1 to S8)', () => {
    const t = supervised();
    const text = t.kernel.snapshot();
    const image = JSON.parse(text) as Image;
    const birth = fresh();
    birth.input({ fact: 'booted', version: 'v', bootId: 'b' }, { wallMs: 0, monoMs: 0 });
    const [king] = (JSON.parse(birth.snapshot()) as Image).processes;
    const runs = image.processes.map(({ run }) => run);
    // Each field differs from its value at birth in one process at least, each part of it, too.
    for (const [field, atBirth] of Object.entries(king?.run ?? {})) {
      for (const [i, part] of [atBirth].flat().entries()) {
        const parts = runs.map((run) => [run[field]].flat()[i]);
        expect(
          parts.some((one) => one !== part),
          `${field} ${i}`,
        ).toBe(true);
      }
    }
    const [group, collapse] = image.kills;
    expect(group).toMatchObject({ spareFor: 'restart', delayMs: expect.any(Number) });
    expect(group?.['spared']).toHaveLength(2);
    expect(collapse?.['collapse']).toHaveLength(1);
    expect(image.tasks.map(({ tries }) => tries)).toContain(2);
    expect(image.waits).toMatchObject([{ isPeek: true }]);
    expect(image.escalations.some(({ task }) => task !== null)).toBe(true);
    const kernel = fresh();
    kernel.restore(text);
    kernel.resume();
    expect(kernel.snapshot()).toBe(text);
    expect([...kernel.owedRefs()]).toEqual([...t.kernel.owedRefs()]);
    const { wallMs, monoMs } = t.time;
    for (const one of [kernel, t.kernel]) {
      for (const ms of [2_000, 60_000, 900_000]) {
        one.tick({ wallMs: wallMs + ms, monoMs: monoMs + ms });
      }
    }
    const { events } = kernel.drain();
    expect(events).toEqual(t.drain().events);
    expect(events.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['process.relaunched', 'process.hung', 'wait.ended', 'task.ended']),
    );
  });

  it('give the same text back after a restore, and the same future', () => {
    const t = busy();
    const text = t.kernel.snapshot();
    const kernel = fresh();
    kernel.restore(text);
    kernel.resume();
    expect(kernel.snapshot()).toBe(text);
    expect(kernel.stamp).toEqual(t.kernel.stamp);
    expect([...kernel.owedRefs()]).toEqual([...t.kernel.owedRefs()]);
    const { wallMs, monoMs } = t.time;
    const later = { wallMs: wallMs + 40_000, monoMs: monoMs + 40_000 };
    for (const one of [kernel, t.kernel]) {
      one.tick(later);
      const exited = { fact: 'exited', pid: asPid(3), incarnation: 1, exitCode: 0 } as const;
      one.input({ ...exited, cause: 'crashed', detail: '' }, later);
    }
    const events = kernel.drain().events;
    expect(events).toEqual(t.drain().events);
    expect(events.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['message.dropped', 'task.ended', 'escalation.moved', 'kill.ended']),
    );
  });

  it.each([
    ['no JSON', 'not { json', 'data_loss'],
    ['another version', '{"v":999}', 'conflict'],
  ])('are refused when they are %s', (_, text, code) => {
    expect(() => fresh().restore(text)).toThrow(expect.objectContaining({ code }));
  });

  it('and the fold keep to the settings of the time, though a boot changed them (D2)', () => {
    const t = testKernel({ settings: { agingMsPerLevel: 5, artifactVersionsKept: 3 } });
    const pid = t.spawn({ role: 'lead' });
    const sends = (priority: 0 | 3): void => {
      const { message } = t.call('send', messageOrder({ to: pid, priority })).value;
      ids.push(message);
    };
    const stores = (): number => {
      t.call('store', artifactOrder(), { pid });
      return t.kernel.state.catalog.newestNamed('report')?.versions.length ?? 0;
    };
    const ids: number[] = [];
    sends(3);
    for (let i = 0; i < 4; i += 1) stores();
    expect(stores()).toBe(3);
    t.takeSnapshot();
    t.reboot({ agingMsPerLevel: 1_000, artifactVersionsKept: 1 });
    expect(t.kernel.state.catalog.newestNamed('report')?.versions).toHaveLength(3);
    expect(stores()).toBe(1);
    expect(t.kernel.state.catalog.bytesOf('root')).toBe(artifactOrder().content.bytes);
    sends(3);
    t.advanceMs(20);
    sends(0);
    const order = t.call('list_inbox', { pid }).value.messages.map(({ message }) => message);
    // What was sent at 5 ms a level is first; at 1,000 ms a level 20 ms are not worth three.
    expect(order).toEqual([ids[0], ids[2], ids[1]]);
    t.reboot({ artifactVersionsKept: 2 });
    expect(stores()).toBe(2);
  });

  it('name all content that must be kept', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'deaf' });
    const hash = (n: number): string => String(n).repeat(64);
    const content = (n: number) => ({ bytes: 5_000, hash: hash(n) });
    t.call('store', artifactOrder({ content: content(1) }), { pid });
    t.call('store', artifactOrder({ content: content(2) }), { pid });
    t.call('send', messageOrder({ to: pid, content: content(3) }));
    t.call('execute_task', { pid, spec: taskSpec({ context: content(4) }) });
    t.call('store', artifactOrder({ key: 'small' }), { pid });
    expect([...t.kernel.liveHashes()].toSorted()).toEqual([1, 2, 3, 4].map(hash));
    t.runtime.exits(pid);
    t.pass();
    // The letter is dead and kept; the task is over.
    expect([...t.kernel.liveHashes()].toSorted()).toEqual([1, 2, 3].map(hash));
  });
});

/** As version 1 wrote it, by hand: a daemon with its worker, and each kind of record. */
const VERSION_1 = (() => {
  const limits = {
    ...{ tokensPerHourMax: 1, contextTokensMax: 1, childrenMax: 9, concurrentTasksMax: 1 },
    ...{ taskTimeoutMs: 60_000, tokensTotalMax: 0 },
  };
  const spec = (name: string, role: string, image: string) => ({
    ...{ name, user: 'root', role, tier: 'tactical', model: 'sonnet', node: 'vps1', image },
    ...{ systemPrompt: '', tools: [], env: {}, cwd: '', limits },
    ...{ initialTask: '', exitAfterTask: false },
  });
  const ref = (id: number) => ({ channel: 'old', pid: 1, id });
  const text = { bytes: 2, inline: 'aGk=' };
  const born = { spawned: [1_000, 10], owed: null, phase: '', exiting: null, exit: null };
  const idle = { ...born, incarnation: 1, os: [77, 's'], isResponsive: true, lastOutput: '' };
  const counts = { flags: [false, false], usage: [5, 0, 5, 0, 1], changed: [8, 1], children: [] };
  const exit = {
    ...{ exitCode: 2, cause: 'crashed', detail: '', output: 'o', wallMs: 2_000, monoMs: 900 },
  };
  const process = (pid: number, parent: number, wish: object) => ({
    ...{ pid, parent, address: `/king/p${pid}`, state: 'idle', ...idle, ...counts, ...wish },
  });
  const virtual = { incarnation: 0, os: [0, ''] };
  const taskSpec = {
    ...{ description: 'd', params: {}, timeoutMs: 60_000, priority: 2, context: text },
  };
  const task = (id: number, isRunning: boolean) => ({
    ...{ task: id, pid: 3, by: 2, parentTask: null, spec: taskSpec, isInitial: false },
    ...{ owed: ref(id), createdMonoMs: 20, isRunning, deadlineMonoMs: isRunning ? 60_020 : 0 },
  });
  const message = {
    ...{ message: 30, from: 1, fromName: 'king', to: 4, toName: 'v', relation: 'parent' },
    ...{ priority: 1, type: 'escalation', content: text, requiresAck: false, expiresMonoMs: 0 },
    ...{ replyTo: '', isCopy: false, seq: 30, by: 1, wallMs: 1_500, key: 10_400 },
  };
  const byTier = { strategic: 0, tactical: 5, operational: 0 };
  return {
    ...{ v: 1, seq: 40, stamp: { wallMs: 3_000, monoMs: 1_000 }, partition: 0, nextN: 8 },
    rules: { agingMsPerLevel: 10_000, artifactVersionsKept: 10 },
    processes: [
      process(1, 0, {
        ...{ spec: spec('king', 'kernel', ''), address: '/king', state: 'running' },
        ...{ ...virtual, children: [2, 4, 7] },
      }),
      process(2, 1, { spec: spec('queen', 'daemon', 'hold'), children: [3, 5, 6] }),
      process(3, 2, { spec: spec('w', 'worker', 'hold'), state: 'running' }),
      process(4, 1, { spec: spec('v', 'agent', ''), ...virtual }),
      process(5, 2, {
        ...{ spec: spec('z', 'worker', 'hold'), state: 'zombie', exit, os: [0, ''] },
        flags: [false, false],
      }),
      process(6, 2, { spec: spec('k', 'worker', 'stubborn'), state: 'stopping' }),
      process(7, 1, {
        ...{ spec: spec('s', 'daemon', 'starting'), state: 'starting', owed: ref(70) },
        ...virtual,
      }),
    ],
    tasks: [task(21, true), task(22, false)],
    waits: [{ wait: 23, pid: 2, target: 3, task: null, untilMonoMs: 90_000, owed: ref(23) }],
    kills: [{ kill: 24, root: 6, targets: [6], reason: 'normal', graceMs: 100, owed: ref(24) }],
    escalations: [
      {
        ...{ issue: 'i', severity: 'info', context: {}, autoPropagate: true, escalation: 25 },
        ...{ from: 3, at: 4, message: 30, untilMonoMs: 70_000, owed: ref(25) },
      },
    ],
    mail: [{ pid: 4, waiting: [message], dead: [] }],
    artifacts: [],
    totals: { llmCalls: 1, tokens: 5, tokensSimulated: 0, byTier },
  };
})();

describe('a snapshot of version 1', () => {
  const restored = (): Kernel => {
    const kernel = fresh();
    kernel.restore(JSON.stringify(VERSION_1));
    kernel.resume();
    return kernel;
  };
  const record = (kernel: Kernel, pid: number) => kernel.state.table.require(asPid(pid));

  it('gives each process what its role had by default, and nothing of supervision', () => {
    const kernel = restored();
    const policies = [1, 2, 3, 4].map((pid) => record(kernel, pid).spec.restart);
    expect(policies).toEqual(['temporary', 'permanent', 'notify', 'notify']);
    expect(record(kernel, 3).spec).toMatchObject({
      ...{ strategy: 'one_for_one', watch: { wallMs: 0, idleMs: 60_000, firstTokenMs: 120_000 } },
    });
    const runs = [2, 4, 5, 7].map((pid) => {
      const { isLaunched, wasReady, readyMonoMs } = record(kernel, pid);
      return [isLaunched, wasReady, readyMonoMs];
    });
    expect(runs).toEqual([
      [true, true, 10],
      [false, true, 10],
      [false, true, -1],
      [true, false, -1],
    ]);
    expect(record(kernel, 3)).toMatchObject({
      ...{ restartsInRow: 0, isRestarting: false, isQuarantined: false, isHeld: false },
      ...{ halting: undefined, checkpoint: undefined, sleepAsked: false, healthMs: 0 },
      ...{ tasksRunning: 1, tokens: 5 },
    });
    const tasks = [...kernel.state.tasks.byId.values()];
    expect(tasks.map(({ tries, spec }) => [tries, spec.retriesMax])).toEqual([
      [1, 0],
      [0, 0],
    ]);
    expect(kernel.state.table.runtimes).toBe(4);
  });

  it('is one of today once it is taken again', () => {
    const text = restored().snapshot();
    expect(JSON.parse(text)).toMatchObject({ v: 2, seq: 40 });
    const again = fresh();
    again.restore(text);
    expect(again.snapshot()).toBe(text);
  });

  it('goes on as any other: waits, kills, tasks, escalations and a boot', () => {
    const kernel = restored();
    const at = (monoMs: number) => ({ wallMs: 3_000 + monoMs, monoMs });
    expect([...kernel.owedRefs()].map(({ id }) => id).toSorted((a, b) => a - b)).toEqual([
      ...[21, 22, 23, 24, 25, 70],
    ]);
    const crash = { fact: 'exited', incarnation: 1, exitCode: -1, detail: '' } as const;
    kernel.input({ ...crash, pid: asPid(6), cause: 'killed' }, at(1_100));
    kernel.tick(at(70_000));
    const { events, effects } = kernel.drain();
    const kinds = events.map(({ kind }) => kind);
    expect(kinds).toEqual(expect.arrayContaining(['kill.ended', 'task.ended', 'escalation.moved']));
    const replies = effects.flatMap(({ effect }) => (effect.do === 'reply' ? [effect.to.id] : []));
    expect(replies).toContain(24);
    kernel.input({ fact: 'booted', version: 'now', bootId: 'b' }, at(71_000));
    expect(record(kernel, 2)).toMatchObject({ state: 'starting', exit: { cause: 'kernel_died' } });
    expect(record(kernel, 3)).toMatchObject({ state: 'zombie', isGone: false });
    expect(kernel.state.table.find(asPid(7))).toBeUndefined();
  });
});
