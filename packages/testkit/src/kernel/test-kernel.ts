// A kernel in a test: a fake runtime carries out its effects, time is virtual, every answer and
// every event is kept. `testKernel()` also holds it to the three-way equality and to its
// invariants when the test ends; whoever makes a TestKernel by hand calls `check`.
//   An answer comes exactly once: a second one fails the test.

import {
  asPid,
  DEFAULT_SETTINGS,
  Kernel,
  KING_PID,
  type AnswerOf,
  type ArgsOf,
  type Call,
  type CallRef,
  type CallResult,
  type Effect,
  type Event,
  type EventKind,
  type EventOf,
  type Fact,
  type KernelError,
  type KernelSettings,
  type PendingEffect,
  type Pid,
  type ProcessView,
  type SyscallName,
  type TaskId,
} from '@hivekernel/kernel';
import { onTestFinished } from 'vitest';
import { SeededChance } from '../seeded-chance.ts';
import { VirtualTime } from '../virtual-time.ts';
import { FakeRuntime } from './fake-runtime.ts';
import { brokenInvariants } from './kernel-invariants.ts';
import { movesAroundTheTable } from './kernel-moves.ts';
import { spawnOrder, textOf, type SpawnWish } from './orders.ts';
import { ThreeWay } from './three-way.ts';

export interface Caller {
  readonly pid?: Pid;
  readonly task?: TaskId | null;
  readonly isOperator?: boolean;
  readonly channel?: string;
}

/** A call that was made, and its answer once there is one. */
export class Ticket<N extends SyscallName = SyscallName> {
  readonly ref: CallRef;
  /** What the reply waits for; -1 where it is owed yet. */
  gate = -1;
  /** The daemon that owed the answer is no more; it may or may not still come. */
  isLost = false;
  result: CallResult | undefined;

  constructor(ref: CallRef) {
    this.ref = ref;
  }

  get isAnswered(): boolean {
    return this.result !== undefined;
  }

  answer(result: CallResult): void {
    if (this.result !== undefined) throw new Error(`call ${this.ref.id} is answered twice`);
    this.result = result;
  }

  /** The answer. Throws the refusal, or that there is none yet. */
  get value(): AnswerOf<N> {
    if (this.result === undefined) throw new Error(`call ${this.ref.id} is not answered`);
    if (!this.result.ok) throw this.result.error;
    return this.result.value as AnswerOf<N>;
  }

  /** The refusal. Throws when it went well or is not answered. */
  get refusal(): KernelError {
    if (this.result === undefined) throw new Error(`call ${this.ref.id} is not answered`);
    if (this.result.ok) throw new Error(`call ${this.ref.id} was not refused`);
    return this.result.error;
  }
}

export interface TestKernelOptions {
  readonly settings?: Partial<KernelSettings>;
  readonly seed?: number;
}

type EffectOf<D extends Effect['do']> = Extract<Effect, { do: D }>;

const ROUNDS_MAX = 100_000;

export class TestKernel {
  settings: KernelSettings;
  readonly time = new VirtualTime();
  readonly runtime = new FakeRuntime();
  readonly events: Event[] = [];
  /** All but the replies, in order. */
  readonly effects: Effect[] = [];
  readonly #owed = new Map<string, Ticket>();
  readonly #threeWay: ThreeWay;
  readonly #chance: SeededChance;
  kernel: Kernel;
  #lastCall = 0;

