// What the rules cost inside the kernel alone, without journal, link and disk: the checks that
// every syscall passes, and the reserve and settle that every model call pays for.
//   The check is measured as a whole dispatch of a call that does nearly nothing beside it.

import {
  DEFAULT_SETTINGS,
  Kernel,
  asPid,
  asSeq,
  type Call,
  type Fact,
  type Outcome,
  type Pid,
  type Time,
} from '@hivekernel/kernel';
import { reserveOrder, spawnOrder } from '@hivekernel/testkit';
import type { Benchmark, Effort } from '../benchmark.ts';
import { median, warmedUp } from '../statistics.ts';

interface Counts {
  readonly calls: number;
  readonly rounds: number;
}

/** The first round warms up. */
const COUNTS: Readonly<Record<Effort, Counts>> = {
  full: { calls: 200_000, rounds: 8 },
  tiny: { calls: 100, rounds: 2 },
};

/** Levels between the king, who pays, and the caller. */
const DEPTH = 10;
const CALLS_PER_PASS = 256;
const US_PER_MS = 1_000;
const KING = asPid(1);

export const resources: Benchmark = {
  name: 'resources',
  group: 'calls',
  withinMs: 40_000,
  async run({ effort }) {
    const { calls, rounds } = COUNTS[effort];
    const desk = new Desk();
    const checks: number[] = [];
    const pays: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      checks.push(perCallUs(calls, () => desk.check()));
      pays.push(perCallUs(calls, (i) => desk.pay(i)));
    }
    return [
      {
        name: 'resources.check',
        value: median(warmedUp(checks, 1)),
        unit: 'us',
        goal: 1,
        isHigherBetter: false,
        note: 'right, rate and dispatch of a syscall, in the kernel',
      },
      {
        name: 'resources.pay',
        value: median(warmedUp(pays, 1)),
        unit: 'us',
        goal: 50,
        isHigherBetter: false,
        note: `reserve and settle, ${DEPTH} levels below who pays, without the journal`,
      },
    ];
  },
};

function perCallUs(calls: number, make: (i: number) => void): number {
  const startMs = performance.now();
  for (let i = 0; i < calls; i += 1) make(i);
  return ((performance.now() - startMs) * US_PER_MS) / calls;
}

/** A kernel with a bound on everything, and a caller deep below the king. */
class Desk {
  readonly #kernel = new Kernel({
    settings: {
      ...DEFAULT_SETTINGS,
      syscallsPerMinuteMax: 1e12,
      kingUsdMicros: 1e15,
      kingTokens: { strategic: 1e15, tactical: 1e15, operational: 1e15 },
    },
    partition: 0,
  });
  readonly #caller: Pid;
  #lastId = 0;

  constructor() {
    this.#tell({ fact: 'booted', version: '0', bootId: 'bench' });
    const limits = { tokensPerHourMax: 1e15 };
    let pid = KING;
    for (let i = 0; i < DEPTH; i += 1) pid = this.#spawn(pid, limits);
    this.#caller = pid;
    this.#kernel.drain();
  }

  /** `read_artifact` is asked for, the call counted, and there is nothing to list. */
  check(): void {
    const args = { prefix: 'none', storedBy: undefined };
    this.#call({ ...this.#from(), name: 'list_artifacts', args });
  }

  pay(i: number): void {
    const args = reserveOrder({ usdMicrosMax: 10 });
    const outcome = this.#call({ ...this.#from(), name: 'reserve', args });
    const { reservation } = valueOf(outcome) as { reservation: number };
    const { model, provider, simulated } = args;
    this.#tell({
      ...{ fact: 'llm_called', pid: this.#caller, tier: 'tactical', model, provider, simulated },
      ...{ promptTokens: 70, completionTokens: 20, estimated: false, latencyMs: 1 },
      ...{ outcome: 'ok', errorCode: '', reservation: asSeq(reservation), usdMicros: 7 },
    });
    if (i % CALLS_PER_PASS === 0) this.#kernel.drain();
  }

  #spawn(parent: Pid, limits: { tokensPerHourMax: number }): Pid {
    const args = spawnOrder({ role: 'lead', limits });
    const outcome = this.#call({ ...this.#from(parent), name: 'spawn', args });
    return (valueOf(outcome) as { pid: Pid }).pid;
  }

  #from(pid: Pid = this.#caller) {
    this.#lastId += 1;
    const ref = { channel: 'bench', pid, id: this.#lastId };
    return { ref, task: null, isOperator: false };
  }

  #call(call: Call): Outcome {
    return this.#kernel.dispatch(call, this.#now());
  }

  #tell(fact: Fact): void {
    this.#kernel.input(fact, this.#now());
  }

  #now(): Time {
    return { wallMs: this.#lastId, monoMs: this.#lastId };
  }
}

function valueOf(outcome: Outcome): unknown {
  if (outcome.done && outcome.ok) return outcome.value;
  throw new Error('the kernel refused a call of the benchmark');
}
