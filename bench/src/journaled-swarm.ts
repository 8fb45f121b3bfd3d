// A kernel with its journal, a real one on the disk that is measured, and a world that takes no
// time: the testkit's runtime, which starts every process at once and acknowledges every message.
// What is left is what the kernel and its journal take. Here is no link, and no OS process.
//   What the world reports is told in a turn of its own, as from real processes.

import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { JournaledKernel, SqliteStore, SystemClock, type World } from '@hivekernel/daemon/journal';
import {
  DEFAULT_SETTINGS,
  KING_PID,
  type AnswerOf,
  type ArgsOf,
  type Call,
  type CallResult,
  type Delivery,
  type Effect,
  type Event,
  type Pid,
  type SyscallName,
  type Time,
} from '@hivekernel/kernel';
import type { FakeRuntime, SpawnWish } from '@hivekernel/testkit';

export interface SwarmOptions {
  /** The kernel's clock. Default: the machine's. */
  readonly now?: () => Time;
}

type Testkit = typeof import('@hivekernel/testkit');

export class JournaledSwarm implements World {
  /** Told of every message that a process is handed, when it has been told so. */
  onDelivered: (to: Pid, messages: readonly Delivery[]) => void = () => undefined;
  readonly #host: JournaledKernel;
  readonly #testkit: Testkit;
  readonly #runtime: FakeRuntime;
  #handed: { readonly to: Pid; readonly messages: readonly Delivery[] }[] = [];
  #isReportDue = false;
  #calls = 0;

  private constructor(host: JournaledKernel, testkit: Testkit) {
    this.#host = host;
    this.#testkit = testkit;
    this.#runtime = new testkit.FakeRuntime();
  }

  /** Opens one in a directory of its own in `dir`, lets `work` use it, and removes it. */
  static async using<T>(
    dir: string,
    work: (swarm: JournaledSwarm) => Promise<T>,
    options: SwarmOptions = {},
  ): Promise<T> {
    const own = await mkdtemp(join(dir, 'swarm-'));
    const store = await SqliteStore.open({ dir: own, ballastBytes: 0 });
    const broken = Promise.withResolvers<never>();
    broken.promise.catch(() => undefined);
    try {
      const host = await JournaledKernel.open({
        store,
        settings: { ...DEFAULT_SETTINGS, osProcessesMax: Infinity },
        clock: new SystemClock(options.now),
        onFatal: broken.reject,
        onFault: broken.reject,
      });
      try {
        const swarm = new JournaledSwarm(host, await import('@hivekernel/testkit'));
        host.start(swarm);
        host.fact({ fact: 'booted', version: '0', bootId: 'bench' });
        return await Promise.race([work(swarm), broken.promise]);
      } finally {
        await host.close();
      }
    } finally {
      await store.close();
      await rm(own, { recursive: true, force: true });
    }
  }

  /** Resolves when it is ready. */
  async spawn(wish: SpawnWish, parent: Pid = KING_PID): Promise<Pid> {
    const order = this.#testkit.spawnOrder({ image: 'echo', ...wish });
    return (await this.call('spawn', order, parent)).pid;
  }

  /** Resolves when it is durable. */
  send(from: Pid, wish: Partial<ArgsOf<'send'>>): Promise<AnswerOf<'send'>> {
    return this.call('send', this.#testkit.messageOrder(wish), from);
  }

  call<N extends SyscallName>(name: N, args: ArgsOf<N>, pid: Pid): Promise<AnswerOf<N>> {
    const { promise, resolve, reject } = Promise.withResolvers<AnswerOf<N>>();
    this.#calls += 1;
    const ref = { channel: 'bench', pid, id: this.#calls };
    const call = { name, args, ref, task: null, isOperator: pid === KING_PID };
    this.#host.call(call as unknown as Call, (result: CallResult) => {
      if (result.ok) resolve(result.value as AnswerOf<N>);
      else reject(result.error);
    });
    return promise;
  }

  onDurable(listener: (events: readonly Event[]) => void): () => void {
    return this.#host.onDurable(listener);
  }

  start = (effect: Effect): void => this.#carryOut(effect);
  stop = (effect: Effect): void => this.#carryOut(effect);
  execute = (effect: Effect): void => this.#carryOut(effect);
  interrupt = (effect: Effect): void => this.#carryOut(effect);
  pause = (effect: Effect): void => this.#carryOut(effect);
  resume = (effect: Effect): void => this.#carryOut(effect);
  dump = (effect: Effect): void => this.#carryOut(effect);

  deliver = (effect: Parameters<World['deliver']>[0]): void => {
    this.#handed.push({ to: effect.pid, messages: effect.messages });
    this.#carryOut(effect);
  };

  #carryOut(effect: Effect): void {
    this.#runtime.carryOut(effect);
    if (this.#isReportDue) return;
    this.#isReportDue = true;
    setImmediate(() => this.#report());
  }

  #report(): void {
    this.#isReportDue = false;
    for (const fact of this.#runtime.takeFacts()) this.#host.fact(fact);
    const handed = this.#handed;
    this.#handed = [];
    for (const { to, messages } of handed) {
      // The runtime remembers for tests what it was handed.
      this.#runtime.agent(to).delivered.length = 0;
      this.onDelivered(to, messages);
    }
  }
}
