// Routing inside the kernel alone: a send is dispatched, given out for delivery, and acknowledged.
// No journal, no link, no disk: what is left is what every message costs at the least.

import {
  DEFAULT_SETTINGS,
  Kernel,
  asPid,
  type Call,
  type Content,
  type Effect,
  type Fact,
  type Pid,
  type Time,
} from '@hivekernel/kernel';
import type { Benchmark, Effort } from '../benchmark.ts';
import { perSecond } from '../pump.ts';
import { median, warmedUp } from '../statistics.ts';

interface Counts {
  readonly messages: number;
  readonly rounds: number;
}

/** The first round warms up. */
const COUNTS: Readonly<Record<Effort, Counts>> = {
  full: { messages: 400_000, rounds: 6 },
  tiny: { messages: 512, rounds: 2 },
};

/** Sends in one pass of the kernel: what one turn of a busy daemon brings. */
const MESSAGES_PER_PASS = 256;
const CONTENT: Content = { bytes: 12, inline: 'aGVsbG8gd29ybGQh' };
const KING = asPid(1);

export const routing: Benchmark = {
  name: 'routing',
  group: 'ipc',
  withinMs: 20_000,
  async run({ effort }) {
    const { messages, rounds } = COUNTS[effort];
    const rates: number[] = [];
    const post = new Post();
    for (let round = 0; round < rounds; round += 1) rates.push(post.route(messages));
    return [
      {
        name: 'routing',
        value: median(warmedUp(rates, 1)),
        unit: 'msg/s',
        goal: 1_000_000,
        isHigherBetter: true,
        note: 'in-kernel send, deliver and acknowledge',
      },
    ];
  },
};

/** A kernel with a lead and its worker, and the world around it as short as can be. */
class Post {
  readonly #kernel = new Kernel({ settings: DEFAULT_SETTINGS, partition: 0 });
  readonly #lead: Pid;
  readonly #worker: Pid;
  #nextId = 1;
  #acked = 0;

  constructor() {
    this.#kernel.input({ fact: 'booted', version: '0', bootId: 'bench' }, this.#now());
    this.#lead = this.#spawn(KING, 'lead');
    this.#worker = this.#spawn(this.#lead, 'worker');
  }

  /** Messages a second, each acknowledged. */
  route(messages: number): number {
    const passes = Math.ceil(messages / MESSAGES_PER_PASS);
    const wanted = this.#acked + passes * MESSAGES_PER_PASS;
    const beganMs = performance.now();
    for (let pass = 0; pass < passes; pass += 1) this.#pass();
    const rate = perSecond(passes * MESSAGES_PER_PASS, performance.now() - beganMs);
    if (this.#acked !== wanted) throw new Error(`${wanted - this.#acked} messages went astray`);
    return rate;
  }

  #pass(): void {
    const time = this.#now();
    for (let i = 0; i < MESSAGES_PER_PASS; i += 1) this.#call(this.#send(), time);
    for (const { effect } of this.#kernel.drain().effects) this.#carryOut(effect, time);
    this.#kernel.drain();
  }

  #send(): Call {
    return {
      name: 'send',
      args: {
        to: this.#worker,
        queue: '',
        type: 'message',
        replyTo: '',
        priority: 2,
        ttlMs: 0,
        content: CONTENT,
        requiresAck: false,
      },
      ref: this.#ref(this.#lead),
      task: null,
      isOperator: false,
    };
  }

  #spawn(parent: Pid, role: 'lead' | 'worker'): Pid {
    const text = { model: '', user: '', systemPrompt: '', cwd: '', initialTask: '' };
    const limits = {
      tokensPerHourMax: 0,
      contextTokensMax: 0,
      childrenMax: 0,
      concurrentTasksMax: 0,
      taskTimeoutMs: 0,
      tokensTotalMax: 0,
    };
    this.#call(
      {
        name: 'spawn',
        args: {
          ...text,
          name: role,
          role,
          tier: 'operational',
          image: `./${role}.ts`,
          tools: [],
          env: {},
          limits,
          exitAfterTask: false,
          restart: undefined,
          strategy: undefined,
          watch: { wallMs: 0, idleMs: 0, firstTokenMs: 0 },
        },
        ref: this.#ref(parent),
        task: null,
        isOperator: parent === KING,
      },
      this.#now(),
    );
    return this.#start();
  }

  /** The world starts what the kernel asks for. */
  #start(): Pid {
    const start = this.#kernel.drain().effects.find(({ effect }) => effect.do === 'start')?.effect;
    if (start?.do !== 'start') throw new Error('nothing was to be started');
    const { pid, incarnation } = start;
    this.#input({ fact: 'started', pid, incarnation, osPid: 1, osStarted: '1' });
    this.#input({ fact: 'ready', pid, incarnation });
    this.#kernel.drain();
    return pid;
  }

  #carryOut(effect: Effect, time: Time): void {
    if (effect.do !== 'deliver') return;
    const { pid, messages } = effect;
    const acks = messages.map(({ message }) => ({
      message,
      status: 'accepted' as const,
      reply: undefined,
    }));
    this.#kernel.input({ fact: 'acked', pid, acks }, time);
    this.#acked += acks.length;
  }

  #call(call: Call, time: Time): void {
    const outcome = this.#kernel.dispatch(call, time);
    if (outcome.done && !outcome.ok) throw outcome.error;
  }

  #input(fact: Fact): void {
    this.#kernel.input(fact, this.#now());
  }

  #ref(pid: Pid): Call['ref'] {
    const id = this.#nextId;
    this.#nextId += 1;
    return { channel: 'bench', pid, id };
  }

  #now(): Time {
    return { wallMs: Date.now(), monoMs: performance.now() };
  }
}
