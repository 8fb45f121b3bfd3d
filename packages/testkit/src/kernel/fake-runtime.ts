// A runtime that lives in the test: it takes the kernel's effects and answers with facts, by a
// script that the process's image names. The neighbour of the kernel, not a part of it.
//   Every fact is queued and told in the next round of the pass, never from inside an effect, as
//   with real processes.

import type {
  Acknowledgement,
  Content,
  Delivery,
  Effect,
  ExitCause,
  Fact,
  Pid,
  TaskId,
  TaskResult,
} from '@hivekernel/kernel';
import { taskResult, textContent } from './orders.ts';

export interface Behaviour {
  /** `starts`: its OS process is there, but Init stays unanswered. */
  readonly start: 'ready' | 'starts' | 'silent' | 'fails';
  readonly task: 'echo' | 'hold' | 'fail' | 'crash';
  readonly mail: 'accept' | 'keep' | 'reject' | 'escalate';
  readonly stop: 'ends' | 'stays';
}

const GOOD: Behaviour = { start: 'ready', task: 'echo', mail: 'accept', stop: 'ends' };

/** By the image's name. */
export const BEHAVIOURS: Readonly<Record<string, Behaviour>> = {
  echo: GOOD,
  hold: { ...GOOD, task: 'hold' },
  failing: { ...GOOD, task: 'fail' },
  crashing: { ...GOOD, task: 'crash' },
  deaf: { ...GOOD, task: 'hold', mail: 'keep' },
  rejecting: { ...GOOD, mail: 'reject' },
  escalating: { ...GOOD, mail: 'escalate' },
  stubborn: { ...GOOD, task: 'hold', mail: 'keep', stop: 'stays' },
  starting: { ...GOOD, start: 'starts' },
  silent: { ...GOOD, start: 'silent' },
  broken: { ...GOOD, start: 'fails' },
};

type EffectOf<D extends Effect['do']> = Extract<Effect, { do: D }>;

export interface FakeAgent {
  readonly pid: Pid;
  readonly incarnation: number;
  behaviour: Behaviour;
  readonly tasks: Map<TaskId, EffectOf<'execute'>>;
  readonly delivered: Delivery[];
  readonly stops: EffectOf<'stop'>[];
  readonly interrupts: EffectOf<'interrupt'>[];
  /** What it was handed at its start. */
  readonly checkpoint: Content | undefined;
  isPaused: boolean;
  isGone: boolean;
}

export class FakeRuntime {
  readonly agents = new Map<Pid, FakeAgent>();
  readonly #facts: Fact[] = [];
  readonly #wishes = new Map<Pid, Partial<Behaviour>>();

  /** The agent behind a pid; throws when none was ever started. */
  agent(pid: Pid): FakeAgent {
    const agent = this.agents.get(pid);
    if (agent === undefined) throw new Error(`no agent was started for pid ${pid}`);
    return agent;
  }

  carryOut(effect: Effect): void {
    switch (effect.do) {
      case 'start':
        return this.#start(effect);
      case 'stop':
        return this.#stop(effect);
      case 'execute':
        return this.#execute(effect);
      case 'interrupt':
        this.agent(effect.pid).interrupts.push(effect);
        this.agent(effect.pid).tasks.delete(effect.task);
        return;
      case 'deliver':
        return this.#deliver(effect);
      case 'pause':
      case 'resume':
        this.agent(effect.pid).isPaused = effect.do === 'pause';
        return;
      case 'dump':
        return this.#dump(effect);
      case 'reply':
      case 'observe':
    }
  }

  tell(fact: Fact): void {
    this.#facts.push(fact);
  }

  /** From now on, in this run and in later ones, it departs so far from what its image says. */
  behaves(pid: Pid, wish: Partial<Behaviour>): void {
    this.#wishes.set(pid, wish);
    const agent = this.agents.get(pid);
    if (agent !== undefined) agent.behaviour = { ...agent.behaviour, ...wish };
  }

  /** What the world has to report since the last call. */
  takeFacts(): Fact[] {
    return this.#facts.splice(0);
  }

  ready(pid: Pid): void {
    const { incarnation } = this.agent(pid);
    this.tell({ fact: 'ready', pid, incarnation });
  }

