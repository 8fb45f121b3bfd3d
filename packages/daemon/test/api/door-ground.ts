// The ground that doors are tested on: the true journaled kernel over a store in memory, with a
// fake runtime as its world, in a directory of its own. Not a test.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_SETTINGS, asPid } from '@hivekernel/kernel';
import type {
  AnswerOf,
  ArgsOf,
  Call,
  Effect,
  Event,
  KernelSettings,
  Pid,
  SyscallName,
} from '@hivekernel/kernel';
import { FakeRuntime, MemoryStore, spawnOrder } from '@hivekernel/testkit';
import type { SpawnWish } from '@hivekernel/testkit';
import { EventFeed } from '../../src/api/events/event-feed.ts';
import { ProcessBook } from '../../src/api/events/process-book.ts';
import type { Host, World } from '../../src/journal/host.ts';
import { JournaledKernel } from '../../src/journal/journaled-kernel.ts';

export const TOKEN = 'op-secret';
export const KING = asPid(1);

export class DoorGround {
  readonly host: JournaledKernel;
  readonly store: MemoryStore;
  readonly feed: EventFeed;
  readonly runtime: FakeRuntime;
  readonly dir: string;
  readonly #ends: (() => Promise<void>)[] = [];
  #lastCallId = 0;

  private constructor(parts: {
    host: JournaledKernel;
    store: MemoryStore;
    runtime: FakeRuntime;
    dir: string;
  }) {
    this.host = parts.host;
    this.store = parts.store;
    this.runtime = parts.runtime;
    this.dir = parts.dir;
    this.feed = new EventFeed({ host: this.host, book: new ProcessBook({ host: this.host }) });
  }

  static async open(settings: Partial<KernelSettings> = {}): Promise<DoorGround> {
    const store = new MemoryStore();
    const runtime = new FakeRuntime();
    const host = await JournaledKernel.open({
      store,
      settings: { ...DEFAULT_SETTINGS, ...settings },
      onFatal: (error) => {
        throw error;
      },
    });
    host.start(worldOf(host, runtime));
    host.fact({ fact: 'booted', version: '0', bootId: 'boot' });
    await host.settled();
    const dir = await mkdtemp(join(tmpdir(), 'hive-door-'));
    return new DoorGround({ host, store, runtime, dir });
  }

  /** Ends with the ground, the last one first. */
  onClose(end: () => Promise<void>): void {
    this.#ends.push(end);
  }

  async close(): Promise<void> {
    for (const end of this.#ends.toReversed()) await end();
    this.feed.book.close();
    await this.host.close();
    await this.store.close();
    await rm(this.dir, { recursive: true, force: true });
  }

  /** A call past the doors, as the operator. Rejects with the refusal. */
  call<N extends SyscallName>(name: N, args: ArgsOf<N>, pid: Pid = KING): Promise<AnswerOf<N>> {
    this.#lastCallId += 1;
    const ref = { channel: 'ground', pid, id: this.#lastCallId };
    const call = { name, args, ref, task: null, isOperator: pid === KING } as Call;
    return new Promise((resolve, reject) => {
      this.host.call(call, (result) => {
        if (result.ok) resolve(result.value as AnswerOf<N>);
        else reject(result.error);
      });
    });
  }

  async spawn(wish: SpawnWish = {}, parent: Pid = KING): Promise<Pid> {
    return (await this.call('spawn', spawnOrder(wish), parent)).pid;
  }

  /** `n` log lines, durable. */
  async log(n: number, pid: Pid = KING): Promise<void> {
    for (let i = 0; i < n; i += 1) {
      await this.call('log', { level: 'info', message: `line ${i}`, fields: {} }, pid);
    }
    await this.host.settled();
  }

  /** Retention, after some log lines; gives the first event that is kept. */
  async dropOldEvents(): Promise<number> {
    const { epoch } = this.host.lease;
    for (let i = 0; i < 2; i += 1) {
      await this.log(10);
      const snapshot = { partition: 0, seq: this.host.durableSeq, v: 1, body: '{}' };
      await this.store.saveSnapshot({ epoch, snapshot });
    }
    const policy = {
      nowWallMs: Date.now(),
      keepMs: -1,
      keepBytes: 0,
      liveHashes: new Set<string>(),
    };
    return (await this.store.retain({ partition: 0, policy })).droppedBefore;
  }

  /** Makes an event that is two on the wire; gives its seq. */
  async twoParts(): Promise<number> {
    const pid = await this.spawn({ name: 'sleeper' });
    await this.call('sleep', { pid });
    const woken = this.next('process.woken');
    await this.call('wake', { pid });
    return (await woken).seq;
  }

  /** The next durable event of the kind. */
  next<K extends Event['kind']>(kind: K): Promise<Extract<Event, { kind: K }>> {
    return new Promise((resolve) => {
      const off = this.host.onDurable((events) => {
        const found = events.find((event) => event.kind === kind);
        if (found === undefined) return;
        off();
        resolve(found as Extract<Event, { kind: K }>);
      });
    });
  }
}

function worldOf(host: JournaledKernel, runtime: FakeRuntime): World {
  const carryOut = (effect: Effect): void => {
    runtime.carryOut(effect);
    setImmediate(() => tellFacts(host, runtime));
  };
  const world = {
    start: carryOut,
    stop: carryOut,
    pause: carryOut,
    resume: carryOut,
    dump: carryOut,
    execute: carryOut,
    interrupt: carryOut,
    deliver: carryOut,
  };
  return world;
}

/** The host with a method of the test's own in place of one of its. */
export function hostWith(host: Host, own: Partial<Host>): Host {
  return new Proxy(host, {
    get(target, key) {
      const value: unknown = Reflect.get(Object.hasOwn(own, key) ? own : target, key, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

export function tellFacts(host: JournaledKernel, runtime: FakeRuntime): void {
  for (const fact of runtime.takeFacts()) host.fact(fact);
}
