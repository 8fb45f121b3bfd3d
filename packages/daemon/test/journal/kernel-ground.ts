// A journaled kernel in a test: a fake runtime as its world, virtual time as its clock, any store
// behind it, and everything that left it in the order in which it left. Not a test.

import {
  asPid,
  DEFAULT_SETTINGS,
  KING_PID,
  type AnswerOf,
  type ArgsOf,
  type Call,
  type CallResult,
  type Effect,
  type Event,
  type EventKind,
  type EventOf,
  type Fact,
  type KernelError,
  type KernelSettings,
  type Pid,
  type Store,
  type SyscallName,
  type TaskId,
} from '@hivekernel/kernel';
import {
  FakeRuntime,
  MemoryDisk,
  MemoryStore,
  messageOrder,
  spawnOrder,
  VirtualTime,
  type SpawnWish,
} from '@hivekernel/testkit';
import type { World } from '../../src/journal/host.ts';
import { JournaledKernel } from '../../src/journal/journaled-kernel.ts';
import { SystemClock } from '../../src/journal/kernel-clock.ts';
import { SqliteStore } from '../../src/journal/sqlite/sqlite-store.ts';
import { withDir } from './journal-ground.ts';

export interface From {
  readonly pid?: Pid;
  readonly task?: TaskId;
  readonly isOperator?: boolean;
}

/** A call under way; `result` is set at the moment when the answer left. */
export class Asked<N extends SyscallName> {
  result: CallResult | undefined;
  readonly #answered = Promise.withResolvers<CallResult>();

  answer(result: CallResult): void {
    if (this.result !== undefined) throw new Error('a call is answered twice');
    this.result = result;
    this.#answered.resolve(result);
  }

  get isAnswered(): boolean {
    return this.result !== undefined;
  }

  /** Rejects with the refusal. */
  async value(): Promise<AnswerOf<N>> {
    const result = await this.#answered.promise;
    if (!result.ok) throw result.error;
    return result.value as AnswerOf<N>;
  }

  /** Rejects when it went well. */
  async refusal(): Promise<KernelError> {
    const result = await this.#answered.promise;
    if (result.ok) throw new Error('the call was not refused');
    return result.error;
  }
}

export interface RigOptions<S extends Store> {
  readonly store: S;
  readonly settings?: Partial<KernelSettings>;
  readonly time?: VirtualTime;
}

export class Rig<S extends Store = Store> implements World {
  readonly store: S;
  readonly host: JournaledKernel;
  readonly settings: KernelSettings;
  readonly time: VirtualTime;
  readonly runtime = new FakeRuntime();
  /** Everything that left, in order: `reply 3`, `start 2`, `deliver 2`. */
  readonly left: string[] = [];
  readonly events: Event[] = [];
  readonly fatal: Error[];
  readonly faults: Error[];
  /** Effects go out and nothing is done about them. */
  isWorldStill = false;
  #lastCall = 0;

  private constructor(parts: {
    store: S;
    host: JournaledKernel;
    settings: KernelSettings;
    time: VirtualTime;
    fatal: Error[];
    faults: Error[];
  }) {
    this.store = parts.store;
    this.host = parts.host;
    this.settings = parts.settings;
    this.time = parts.time;
    this.fatal = parts.fatal;
    this.faults = parts.faults;
    this.host.onDurable((events) => this.events.push(...events));
  }

  /** Open, started, and not yet booted. */
  static async open<S extends Store>(options: RigOptions<S>): Promise<Rig<S>> {
    const { store, time = new VirtualTime() } = options;
    const settings = { ...DEFAULT_SETTINGS, ...options.settings };
    const fatal: Error[] = [];
    const faults: Error[] = [];
    const host = await JournaledKernel.open({
      store,
      settings,
      clock: new SystemClock(() => time.now()),
      onFatal: (error) => fatal.push(error),
      onFault: (error) => faults.push(error),
    });
    const rig = new Rig<S>({ store, host, settings, time, fatal, faults });
    host.start(rig);
    return rig;
  }

  static async booted<S extends Store>(options: RigOptions<S>): Promise<Rig<S>> {
    const rig = await Rig.open(options);
    rig.host.fact({ fact: 'booted', version: 'test', bootId: 'boot' });
    await rig.calm();
    return rig;
  }

