import {
  artifactOrder,
  bulkContent,
  messageOrder,
  spawnOrder,
  taskSpec,
  TestKernel,
  type Caller,
  type SpawnWish,
  type Ticket,
} from '@hivekernel/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isLive,
  asMessageId,
  KING_PID,
  RELAYS,
  RESTART_POLICIES,
  ROLES,
  SIGNALS,
  STRATEGIES,
  TIERS,
  VISIBILITIES,
  asArtifactId,
  type ArtifactId,
  type ArtifactName,
  type Fact,
  type Pid,
} from './index.ts';
import type { Kernel } from './kernel.ts';

// A run is a list of steps, each a few numbers that choose among what there is at that moment.
// Whatever they choose, no assertion of the kernel fails, its counters are true, and it folds to
// itself; and when everything is killed in the end, every call was answered exactly once.

const IMAGES = [
  ...['', 'echo', 'hold', 'hold', 'hold', 'failing', 'crashing', 'deaf', 'deaf', 'stubborn'],
  ...['starting', 'silent', 'broken', 'rejecting', 'escalating', 'hold'],
];

interface Step {
  readonly what: string;
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

class Swarm {
  readonly t = new TestKernel({
    seed: 7,
    settings: { artifactVersionsKept: 2, artifactQuotaBytesPerUser: 4_000_000 },
  });
  readonly tickets: Ticket[] = [];

  get #pids(): Pid[] {
    return [...this.t.kernel.state.table.byPid.keys()];
  }

