// Topics: what is published once reaches ten thousand live subscribers. The kernel with its real
// journal, in this process; no links, so that what is left is what the kernel takes to hand out.
//   Every subscriber waits with a take of its own, and every answer is one that a door would get.

import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  asPid,
  DEFAULT_SETTINGS,
  KING_PID,
  type AnswerOf,
  type ArgsOf,
  type Call,
  type CallResult,
  type Content,
  type Pid,
  type SyscallName,
} from '@hivekernel/kernel';
import { JournaledKernel, SqliteStore } from '@hivekernel/daemon/journal';
import type { Benchmark, Effort, Figure, Ground } from '../benchmark.ts';
import { perSecond } from '../pump.ts';
import { median, warmedUp } from '../statistics.ts';

const nothing = (): void => undefined;
/** Subscribers without a runtime: nothing is to be started or told. */
const NO_WORLD: Parameters<JournaledKernel['start']>[0] = {
  start: nothing,
  stop: nothing,
  execute: nothing,
  interrupt: nothing,
  deliver: nothing,
  pause: nothing,
  resume: nothing,
  dump: nothing,
};

const SPAWN: ArgsOf<'spawn'> = {
  name: 'subscriber',
  role: 'worker',
  tier: 'operational',
  model: '',
  user: '',
  image: '',
  systemPrompt: '',
  tools: [],
  env: {},
  cwd: '',
  initialTask: '',
  exitAfterTask: false,
  restart: undefined,
  strategy: undefined,
  watch: { wallMs: 0, idleMs: 0, firstTokenMs: 0 },
  limits: {
    tokensPerHourMax: 0,
    contextTokensMax: 0,
    childrenMax: 0,
    concurrentTasksMax: 0,
    taskTimeoutMs: 0,
    tokensTotalMax: 0,
  },
};

interface Counts {
  readonly processes: number;
  /** Of each. */
  readonly subscriptions: number;
  readonly rounds: number;
  /** Publications that are made at once, for the rate. */
  readonly burst: number;
}

/** The first rounds warm up. */
const COUNTS: Readonly<Record<Effort, Counts>> = {
  full: { processes: 100, subscriptions: 100, rounds: 12, burst: 50 },
  tiny: { processes: 2, subscriptions: 3, rounds: 2, burst: 5 },
};
const WARM_UP = 2;

const CONTENT: Content = { bytes: 12, inline: 'aGVsbG8gd29ybGQh' };
const TOPIC = 'news.local';
/** Half of them name the topic, half match it. */
const PATTERNS = [TOPIC, 'news.*'] as const;

export const fanout: Benchmark = {
  name: 'fanout',
  group: 'ipc',
  withinMs: 60_000,
  async run(ground) {
    const dir = await mkdtemp(join(ground.dir, 'fanout-'));
    const store = await SqliteStore.open({ dir, ballastBytes: 0 });
    try {
      return await measured(ground, await Square.open(store, COUNTS[ground.effort]));
    } finally {
      await store.close();
      await rm(dir, { recursive: true, force: true });
    }
  },
};

async function measured(ground: Ground, square: Square): Promise<readonly Figure[]> {
  const { rounds, burst } = COUNTS[ground.effort];
  try {
    const lastMs: number[] = [];
    const rates: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      ground.signal.throwIfAborted();
      lastMs.push(await square.publish(1));
      const tookMs = await square.publish(burst);
      rates.push(perSecond(square.subscribers * burst, tookMs));
    }
    const who = `${square.subscribers} live subscribers`;
    const disk = `bare disk commit ${ground.diskCommitMs.toFixed(2)} ms`;
    return [
      {
        name: 'fanout',
        value: median(warmedUp(rates, WARM_UP)),
        unit: 'deliveries/s',
        goal: 1_000_000,
        isHigherBetter: true,
        note: `${burst} publications to ${who}, journaled`,
      },
      {
        name: 'fanout.last',
        value: median(warmedUp(lastMs, WARM_UP)),
        unit: 'ms',
        goal: 50,
        isHigherBetter: false,
        note: `from one publication to the last answer to ${who}; ${disk}`,
      },
    ];
  } finally {
    await square.close();
  }
}