  start = (effect: Effect): void => this.#carryOut(effect);
  stop = (effect: Effect): void => this.#carryOut(effect);
  execute = (effect: Effect): void => this.#carryOut(effect);
  interrupt = (effect: Effect): void => this.#carryOut(effect);
  deliver = (effect: Effect): void => this.#carryOut(effect);
  pause = (effect: Effect): void => this.#carryOut(effect);
  resume = (effect: Effect): void => this.#carryOut(effect);
  dump = (effect: Effect): void => this.#carryOut(effect);

  /** By the king, not as its operator, unless `from` says otherwise. */
  ask<N extends SyscallName>(name: N, args: ArgsOf<N>, from: From = {}): Asked<N> {
    const { pid = KING_PID, task = null, isOperator = false } = from;
    this.#lastCall += 1;
    const id = this.#lastCall;
    const asked = new Asked<N>();
    const ref = { channel: 'test', pid, id };
    this.host.call({ name, args, ref, task, isOperator } as unknown as Call, (result) => {
      this.left.push(`reply ${id}`);
      asked.answer(result);
    });
    return asked;
  }

  async spawn(wish: SpawnWish = {}, from: From = {}): Promise<Pid> {
    const asked = this.ask('spawn', spawnOrder(wish), from);
    await this.calm();
    return (await asked.value()).pid;
  }

  send(to: Pid, wish: Partial<ArgsOf<'send'>> = {}, from: From = {}): Asked<'send'> {
    return this.ask('send', messageOrder({ to, ...wish }), from);
  }

  tell(fact: Fact): void {
    this.host.fact(fact);
  }

  /** What the world has to report is told, until nothing more comes of it. */
  async calm(): Promise<void> {
    for (;;) {
      await this.host.settled();
      const facts = this.runtime.takeFacts();
      if (facts.length === 0) return;
      for (const fact of facts) this.host.fact(fact);
    }
  }

  /** Resolves when an event of the kind is durable that was not when this was called. */
  async durable<K extends EventKind>(kind: K): Promise<EventOf<K>> {
    const { promise, resolve } = Promise.withResolvers<EventOf<K>>();
    const off = this.host.onDurable((events) => {
      const found = events.find((event) => event.kind === kind);
      if (found !== undefined) resolve(found as unknown as EventOf<K>);
    });
    const event = await promise;
    off();
    return event;
  }

  eventsOf<K extends EventKind>(kind: K): EventOf<K>[] {
    return this.events.filter((event) => event.kind === kind) as unknown as EventOf<K>[];
  }

  snapshot(): string {
    return this.host.kernel.snapshot();
  }

  #carryOut(effect: Effect): void {
    if ('pid' in effect) this.left.push(`${effect.do} ${effect.pid}`);
    if (this.isWorldStill || !('pid' in effect)) return;
    const isKnown = effect.do === 'start' || this.runtime.agents.has(effect.pid);
    if (isKnown) this.runtime.carryOut(effect);
    else if (effect.do === 'stop') this.#reportGone(effect);
  }

  /** As the real runtime says of what it never had: the kernel must not wait for ever. */
  #reportGone({ pid, incarnation }: { pid: Pid; incarnation: number }): void {
    const how = { exitCode: -1, cause: 'killed' as const, detail: 'it was not there' };
    this.runtime.tell({ fact: 'exited', pid, incarnation, ...how });
  }
}

/** A turn of the event loop: the pass that is open ends in it. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export const pid = asPid;

/** A place where stores keep their data, so that a kernel can be opened on it again. */
export interface Place {
  readonly name: string;
  open(): Promise<Store>;
}

/** Runs `body` with a place in memory. */
export async function inMemory(body: (place: Place) => Promise<void>): Promise<void> {
  const disk = new MemoryDisk();
  await body({ name: 'MemoryStore', open: async () => new MemoryStore(disk) });
}

/** Runs `body` with a directory of its own. */
export async function onSqlite(body: (place: Place) => Promise<void>): Promise<void> {
  await withDir((dir) =>
    body({ name: 'SqliteStore', open: () => SqliteStore.open({ dir, ballastBytes: 0 }) }),
  );
}

export const PLACES = [
  { name: 'MemoryStore', at: inMemory },
  { name: 'SqliteStore', at: onSqlite },
] as const;

/** Runs `body` with a booted kernel over a store in memory. */
export async function withRig(
  body: (rig: Rig<MemoryStore>) => Promise<void>,
  settings: Partial<KernelSettings> = {},
): Promise<void> {
  const rig = await Rig.booted({ store: new MemoryStore(), settings });
  try {
    await body(rig);
  } finally {
    rig.store.releaseAppends();
    await rig.host.close();
    await rig.store.close();
  }
}