  /** Its OS process ends now, asked or not. */
  exits(pid: Pid, how: { exitCode?: number; cause?: ExitCause; detail?: string } = {}): void {
    const agent = this.agent(pid);
    if (agent.isGone) return;
    agent.isGone = true;
    agent.tasks.clear();
    const { exitCode = 1, cause = 'crashed', detail = '' } = how;
    this.tell({ fact: 'exited', pid, incarnation: agent.incarnation, exitCode, cause, detail });
  }

  /** The agent says that a task is done. */
  finishes(pid: Pid, task: TaskId, how: Partial<TaskResult> & { error?: string } = {}): void {
    const { error = '', ...result } = how;
    this.agent(pid).tasks.delete(task);
    const completed = error === '';
    this.tell({
      fact: 'task_ended',
      pid,
      task,
      completed,
      result: taskResult({ exitCode: completed ? 0 : 1, ...result }),
      error,
    });
  }

  acknowledges(pid: Pid, acks: readonly Acknowledgement[]): void {
    this.tell({ fact: 'acked', pid, acks });
  }

  #start(effect: EffectOf<'start'>): void {
    const { pid, incarnation, spec } = effect;
    const named = BEHAVIOURS[spec.image];
    if (named === undefined) throw new Error(`no behaviour is named "${spec.image}"`);
    const behaviour = { ...named, ...this.#wishes.get(pid) };
    const { checkpoint } = effect;
    const collections = { tasks: new Map(), delivered: [], stops: [], interrupts: [] };
    this.agents.set(pid, {
      pid,
      incarnation,
      behaviour,
      ...collections,
      checkpoint,
      isPaused: false,
      isGone: false,
    });
    if (behaviour.start === 'silent') return;
    if (behaviour.start === 'fails') {
      this.tell({ fact: 'start_failed', pid, incarnation, error: 'no such module' });
      return;
    }
    const osPid = 100_000 + pid;
    this.tell({ fact: 'started', pid, incarnation, osPid, osStarted: `s${pid}` });
    if (behaviour.start === 'ready') this.tell({ fact: 'ready', pid, incarnation });
  }

  #dump({ to, pid, key, known }: EffectOf<'dump'>): void {
    this.tell({ fact: 'dumped', to, pid, key, content: textContent(known) });
  }

  #stop(effect: EffectOf<'stop'>): void {
    const agent = this.agents.get(effect.pid);
    if (agent === undefined || agent.isGone || agent.incarnation !== effect.incarnation) {
      const { pid, incarnation } = effect;
      const end = { exitCode: -1, cause: 'killed', detail: 'it did not run' } as const;
      this.tell({ fact: 'exited', pid, incarnation, ...end });
      return;
    }
    agent.stops.push(effect);
    if (agent.behaviour.stop !== 'ends') return;
    // As a real one: what it runs is cancelled, and answered for, before it ends.
    for (const task of [...agent.tasks.keys()]) {
      this.finishes(effect.pid, task, { error: 'cancelled: the process is stopping' });
    }
    this.exits(effect.pid, { exitCode: 0, cause: 'killed' });
  }

  #execute(effect: EffectOf<'execute'>): void {
    const { pid, task, spec } = effect;
    const agent = this.agent(pid);
    if (agent.isGone) return;
    agent.tasks.set(task, effect);
    switch (agent.behaviour.task) {
      case 'echo':
        return this.finishes(pid, task, { output: spec.description });
      case 'fail':
        return this.finishes(pid, task, { error: 'it cannot be done', output: 'half of it' });
      case 'crash':
        return this.exits(pid);
      case 'hold':
    }
  }

  #deliver(effect: EffectOf<'deliver'>): void {
    const agent = this.agent(effect.pid);
    if (agent.isGone) return;
    agent.delivered.push(...effect.messages);
    const status = ACKS[agent.behaviour.mail];
    if (status === undefined) return;
    const acks = effect.messages.map(({ message }) => ({ message, status, reply: undefined }));
    this.acknowledges(effect.pid, acks);
  }
}

const ACKS = {
  accept: 'accepted',
  keep: undefined,
  reject: 'rejected',
  escalate: 'escalate',
} as const;
