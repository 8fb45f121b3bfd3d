// One of those who torment the swarm: brings an agent to a moment of its life, and strikes. What it
// does is drawn from a chance of its own, so that a seed repeats it; what comes of it is up to the
// machine.
//   The moments: at its birth, as its OS process starts, in Init, idle, at a task, in its shutdown,
//   while it backs off, paused, asleep.

import { setTimeout as delay } from 'node:timers/promises';
import { RESTART_POLICIES, STRATEGIES, type JournalEvent } from '@hivekernel/client';
import type { SeededChance } from '@hivekernel/testkit';
import { isOf, type SeenEvent } from '../follower.ts';
import { signalOs } from '../os-processes.ts';
import { FORKS, victimOrder, type VictimWish } from '../victims.ts';
import { STRIKES } from './strikes.ts';
import type { Swarm } from './swarm.ts';

const MOMENTS = [
  'birth',
  'start',
  'init',
  'idle',
  'task',
  'shutdown',
  'backoff',
  'pause',
  'sleep',
] as const;
type Moment = (typeof MOMENTS)[number];

const SHARES = { lead: 0.2, used: 0.4, fork: 0.3, stubborn: 0.1, restarted: 0.3 } as const;
const STRIKES_EACH_MAX = 3;
const GAP_MS_MAX = 50;
/** For what may not come: the agent was hit by another meanwhile. */
const PATIENCE_MS = 3_000;
const VICTIMS_MAX = 3;
const INIT_MS = 250;
const END_MS = [0, 0, 300] as const;
const GRACES_MS = [0, 1_000] as const;
const TASK = {
  description: 'hold',
  params: { holdMs: '300' },
  timeoutMs: 5_000,
  retries: 2,
} as const;

/** Of who may spawn. */
const UP = new Set(['idle', 'running', 'blocked', 'paused']);

export class Tormentor {
  readonly #swarm: Swarm;
  readonly #chance: SeededChance;
  readonly #name: string;
  #born = 0;
  #lead: number | undefined;
  /** Oldest first. */
  #victims: number[] = [];

  constructor(options: { swarm: Swarm; chance: SeededChance; name: string }) {
    this.#swarm = options.swarm;
    this.#chance = options.chance;
    this.#name = options.name;
  }