  #pid(n: number): Pid {
    const pids = this.#pids;
    // Sometimes one that never was, or is no more.
    return (n % 23 === 0 ? 9_999 : pids[n % pids.length]) as Pid;
  }

  /** Someone who calls: mostly with one of its running tasks. */
  #caller(n: number): Caller {
    const pid = this.#pid(n);
    const record = this.t.kernel.state.table.find(pid);
    const tasks = [...(record?.tasks ?? [])];
    return { pid, task: tasks[n % (tasks.length + 1)] ?? null, isOperator: false };
  }

  /** A queen, a lead and some workers, so that short runs have somebody too. */
  seedTree(): void {
    const queen = this.t.spawn({ name: 'queen', role: 'daemon', image: 'hold' });
    const lead = this.t.spawn({ name: 'lead', role: 'lead', image: 'deaf' }, { pid: queen });
    for (const image of ['hold', 'echo', 'deaf']) this.t.spawn({ image }, { pid: lead });
    this.t.call('execute_task', { pid: lead, spec: taskSpec({ timeoutMs: 50_000 }) });
  }

  run({ what, a, b, c }: Step): void {
    const step = this.#steps[what];
    if (step === undefined) throw new Error(what);
    const made = step(a, b, c);
    if (made !== undefined) this.tickets.push(made as Ticket);
  }

  /** Mostly what P5 allows under that parent. */
  #wish(from: Caller, b: number, c: number): SpawnWish {
    const parent = this.t.kernel.state.table.find(from.pid ?? KING_PID)?.spec;
    const isWild = b % 9 === 0;
    const roles = ROLES.slice(isWild ? 0 : Math.max(1, ROLES.indexOf(parent?.role ?? 'daemon')));
    const tiers = TIERS.slice(isWild ? 0 : TIERS.indexOf(parent?.tier ?? 'tactical'));
    const image = IMAGES[(b + c) % IMAGES.length] as string;
    return {
      name: `p${c % 5}`,
      role: roles[b % roles.length] as (typeof ROLES)[number],
      tier: tiers[c % tiers.length] as (typeof TIERS)[number],
      image,
      user: c % 17 === 0 ? 'leo' : '',
      exitAfterTask: b % 5 === 0,
      initialTask: image !== '' && c % 4 === 0 ? 'begin' : '',
      limits: { concurrentTasksMax: 1 + (b % 3), taskTimeoutMs: 1_000 * (c % 50) },
      restart: [undefined, ...RESTART_POLICIES][c % 5],
      strategy: [undefined, ...STRATEGIES][b % 4],
      relay: [undefined, ...RELAYS][c % 4],
      watch: { wallMs: b % 7 === 0 ? 40_000 : 0, idleMs: c % 5 === 0 ? 5_000 : 0 },
    };
  }

  /** Mostly one that is there. */
  #artifact(n: number): ArtifactId {
    const ids = [...this.t.kernel.state.catalog.byId.keys()];
    return ids[n % (ids.length || 1)] ?? asArtifactId(1);
  }

  #artifactName(n: number): ArtifactName {
    return n % 3 === 0 ? { key: `k${n % 4}` } : { artifact: this.#artifact(n) };
  }

  #childOf(caller: Caller, n: number): Pid {
    const record = this.t.kernel.state.table.find(caller.pid as Pid);
    const children = [...(record?.children.keys() ?? [])];
    return children[n % (children.length || 1)] ?? this.#pid(n);
  }

  readonly #steps: Readonly<
    Record<string, (a: number, b: number, c: number) => object | undefined>
  > = {
    spawn: (a, b, c) => {
      const from = a % 3 === 0 ? {} : this.#caller(a);
      return this.t.call('spawn', spawnOrder(this.#wish(from, b, c)), from);
    },
    kill: (a, b, c) =>
      this.t.call(
        'kill',
        { pid: this.#pid(b), isRecursive: c % 2 === 0, reason: 'normal', graceMs: c },
        c % 9 === 0 ? {} : this.#caller(a),
      ),
    exit: (a, b) => this.t.call('exit', { exitCode: b % 3, output: `o${b}` }, this.#caller(a)),
    wait: (a, b, c) => {
      const from = this.#caller(a);
      return this.t.call('wait_child', { pid: this.#childOf(from, b), timeoutMs: c * 100 }, from);
    },
    signal: (a, b, c) => {
      const signal = SIGNALS[b % SIGNALS.length] as (typeof SIGNALS)[number];
      const order = { pid: this.#pid(a), signal, isRecursive: c % 4 === 0, reason: '', graceMs: c };
      return this.t.call('signal', order, c % 3 === 0 ? {} : this.#caller(c));
    },
    sleep: (a, b) =>
      this.t.call('sleep', { pid: this.#pid(a) }, b % 3 === 0 ? this.#caller(a) : {}),
    wake: (a) => this.t.call('wake', { pid: this.#pid(a) }),
    restart: (a, b) => this.t.call('restart', { pid: this.#pid(a), reason: '', graceMs: b }),
    checkpoint: (a, b) =>
      this.t.call('checkpoint', { content: bulkContent(b * 100) }, this.#caller(a)),
    collapse: (a, b) =>
      this.t.call(
        'collapse',
        { pid: this.#pid(a), reason: 'normal', graceMs: b },
        b % 2 === 0 ? {} : this.#caller(a),
      ),
    peek: (a, b) => {
      const from = this.#caller(a);
      const pid = this.#childOf(from, b);
      return this.t.call('wait_child', { pid, timeoutMs: b * 100, isPeek: true }, from);
    },
    reparent: (a, b) => this.t.call('reparent', { pid: this.#pid(a), parent: this.#pid(b) }),
    quiet: (a, b) =>
      this.t.call('progress', { message: '', percent: -1, quietMs: b * 1_000 }, this.#caller(a)),
    remove: (a) => this.t.call('remove', { pid: this.#pid(a) }),
    unresponsive: (a) => this.#tell({ fact: 'responsive', pid: this.#pid(a), isResponsive: false }),
    execute: (a, b, c) => {
      const from = this.#caller(a);
      const retriesMax = c % 3;
      const spec = taskSpec({ timeoutMs: c * 500, description: `d${c}`, retriesMax });
      return this.t.call('execute_on', { pid: this.#childOf(from, b), spec }, from);
    },
    order: (a, b) =>
      this.t.call('execute_task', { pid: this.#pid(a), spec: taskSpec({ timeoutMs: b * 900 }) }),
    giveUp: (a) => {
      const open = this.t.unanswered;
      const ticket = open[a % (open.length || 1)];
      if (ticket === undefined) return undefined;
      const from = { pid: ticket.ref.pid, isOperator: false };
      return this.t.call('cancel', { call: ticket.ref }, from);
    },
    interrupt: (a, b) =>
      this.t.call('interrupt', { pid: this.#pid(a), task: undefined, reason: '' }, this.#caller(b)),
    send: (a, b, c) => {
      const content = bulkContent(c % 5 === 0 ? 700_000 : c * 10);
      const ttlMs = c % 3 === 0 ? c * 1_000 : 0;
      const wish = { to: this.#pid(b), content, ttlMs, requiresAck: c % 2 === 0 };
      const priority = (c % 4) as 0 | 1 | 2 | 3;
      return this.t.call('send', messageOrder({ ...wish, priority }), this.#caller(a));
    },
    escalate: (a, b) =>
      this.t.call(
        'escalate',
        { issue: 'stuck', severity: 'error', context: {}, autoPropagate: b % 2 === 0 },
        this.#caller(a),
      ),
    store: (a, b, c) =>
      this.t.call(
        'store',
        artifactOrder({
          key: `k${b % 4}`,
          visibility: VISIBILITIES[c % VISIBILITIES.length] as 'private',
          content: bulkContent(c * 5_000),
        }),
        this.#caller(a),
      ),
    storeIf: (a, b, c) =>
      this.t.call(
        'store',
        artifactOrder({
          key: `k${b % 4}`,
          visibility: VISIBILITIES[c % VISIBILITIES.length] as 'private',
          ifVersion: c % 3,
          ...(c % 11 === 0 && { isFrozen: true }),
          ...(c % 5 === 0 && { artifact: this.#artifact(b), key: '' }),
        }),
        this.#caller(a),
      ),
    freezes: (a, b) =>
      this.t.call('freeze_artifact', { by: this.#artifactName(b), ifVersion: 1 }, this.#caller(a)),
    deletes: (a, b) =>
      this.t.call(
        'delete_artifact',
        { by: this.#artifactName(b), ifVersion: undefined },
        this.#caller(a),
      ),
    versions: (a, b) =>
      this.t.call('artifact_versions', { by: this.#artifactName(b) }, this.#caller(a)),
    get: (a, b) =>
      this.t.call('get_artifact', { by: { key: `k${b % 4}` }, version: 0 }, this.#caller(a)),
    metric: (a, b) =>
      this.t.call('metric', { name: 'tokens_consumed', value: b, labels: {} }, this.#caller(a)),
    look: (a, b) =>
      this.t.call('list_children', { isRecursive: b % 2 === 0, state: undefined }, this.#caller(a)),
    llm: (a, b) => this.#tell({ ...LLM_CALL, pid: this.#pid(a), promptTokens: b }),
    ends: (a, b) => {
      const pid = this.#pid(a);
      const { runtime } = this.t;
      const agent = runtime.agents.get(pid);
      const task = [...(agent?.tasks.keys() ?? [])][b % 3];
      if (agent === undefined || task === undefined || agent.isGone) return undefined;
      runtime.finishes(pid, task, b % 4 === 0 ? { error: 'no' } : { output: `r${b}` });
      if (b % 2 === 0) runtime.finishes(pid, task);
      return this.#pass();
    },
    readies: (a) => {
      const pid = this.#pid(a);
      if (this.t.runtime.agents.get(pid)?.isGone === false) this.t.runtime.ready(pid);
      return this.#pass();
    },
    crashes: (a, b) => {
      const pid = this.#pid(a);
      if (this.t.runtime.agents.has(pid)) this.t.runtime.exits(pid, { exitCode: b % 3 });
      return this.#pass();
    },
    acks: (a, b) => {
      const pid = this.#pid(a);
      const given = this.t.runtime.agents.get(pid)?.delivered ?? [];
      const status = (['accepted', 'rejected', 'escalate', 'queued'] as const)[b % 4] ?? 'queued';
      const reply = b % 3 === 0 ? bulkContent(b) : undefined;
      const acks = given.slice(-1 - (b % 3)).map(({ message }) => ({ message, status, reply }));
      return this.#tell({ fact: 'acked', pid, acks });
    },
    fails: (a, b) => {
      const pid = this.#pid(a);
      const given = this.t.runtime.agents.get(pid)?.delivered ?? [];
      const messages = given.slice(-1 - (b % 4)).map(({ message }) => message);
      return this.#tell({ fact: 'delivery_failed', pid, messages, why: 'broken' });
    },
    writes: (a, b, c) => {
      const record = this.t.kernel.state.table.find(this.#pid(b));
      const toAddress = record?.address ?? '/king/nobody';
      const { wallMs } = this.t.time.now();
      const order = messageOrder({
        toAddress,
        idempotencyKey: c % 2 === 0 ? `k${c % 7}` : '',
        deadlineMs: c % 3 === 0 ? wallMs + c * 500 : 0,
        requiresAck: c % 5 < 3,
        type: `t${c % 2}`,
      });
      return this.t.call('send', order, this.#caller(a));
    },
    letters: (a, b, c) => {
      const pid = this.#pid(a);
      const box = this.t.kernel.state.office.box(pid);
      const dead = box?.deadLetters[b % (box.deadLetters.length || 1)]?.message ?? asMessageId(b);
      const how = { pid, message: dead };
      const from = c % 2 === 0 ? {} : this.#caller(c);
      return this.t.call(b % 2 === 0 ? 'requeue' : 'drop_letter', how, from);
    },
    reads: (a, b, c) => {
      const pid = this.#pid(a);
      const [message = asMessageId(b)] = this.t.kernel.state.office.box(pid)?.inOrder() ?? [];
      const id = typeof message === 'number' ? message : message.message;
      const status = (['accepted', 'rejected', 'escalate', 'queued'] as const)[b % 4] ?? 'queued';
      const how = { pid, message: id, status, reply: c % 2 === 0 ? bulkContent(c) : undefined };
      return this.t.call('acknowledge', how, c % 3 === 0 ? this.#caller(c) : {});
    },
    strays: (a, b, c) => this.#tell(strayFact({ pid: this.#pid(a), incarnation: b % 3, kind: c })),
    relinks: (a) => {
      this.t.kernel.resetDelivery(this.#pid(a));
      return this.#pass();
    },
    time: (a, b) => {
      this.t.advanceMs(a * (b % 2 === 0 ? 10 : 700));
      return undefined;
    },
    reboots: (a) => {
      if (a % 2 === 0) this.t.takeSnapshot();
      if (a % 3 === 0) this.t.reboot();
      return undefined;
    },
    checks: () => {
      this.t.check();
      return undefined;
    },
  };

  static readonly words = [
    ...[
      'spawn',
      'spawn',
      'spawn',
      'spawn',
      'spawn',
      'kill',
      'exit',
      'wait',
      'execute',
      'execute',
      'order',
      'giveUp',
    ],
    ...['interrupt', 'send', 'send', 'send', 'escalate', 'store', 'store', 'get', 'metric', 'look'],
    ...['llm', 'ends', 'ends', 'readies', 'crashes', 'acks', 'acks', 'strays', 'relinks', 'time'],
    ...['time', 'checks', 'reboots', 'signal', 'signal', 'sleep', 'sleep', 'wake', 'restart'],
    ...['fails', 'fails', 'writes', 'writes', 'letters', 'reads'],
    ...['checkpoint', 'collapse', 'peek', 'reparent', 'quiet', 'remove', 'unresponsive'],
    ...['storeIf', 'storeIf', 'freezes', 'deletes', 'versions'],
  ];

  #tell(fact: Fact): undefined {
    this.t.fact(fact);
  }

  #pass(): undefined {
    this.t.pass();
  }

  /** Everything is killed; what does not want to end is ended by the OS. */
  endAll(): void {
    this.t.fact({ fact: 'stopping', reason: 'test', graceMs: 0 });
    const how = { isRecursive: true, reason: 'normal', graceMs: 0 } as const;
    for (const pid of [...this.t.kernel.state.table.king.children.keys()]) {
      this.tickets.push(this.t.call('kill', { pid, ...how }));
    }
    for (let round = 0; round < 100 && living(this.t.kernel).length > 1; round += 1) {
      for (const pid of living(this.t.kernel)) {
        const agent = this.t.runtime.agents.get(pid);
        if (agent !== undefined) this.t.runtime.exits(pid, { cause: 'killed' });
      }
      this.t.pass();
    }
    this.t.advanceMs(30_000);
  }

  /** They stay until an operator takes them away (P8). */
  removeQuarantined(): void {
    for (const { pid, isQuarantined } of [...this.t.kernel.state.table.byPid.values()]) {
      if (isQuarantined) this.t.call('remove', { pid });
    }
  }
}

const LLM_CALL = {
  fact: 'llm_called',
  tier: 'tactical',
  model: 'sonnet',
  provider: 'sim',
  simulated: true,
  completionTokens: 5,
  estimated: false,
  latencyMs: 1,
  outcome: 'ok',
  errorCode: '',
} as const;

function strayFact(of: { pid: Pid; incarnation: number; kind: number }): Fact {
  const { pid, incarnation } = of;
  const task = of.kind as never;
  const result = { exitCode: 0, output: 'stray', artifacts: {}, metadata: {} };
  const strays: Fact[] = [
    { fact: 'started', pid, incarnation, osPid: 77, osStarted: 'x' },
    { fact: 'ready', pid, incarnation },
    { fact: 'start_failed', pid, incarnation, error: 'late' },
    { fact: 'exited', pid, incarnation, exitCode: 0, cause: 'crashed', detail: '' },
    { fact: 'task_ended', pid, task, completed: true, result, error: '' },
    { fact: 'responsive', pid, isResponsive: of.kind % 2 === 0 },
    { fact: 'log', pid, level: 'warn', message: 'm' },
  ];
  return strays[of.kind % strays.length] as Fact;
}

const living = (kernel: Kernel): Pid[] =>
  [...kernel.state.table.byPid.values()].filter(({ state }) => isLive(state)).map(({ pid }) => pid);

const number = fc.nat({ max: 100 });
const steps = fc.array(
  fc.record({ what: fc.constantFrom(...Swarm.words), a: number, b: number, c: number }),
  { minLength: 1, maxLength: 200, size: 'max' },
);

// A failure prints its seed; SEED=… runs it again.
const RUNS = 200;
const { SEED } = process.env;

describe('Kernel', () => {
  it('folds to itself, counts truly and answers every call once, whatever happens (D2, D3)', () => {
    fc.assert(
      fc.property(steps, (list) => {
        const swarm = new Swarm();
        swarm.seedTree();
        for (const step of list) swarm.run(step);
        swarm.t.check();
        swarm.endAll();
        swarm.t.check();
        expect(living(swarm.t.kernel)).toEqual([1]);
        expect(swarm.t.unanswered.map(({ ref }) => ref)).toEqual([]);
        expect(swarm.tickets.filter((one) => !one.isAnswered && !one.isLost)).toEqual([]);
        swarm.t.advanceMs(300_000);
        swarm.removeQuarantined();
        swarm.t.check();
        expect([...swarm.t.kernel.state.table.byPid.keys()]).toEqual([1]);
      }),
      { numRuns: RUNS, ...(SEED === undefined ? {} : { seed: Number(SEED) }) },
    );
  }, 120_000);
});
