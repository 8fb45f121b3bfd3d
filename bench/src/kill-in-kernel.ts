// The kill of a large subtree in the kernel alone: no OS process, no disk, no waiting. What is left
// is what the kernel itself takes to end so many, the grace period left out, which is virtual time.

import {
  asPid,
  DEFAULT_SETTINGS,
  Kernel,
  KING_PID,
  type Call,
  type CallResult,
  type Pid,
} from '@hivekernel/kernel';
import type { FakeRuntime, VirtualTime } from '@hivekernel/testkit';

const CHILDREN_EACH = 100;
const GRACE_MS = 1_000;

/** Resolves with the ms from the call to the answer. Throws when something of it is left. */
export async function killInKernel(options: {
  count: number;
  stubbornEvery: number;
}): Promise<number> {
  const testkit = await import('@hivekernel/testkit');
  const swarm = new Swarm(testkit);
  const root = swarm.spawn('echo', KING_PID);
  const pids: Pid[] = [root];
  for (let index = 1; index < options.count; index += 1) {
    const parent = pids[Math.floor((index - 1) / CHILDREN_EACH)] as Pid;
    const isLeaf = index * CHILDREN_EACH >= options.count;
    const isStubborn = isLeaf && index % options.stubbornEvery === 0;
    pids.push(swarm.spawn(isStubborn ? 'stubborn' : 'echo', parent));
  }
  const beganMs = performance.now();
  swarm.kill(root);
  const tookMs = performance.now() - beganMs;
  if (swarm.alive > 0) throw new Error(`${swarm.alive} of ${options.count} outlived their kill`);
  return tookMs;
}

type Testkit = typeof import('@hivekernel/testkit');

class Swarm {
  readonly #runtime: FakeRuntime;
  readonly #time: VirtualTime;
  readonly #spawnOrder: Testkit['spawnOrder'];
  readonly #kernel = new Kernel({
    settings: { ...DEFAULT_SETTINGS, osProcessesMax: Infinity },
    partition: 0,
  });
  #calls = 0;
  #answer: CallResult | undefined;

  constructor(testkit: Testkit) {
    this.#runtime = new testkit.FakeRuntime();
    this.#time = new testkit.VirtualTime();
    this.#spawnOrder = testkit.spawnOrder;
    this.#runtime.tell({ fact: 'booted', version: '0', bootId: 'bench' });
    this.#settle();
  }

  /** OS processes that would still run. */
  get alive(): number {
    return [...this.#runtime.agents.values()].filter(({ isGone }) => !isGone).length;
  }

  spawn(image: string, parent: Pid): Pid {
    const role = image === 'stubborn' ? 'worker' : 'lead';
    const limits = { childrenMax: CHILDREN_EACH };
    const args = this.#spawnOrder({ name: 'one', image, role, limits });
    return asPid((this.#call('spawn', args, parent) as { pid: number }).pid);
  }

  kill(pid: Pid): void {
    const args = { pid, isRecursive: true, reason: 'user_request', graceMs: GRACE_MS } as const;
    this.#begin('kill', args, KING_PID);
    this.#time.advanceMs(GRACE_MS);
    // The grace is over: the runtime kills who did not end by itself.
    for (const agent of this.#runtime.agents.values()) {
      if (!agent.isGone && agent.stops.length > 0) this.#runtime.exits(agent.pid);
    }
    this.#settle();
    this.#taken();
  }

  #call(name: 'spawn', args: Call['args'], from: Pid): unknown {
    this.#begin(name, args, from);
    return this.#taken();
  }

  #begin(name: 'spawn' | 'kill', args: Call['args'], from: Pid): void {
    this.#calls += 1;
    const ref = { channel: 'bench', pid: from, id: this.#calls };
    const call = { name, args, ref, task: null, isOperator: from === KING_PID } as Call;
    const outcome = this.#kernel.dispatch(call, this.#time.now());
    if (outcome.done && !outcome.ok) throw outcome.error;
    this.#settle();
  }

  #taken(): unknown {
    const answer = this.#answer;
    this.#answer = undefined;
    if (answer === undefined) throw new Error('a call was not answered');
    if (!answer.ok) throw answer.error;
    return answer.value;
  }

  /** Until nothing more comes of it. */
  #settle(): void {
    for (;;) {
      const { effects } = this.#kernel.drain();
      for (const { effect } of effects) {
        if (effect.do === 'reply') this.#answer = effect.result;
        else this.#runtime.carryOut(effect);
      }
      const facts = this.#runtime.takeFacts();
      if (effects.length + facts.length === 0) return;
      for (const fact of facts) this.#kernel.input(fact, this.#time.now());
    }
  }
}