  constructor(options: TestKernelOptions = {}) {
    this.settings = { ...DEFAULT_SETTINGS, ...options.settings };
    const chance = new SeededChance(options.seed ?? 1);
    this.#threeWay = new ThreeWay(chance);
    this.#chance = new SeededChance((options.seed ?? 1) + 1);
    const { settings } = this;
    this.kernel = new Kernel({ settings, partition: 0, chance: this.#chance });
    this.fact({ fact: 'booted', version: 'test', bootId: 'boot-1' });
  }

  /** By the king as its operator, unless `from` says otherwise. */
  call<N extends SyscallName>(name: N, args: ArgsOf<N>, from: Caller = {}): Ticket<N> {
    const ticket = this.hold(name, args, from);
    this.pass();
    return ticket;
  }

  /** As `call`, without the pass: what comes of it waits for the next one. */
  hold<N extends SyscallName>(name: N, args: ArgsOf<N>, from: Caller = {}): Ticket<N> {
    const { pid = KING_PID, task = null, channel = 'test' } = from;
    this.#lastCall += 1;
    const ref: CallRef = { channel, pid, id: this.#lastCall };
    const ticket = new Ticket<N>(ref);
    const isOperator = from.isOperator ?? pid === KING_PID;
    const call = { name, args, ref, task, isOperator } as unknown as Call;
    const outcome = this.kernel.dispatch(call, this.time.now());
    if (!outcome.done) {
      this.#owed.set(keyOf(ref), ticket);
      return ticket;
    }
    ticket.gate = outcome.gate;
    ticket.answer(
      outcome.ok
        ? { ok: true, value: outcome.value }
        : { ok: false, error: outcome.error as KernelError },
    );
    return ticket;
  }

  /** Tells a fact at once and passes. */
  fact(fact: Fact): void {
    this.kernel.input(fact, this.time.now());
    this.pass();
  }

  /** Drains, carries out, reports, until nothing more comes of it. */
  pass(): void {
    for (let round = 0; round < ROUNDS_MAX; round += 1) {
      const { events, effects } = this.drain();
      for (const pending of effects) this.#carryOut(pending);
      const facts = this.runtime.takeFacts();
      this.#threeWay.passed(this.kernel);
      if (events.length + effects.length + facts.length === 0) return;
      for (const fact of facts) this.kernel.input(fact, this.time.now());
    }
    throw new Error(`the kernel does not come to rest in ${ROUNDS_MAX} rounds`);
  }

  /** One drain whose effects nobody carries out: for looking at what waits for what. */
  drain(): { events: Event[]; effects: PendingEffect[] } {
    const drained = this.kernel.drain();
    this.events.push(...drained.events);
    return drained;
  }

  /** Lets time pass, stopping at every instant that the kernel asked for. */
  advanceMs(ms: number): void {
    const untilMonoMs = this.time.monoMs + ms;
    for (;;) {
      const due = this.kernel.nextDeadline;
      if (due === undefined || due > untilMonoMs) break;
      this.time.advanceMs(Math.max(0, due - this.time.monoMs));
      this.#tick();
    }
    this.time.advanceMs(untilMonoMs - this.time.monoMs);
    this.#tick();
  }

  /** A snapshot is taken now, and `reboot` starts from it. */
  takeSnapshot(): void {
    this.pass();
    this.#threeWay.mark(this.kernel);
  }

  /**
   * The daemon dies and comes back, with some settings changed: the kernel is folded from its
   * journal and boots.
   */
  reboot(changed: Partial<KernelSettings> = {}): void {
    this.settings = { ...this.settings, ...changed };
    this.kernel = this.#threeWay.recovered(this.events, {
      settings: this.settings,
      chance: this.#chance,
    });
    for (const ticket of this.#owed.values()) ticket.isLost = true;
    for (const agent of this.runtime.agents.values()) agent.isGone = true;
    this.runtime.takeFacts();
    this.fact({ fact: 'booted', version: 'test', bootId: 'boot-2' });
  }

  /** Spawns and gives the pid; throws when it is refused or does not become ready. */
  spawn(wish: SpawnWish = {}, from: Caller = {}): Pid {
    return this.call('spawn', spawnOrder(wish), from).value.pid;
  }

  /** Its OS process ends now, asked or not: by default it crashes. */
  ends(pid: Pid, how: Parameters<FakeRuntime['exits']>[1] = {}): void {
    this.runtime.exits(pid, how);
    this.pass();
  }

  /** What the kernel had started for it, the first run first. */
  startsOf(pid: Pid): EffectOf<'start'>[] {
    return this.effects.filter(
      (effect): effect is EffectOf<'start'> => effect.do === 'start' && effect.pid === pid,
    );
  }

  /** The kernel's signals that its agent was given in its last run. */
  signalsTo(pid: Pid): Record<string, unknown>[] {
    return this.runtime
      .agent(pid)
      .delivered.filter(({ type }) => type === 'signal')
      .map(({ content }) => JSON.parse(textOf(content)) as Record<string, unknown>);
  }

  /** As the operator sees it. */
  view(pid: Pid | number): ProcessView {
    return this.call('info', { pid: asPid(pid) }).value;
  }

  eventsOf<K extends EventKind>(kind: K): EventOf<K>[] {
    return this.events.filter((event) => event.kind === kind) as unknown as EventOf<K>[];
  }

  /** Calls that are owed an answer and have none. */
  get unanswered(): Ticket[] {
    return [...this.#owed.values()].filter((ticket) => !ticket.isLost);
  }

  /** Throws when live state and fold differ, or an invariant is broken. */
  check(): void {
    this.pass();
    this.#threeWay.check(this.kernel, this.events);
    const broken = [...brokenInvariants(this.kernel), ...movesAroundTheTable(this.events)];
    if (broken.length > 0) throw new Error(`broken: ${broken.join('; ')}`);
    const stale = this.events.findIndex((event, i) => event.seq !== i + 1);
    if (stale >= 0) throw new Error(`event ${stale} does not have the next seq (D3)`);
  }

  #tick(): void {
    this.kernel.tick(this.time.now());
    this.pass();
  }

  #carryOut({ effect, afterSeq }: PendingEffect): void {
    if (effect.do !== 'reply') {
      this.effects.push(effect);
      this.runtime.carryOut(effect);
      return;
    }
    const key = keyOf(effect.to);
    const ticket = this.#owed.get(key);
    if (ticket === undefined) throw new Error(`a reply to call ${key}, which is owed none`);
    this.#owed.delete(key);
    ticket.gate = afterSeq;
    ticket.answer(effect.result);
  }
}

const keyOf = (ref: CallRef): string => `${ref.channel} ${ref.pid} ${ref.id}`;

/** A kernel that is checked when the test ends. */
export function testKernel(options: TestKernelOptions = {}): TestKernel {
  const kernel = new TestKernel(options);
  onTestFinished(() => kernel.check());
  return kernel;
}
