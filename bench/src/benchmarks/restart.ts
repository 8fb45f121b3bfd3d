// An agent that is killed with SIGKILL comes back: from the signal until its next incarnation is
// idle, as an observer of the events sees it. The backoff, which is set, is taken off.
//   The compile cache is filled. Beside it what a bare node takes to start and end: a floor that no
//   kernel goes below.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { BenchDaemon } from '../bench-daemon.ts';
import type { Benchmark, Effort } from '../benchmark.ts';
import { Follower, isOf, type SeenEvent } from '../follower.ts';
import { repeat, timedMs } from '../pump.ts';
import { median, warmedUp } from '../statistics.ts';

interface Counts {
  readonly warmUp: number;
  readonly timed: number;
  /** Of a bare node, to compare. */
  readonly bare: number;
}

const COUNTS: Readonly<Record<Effort, Counts>> = {
  full: { warmUp: 5, timed: 60, bare: 11 },
  tiny: { warmUp: 1, timed: 2, bare: 2 },
};

const BACKOFF_MS = 50;
const GRACE_MS = 1_000;
const WITHIN_MS = 20_000;

const SETTINGS = {
  HIVE_RESTART_BACKOFF_FIRST: `${BACKOFF_MS}ms`,
  HIVE_RESTART_BACKOFF_MOST: `${BACKOFF_MS}ms`,
  HIVE_RESTART_JITTER: '0',
  HIVE_RESTART_MAX_IN_ROW: '1000',
  HIVE_MAID_ENABLED: 'false',
} as const;

/** The way of one restart, in ms by the stamps of the events. */
interface Way {
  /** From the signal to the end in the journal. */
  readonly exited: number;
  /** From there to the order to start, the backoff included. */
  readonly relaunched: number;
  /** To the OS process. */
  readonly started: number;
  /** To Init answered. */
  readonly idle: number;
}

export const restart: Benchmark = {
  name: 'restart',
  group: 'life',
  withinMs: 60_000,
  async run(ground) {
    const { warmUp, timed, bare } = COUNTS[ground.effort];
    const bareMs = await repeat({ count: bare, withinMs: WITHIN_MS, measure: bareStart });
    const ways: Way[] = [];
    const measured = await BenchDaemon.using(
      ground,
      async (daemon) => {
        const phoenix = await Phoenix.spawn(daemon, ground.signal);
        const measure = (): Promise<number> => phoenix.rise(ways);
        const tookMs = await repeat({ count: warmUp + timed, withinMs: WITHIN_MS, measure });
        await phoenix.end();
        return tookMs;
      },
      SETTINGS,
    );
    return [
      {
        name: 'restart.p50',
        value: median(warmedUp(measured, warmUp)),
        unit: 'ms',
        goal: 100,
        isHigherBetter: false,
        note: noteOf(warmedUpWays(ways, warmUp), median(warmedUp(bareMs, 1))),
      },
    ];
  },
};

class Phoenix {
  readonly #daemon: BenchDaemon;
  readonly #follower: Follower;
  readonly #pid: number;
  readonly #signal: AbortSignal;
  #osPid: number;
  /** The last event that was waited for. */
  #mark = 0;

  private constructor(
    daemon: BenchDaemon,
    body: { pid: number; osPid: number },
    signal: AbortSignal,
  ) {
    this.#daemon = daemon;
    this.#follower = new Follower(daemon.client);
    this.#pid = body.pid;
    this.#osPid = body.osPid;
    this.#signal = signal;
  }

  static async spawn(daemon: BenchDaemon, signal: AbortSignal): Promise<Phoenix> {
    const { client } = daemon;
    const image = fileURLToPath(new URL('../agents/idle.ts', import.meta.url));
    const order = { name: 'phoenix', role: 'agent', tier: 'operational', image } as const;
    // One that ends well writes the compile cache, which one that is killed at once never does.
    const warm = await client.spawn(order, { signal });
    await client.kill(warm, { graceMs: GRACE_MS }, { signal });
    const pid = await client.spawn({ ...order, restart: 'permanent' }, { signal });
    const { osPid } = await client.info(pid, { signal });
    const phoenix = new Phoenix(daemon, { pid, osPid }, signal);
    await phoenix.#next('process.moved', { to: 'idle' });
    return phoenix;
  }

  /** The ms from the signal until it is idle again, without the backoff. */
  async rise(ways: Way[]): Promise<number> {
    const killedMs = performance.now();
    const killedWallMs = performance.timeOrigin + killedMs;
    process.kill(this.#osPid, 'SIGKILL');
    const exited = await this.#next('process.exited');
    const relaunched = await this.#next('process.relaunched');
    const started = await this.#next('process.started');
    const idle = await this.#next('process.moved', { to: 'idle' });
    this.#osPid = Number(started.body['osPid']);
    ways.push({
      exited: exited.wallMs - killedWallMs,
      relaunched: relaunched.wallMs - exited.wallMs,
      started: started.wallMs - relaunched.wallMs,
      idle: idle.wallMs - started.wallMs,
    });
    return idle.seenAtMs - killedMs - BACKOFF_MS;
  }

  async #next(kind: string, more: Readonly<Record<string, unknown>> = {}): Promise<SeenEvent> {
    const fits = isOf(kind, this.#pid, more);
    const event = await this.#follower.until(fits, { mark: this.#mark, signal: this.#signal });
    this.#mark = event.seq;
    return event;
  }

  async end(): Promise<void> {
    await this.#daemon.client.kill(this.#pid, { graceMs: GRACE_MS }, { signal: this.#signal });
    await this.#follower.stop();
  }
}

async function bareStart(): Promise<number> {
  return timedMs(() => once(spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' }), 'exit'));
}

const warmedUpWays = (ways: readonly Way[], count: number): readonly Way[] =>
  ways.slice(Math.min(count, Math.floor(ways.length / 2)));

function noteOf(ways: readonly Way[], bareMs: number): string {
  const of = (part: keyof Way): string => median(ways.map((way) => way[part])).toFixed(0);
  const parts = [
    `exit ${of('exited')}`,
    `relaunch ${of('relaunched')}`,
    `OS process ${of('started')}`,
    `idle ${of('idle')}`,
  ];
  return `after a backoff of ${BACKOFF_MS} ms; bare node ${bareMs.toFixed(0)}; ${parts.join(', ')}`;
}