  async run(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      await this.#step();
      this.#swarm.signal.throwIfAborted();
    }
  }

  async #step(): Promise<void> {
    const pid = await this.#bring(this.#chance.pick(MOMENTS));
    const strikes = 1 + this.#chance.below(STRIKES_EACH_MAX);
    for (let i = 0; i < strikes && pid !== undefined; i += 1) {
      await this.#strike(pid);
      await delay(this.#chance.below(GAP_MS_MAX));
    }
    this.#victims = this.#victims.filter((victim) => !this.#swarm.isGone(victim));
    if (this.#victims.length > VICTIMS_MAX) await this.#endOldest();
  }

  async #strike(pid: number): Promise<void> {
    const [name, strike] = this.#chance.pick(STRIKES);
    if (this.#swarm.isGone(pid)) return;
    const wasHit = await strike({ swarm: this.#swarm, chance: this.#chance, pid });
    if (wasHit) this.#swarm.struck(name);
  }

  async #endOldest(): Promise<void> {
    const pid = this.#victims.shift() as number;
    const order = { isRecursive: true, graceMs: this.#chance.pick(GRACES_MS) };
    const end = this.#swarm.call(`kill ${pid}`, (how) => this.#swarm.client.kill(pid, order, how));
    this.#swarm.struck('kill');
    await this.#inTime(end);
  }

  /** Undefined: it did not come to that. */
  #bring(moment: Moment): Promise<number | undefined> {
    const { client } = this.#swarm;
    switch (moment) {
      case 'birth':
        return this.#newborn({});
      case 'start':
        return this.#starting({});
      case 'init':
        return this.#starting({ initMs: INIT_MS });
      case 'idle':
        return this.#victim();
      case 'task':
        return this.#victimAfter((pid) => this.#giveTask(pid));
      case 'shutdown':
        return this.#victimAfter((pid) => this.#beginEnd(pid));
      case 'backoff':
        return this.#victimAfter((pid) => this.#crash(pid));
      case 'pause':
        return this.#victimAfter((pid) =>
          this.#swarm.call(`STOP ${pid}`, (how) => client.signal(pid, { signal: 'STOP' }, how)),
        );
      case 'sleep':
        return this.#victimAfter((pid) =>
          this.#swarm.call(`sleep ${pid}`, (how) => client.sleep(pid, how)),
        );
    }
  }

  async #victimAfter(bring: (pid: number) => Promise<unknown>): Promise<number | undefined> {
    const pid = await this.#victim();
    if (pid === undefined) return undefined;
    await this.#inTime(bring(pid));
    await delay(this.#chance.below(GAP_MS_MAX));
    return pid;
  }

  /** One that there is, or a new one that is ready. */
  async #victim(): Promise<number | undefined> {
    const draw = this.#chance.next();
    if (draw < SHARES.lead) return this.#leadThatLives();
    if (draw < SHARES.lead + SHARES.used && this.#victims.length > 0) {
      return this.#chance.pick(this.#victims);
    }
    const { ready } = await this.#beginSpawn({});
    const pid = await this.#inTime(ready);
    if (pid !== undefined) this.#victims.push(pid);
    return pid;
  }

  /** Recorded, and its OS process not there yet. */
  async #newborn(wish: Partial<VictimWish>): Promise<number | undefined> {
    const { mark } = this.#swarm.follower;
    const { name } = await this.#beginSpawn(wish);
    const isIt = ({ kind, body }: JournalEvent): boolean =>
      kind === 'process.spawned' && (body['spec'] as { name: string }).name === name;
    const spawned = await this.#event(isIt, mark);
    const pid = spawned && Number(spawned.body['pid']);
    if (pid !== undefined) this.#victims.push(pid);
    return pid;
  }

  async #starting(wish: Partial<VictimWish>): Promise<number | undefined> {
    const { mark } = this.#swarm.follower;
    const pid = await this.#newborn(wish);
    if (pid === undefined) return undefined;
    await this.#event(isOf('process.started', pid), mark);
    await delay(this.#chance.below(GAP_MS_MAX + (wish.initMs ?? 0)));
    return pid;
  }

  async #beginSpawn(
    wish: Partial<VictimWish>,
  ): Promise<{ name: string; ready: Promise<number | undefined> }> {
    const as = await this.#leadThatLives();
    const order = victimOrder(this.#swarm.daemon, { ...this.#anyWish(), ...wish });
    const ready = this.#swarm.call(`spawn ${order.name}`, (how) =>
      this.#swarm.client.spawn(order, as === undefined ? how : { ...how, as }),
    );
    return { name: order.name, ready };
  }

  async #leadThatLives(): Promise<number | undefined> {
    const { client } = this.#swarm;
    const lead = this.#lead;
    const found = lead && (await this.#swarm.call(`info ${lead}`, (how) => client.info(lead, how)));
    if (found && UP.has(found.state)) return lead;
    const wish = {
      ...this.#anyWish(),
      role: 'lead',
      strategy: this.#chance.pick(STRATEGIES),
    } as const;
    const order = victimOrder(this.#swarm.daemon, wish);
    const spawn = this.#swarm.call(`spawn ${order.name}`, (how) => client.spawn(order, how));
    this.#lead = await this.#inTime(spawn);
    return this.#lead;
  }

  #anyWish(): VictimWish {
    const chance = this.#chance;
    this.#born += 1;
    return {
      name: `${this.#name}-${this.#born}`,
      role: 'worker',
      restart: chance.pick(RESTART_POLICIES),
      forks: FORKS.filter(() => chance.next() < SHARES.fork),
      isStubborn: chance.next() < SHARES.stubborn,
      endMs: chance.pick(END_MS),
    };
  }

  /** Not awaited: it is to be hit at it. */
  async #giveTask(pid: number): Promise<void> {
    const { client } = this.#swarm;
    const { mark } = this.#swarm.follower;
    void this.#swarm.call(`task on ${pid}`, (how) => client.executeTask({ pid, ...TASK }, how));
    await this.#event(isOf('task.started', pid), mark);
  }

  /** Not awaited either. */
  async #beginEnd(pid: number): Promise<void> {
    const { client } = this.#swarm;
    const { mark } = this.#swarm.follower;
    const how = { graceMs: GRACES_MS[1] };
    if (this.#chance.next() < SHARES.restarted) {
      void this.#swarm.call(`restart ${pid}`, (patience) => client.restart(pid, how, patience));
    } else void this.#swarm.call(`kill ${pid}`, (patience) => client.kill(pid, how, patience));
    await this.#event(isOf('process.moved', pid, { to: 'stopping' }), mark);
  }

  async #crash(pid: number): Promise<void> {
    const { mark } = this.#swarm.follower;
    const found = this.#swarm.osProcessOf(pid);
    if (found === undefined || !signalOs(found.osPid, 'SIGKILL')) return;
    this.#swarm.struck('leader');
    await this.#event(isOf('process.exited', pid), mark);
  }

  /** Undefined: it did not come, in all patience. */
  #event(fits: (event: JournalEvent) => boolean, mark: number): Promise<SeenEvent | undefined> {
    const signal = AbortSignal.any([this.#swarm.signal, AbortSignal.timeout(PATIENCE_MS)]);
    return this.#swarm.follower.until(fits, { mark, signal }).catch(() => undefined);
  }

  async #inTime<T>(work: Promise<T>): Promise<T | undefined> {
    const timer = new AbortController();
    const late = delay(PATIENCE_MS, undefined, { signal: timer.signal }).catch(() => undefined);
    const first = await Promise.race([work, late]);
    timer.abort();
    return first;
  }
}