type Reply<N extends SyscallName> = (answer: AnswerOf<N>) => void;

/** A publisher, and subscribers who take for ever. */
class Square {
  readonly #host: JournaledKernel;
  #lastCall = 0;
  /** Deliveries that are awaited, and who awaits them. */
  #missing = 0;
  #arrived = Promise.withResolvers<void>();
  #isOver = false;
  subscribers = 0;
  /** Who has an answer, and takes again. */
  #served: { readonly pid: Pid; readonly subscription: number }[] = [];

  private constructor(host: JournaledKernel) {
    this.#host = host;
  }

  static async open(store: SqliteStore, counts: Counts): Promise<Square> {
    const settings = { ...DEFAULT_SETTINGS, kingChildrenMax: counts.processes + 1 };
    const failed = (error: Error): never => {
      throw error;
    };
    const host = await JournaledKernel.open({ store, settings, onFatal: failed, onFault: failed });
    host.start(NO_WORLD);
    host.fact({ fact: 'booted', version: '0', bootId: 'bench' });
    const square = new Square(host);
    for (let i = 0; i < counts.processes; i += 1) await square.#join(counts.subscriptions);
    return square;
  }

  async #join(subscriptions: number): Promise<void> {
    const { pid } = await this.#asked('spawn', SPAWN, KING_PID);
    for (let i = 0; i < subscriptions; i += 1) {
      const pattern = PATTERNS[i % PATTERNS.length] as string;
      const from = { source: 'topic', pattern, durable: '', withRetained: false } as const;
      const order = { from, type: '', leastUrgent: 3, isAcknowledged: false } as const;
      const { subscription } = await this.#asked('subscribe', order, asPid(pid));
      this.subscribers += 1;
      this.#take(asPid(pid), subscription);
    }
  }

  /** The ms until every subscriber had all of them; before, each waits with a take. */
  async publish(count: number): Promise<number> {
    this.#takeAgain();
    this.#missing = this.subscribers * count;
    this.#arrived = Promise.withResolvers();
    const args = { topic: TOPIC, type: 'note', content: CONTENT, isTransient: false };
    const beganMs = performance.now();
    for (let i = 0; i < count; i += 1)
      this.#call('publish', args, { pid: KING_PID, reply: nothing });
    await this.#arrived.promise;
    return performance.now() - beganMs;
  }

  /** Waits for what is journaled; the takes that wait are never answered. */
  close(): Promise<void> {
    this.#isOver = true;
    return this.#host.close();
  }

  #take(pid: Pid, subscription: number): void {
    const args = { subscription, max: 0, timeoutMs: 0, accepted: [] };
    const reply: Reply<'take'> = ({ messages }) => {
      this.#takeLater(pid, subscription);
      this.#missing -= messages.length;
      if (this.#missing === 0) this.#arrived.resolve();
    };
    this.#call('take', args, { pid, reply });
  }

  /** In another turn, as a call that comes over a link. */
  #takeLater(pid: Pid, subscription: number): void {
    if (this.#served.length === 0) setImmediate(() => this.#takeAgain());
    this.#served.push({ pid, subscription });
  }

  #takeAgain(): void {
    if (this.#isOver) return;
    const served = this.#served;
    this.#served = [];
    for (const { pid, subscription } of served) this.#take(pid, subscription);
  }

  #asked<N extends SyscallName>(name: N, args: ArgsOf<N>, pid: Pid): Promise<AnswerOf<N>> {
    return new Promise((reply) => this.#call(name, args, { pid, reply }));
  }

  #call<N extends SyscallName>(
    name: N,
    args: ArgsOf<N>,
    { pid, reply }: { pid: Pid; reply: Reply<N> },
  ): void {
    this.#lastCall += 1;
    const ref = { channel: 'bench', pid, id: this.#lastCall };
    const call = { name, args, ref, task: null, isOperator: pid === KING_PID } as unknown as Call;
    this.#host.call(call, (result: CallResult) => {
      if (!result.ok) throw result.error;
      reply(result.value as AnswerOf<N>);
    });
  }
}
