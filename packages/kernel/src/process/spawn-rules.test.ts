import { spawnOrder, testKernel } from '@hivekernel/testkit';
import type { SpawnWish, TestKernel } from '@hivekernel/testkit';
import { describe, expect, it } from 'vitest';
import { KernelError } from '../errors.ts';
import type { Pid } from '../ids.ts';
import { LIMITS } from '../limits.ts';
import { checkChild, checkSpawn, type ChildQuestion, type SpawnQuestion } from './spawn-rules.ts';

/** How a spawn is brought to break one rule, and how its refusal is known. */
interface Breach {
  readonly rule: string;
  readonly code: string;
  readonly words: string;
  readonly parent?: SpawnWish;
  readonly order?: SpawnWish;
  readonly before?: (t: TestKernel, parent: Pid) => void;
}

const kill = (t: TestKernel, pid: Pid) =>
  t.call('kill', { pid, isRecursive: false, reason: 'normal', graceMs: 9_000 });

// In the order of the page (P5). Each breaks its rule whatever else the next one breaks.
const BREACHES: readonly Breach[] = [
  {
    rule: 'the parent’s role may spawn (A2)',
    ...{ code: 'permission_denied', words: 'A2' },
    parent: { role: 'architect' },
  },
  {
    rule: 'only the king gives another user (A1)',
    ...{ code: 'permission_denied', words: 'A1' },
    order: { user: 'leo' },
  },
  {
    rule: 'child and parent may have its tools (A3)',
    ...{ code: 'permission_denied', words: 'A3' },
    order: { tools: ['bash'] },
  },
  {
    rule: 'nobody else is of role kernel (P2)',
    ...{ code: 'invalid_argument', words: 'P2' },
    order: { role: 'kernel' },
  },
  {
    rule: 'the parent lives',
    ...{ code: 'wrong_state', words: 'is stopping (P5)' },
    parent: { image: 'stubborn' },
    before: (t, parent) => void kill(t, parent),
  },
  {
    rule: 'the child’s tier is not above its parent’s',
    ...{ code: 'invalid_argument', words: 'is above its operational parent' },
    parent: { tier: 'operational' },
    order: { tier: 'tactical' },
  },
  {
    rule: 'the child does not outrank its parent',
    ...{ code: 'invalid_argument', words: 'outranks its parent' },
    parent: { role: 'worker' },
    order: { role: 'lead' },
  },
  {
    rule: 'the parent has room for a child',
    ...{ code: 'limit_exceeded', words: 'max_children' },
    parent: { limits: { childrenMax: 1 } },
    before: (t, parent) => void t.spawn({ role: 'task', tier: 'operational' }, { pid: parent }),
  },
  {
    rule: 'the node has room for an OS process (P6)',
    ...{ code: 'limit_exceeded', words: 'OS processes, its limit (P6)' },
    order: { image: 'hold' },
    before: (t) => {
      while (t.kernel.state.table.runtimes < t.settings.osProcessesMax) t.spawn({ image: 'hold' });
    },
  },
  {
    rule: 'a task is not strategic',
    ...{ code: 'invalid_argument', words: 'a task is not strategic' },
    parent: { tier: 'strategic' },
    order: { role: 'task', tier: 'strategic' },
  },
  {
    rule: 'the name is a name (P7)',
    ...{ code: 'invalid_argument', words: 'no name' },
    order: { name: '' },
  },
  {
    rule: 'a virtual process has no task',
    ...{ code: 'invalid_argument', words: 'virtual' },
    order: { image: '', initialTask: 'x' },
  },
];

function refusalOf(breaches: readonly Breach[]): KernelError {
  const t = testKernel({ settings: { osProcessesMax: 3 } });
  const all = (of: 'parent' | 'order'): SpawnWish =>
    Object.assign({}, ...breaches.map((breach) => breach[of]));
  const parent = t.spawn({ name: 'parent', role: 'lead', ...all('parent') });
  for (const { before } of breaches) before?.(t, parent);
  const before = t.kernel.state.table.nextPid;
  const order = spawnOrder({ tier: 'operational', ...all('order') });
  const { refusal } = t.call('spawn', order, { pid: parent });
  expect(t.kernel.state.table.nextPid).toBe(before);
  return refusal;
}

describe('a spawn', () => {
  it.each(BREACHES.map((breach) => [breach.rule, breach] as const))(
    'is refused by the rule: %s (P5)',
    (_, breach) => {
      const refusal = refusalOf([breach]);
      expect(refusal.code).toBe(breach.code);
      expect(refusal.message).toContain(breach.words);
    },
  );

  const pairs = BREACHES.slice(1).map((later, i) => [BREACHES[i] as Breach, later] as const);
  it.each(pairs.map(([first, later]) => [first.rule, later.rule, first, later] as const))(
    'is refused by "%s" before "%s" (P5)',
    (_, __, first, later) => {
      const refusal = refusalOf([later, first]);
      expect(refusal.code).toBe(first.code);
      expect(refusal.message).toContain(first.words);
    },
  );
});

describe('the OS processes of a node', () => {
  it('are so many at a time; virtual, sleeping and ended ones are none (P6)', () => {
    const t = testKernel({ settings: { osProcessesMax: 2 } });
    const [first, second] = [t.spawn({ image: 'hold' }), t.spawn({ image: 'hold' })];
    const order = spawnOrder({ image: 'hold' });
    const refused = (): unknown => t.call('spawn', order).refusal;
    expect(refused()).toMatchObject({ code: 'limit_exceeded', details: { processes_max: 2 } });
    t.spawn();
    t.call('sleep', { pid: first });
    const third = t.spawn({ image: 'hold' });
    refused();
    t.ends(third);
    const fourth = t.spawn({ image: 'hold' });
    kill(t, fourth);
    t.spawn({ image: 'hold' });
    refused();
    kill(t, second);
    t.call('spawn', spawnOrder({ image: 'broken' }));
    expect(t.kernel.state.table.runtimes).toBe(1);
    t.reboot();
    expect(t.kernel.state.table.runtimes).toBe(0);
  });

  it('are taken up also by one that backs off (P6, S4)', () => {
    const t = testKernel({ settings: { osProcessesMax: 1 } });
    const pid = t.spawn({ image: 'hold', restart: 'permanent' });
    t.ends(pid);
    expect(t.call('spawn', spawnOrder({ image: 'hold' })).refusal.code).toBe('limit_exceeded');
    t.takeSnapshot();
    t.reboot();
    expect(t.kernel.state.table.runtimes).toBe(1);
  });
});

describe('checkSpawn() and checkChild()', () => {
  const question = (
    wish: Partial<SpawnQuestion & ChildQuestion>,
  ): SpawnQuestion & ChildQuestion => ({
    parent: testKernel().kernel.state.table.king,
    ...{ role: 'worker', tier: 'tactical', mayOutrank: false },
    ...{ processes: 1, runtimes: 0, runtimesMax: 10, isVirtual: false },
    ...{ below: 0, what: 'spawn' },
    ...wish,
  });

  it('bound the number of processes, before that of OS processes', () => {
    const processes = LIMITS.processesMax;
    const full = question({ processes, runtimes: 10 });
    expect(() => checkSpawn(full)).toThrow(/holds 250000 processes/);
    expect(() => checkSpawn(question({ processes: processes - 1 }))).not.toThrow();
  });

  it('bound the depth of the tree, with what is below one that moves (P11)', () => {
    const most = LIMITS.treeDepthMax - 2;
    expect(() => checkChild(question({ below: most, what: 'move' }))).not.toThrow();
    const deep = question({ below: most + 1, what: 'move' });
    expect(() => checkChild(deep)).toThrow(/The move is refused: the tree would be 1000 deep/);
  });

  it('let a child outrank its parent where that is allowed', () => {
    const t = testKernel();
    const parent = t.kernel.state.table.require(t.spawn({ role: 'worker' }));
    const lead = question({ parent, role: 'lead' });
    expect(() => checkChild(lead)).toThrow(KernelError);
    expect(() => checkChild({ ...lead, mayOutrank: true })).not.toThrow();
  });
});
