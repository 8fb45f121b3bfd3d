// A peer beside us: a durable queue over Redis, with the same job as `send`. Processes send to
// others, each message is on disk before its sender hears of it (appendfsync always), and is
// acknowledged by its receiver; as many are under way, and as large. Streams, with XADD, XREADGROUP
// and XACK. Ours is measured in the same run, in turn.
//   It is a queue alone: it knows neither who may write to whom, nor priorities, nor events.

import { BenchDaemon } from '../bench-daemon.ts';
import type { Benchmark, Effort, Figure, Ground } from '../benchmark.ts';
import { overRedis } from '../peers/redis-load.ts';
import { usingRedis, type RedisServer } from '../peers/redis-server.ts';
import { median, rounded, warmedUp } from '../statistics.ts';
import { sendP50Ms, sendRate, type SendLoad } from './send.ts';

interface Counts {
  /** Ours and theirs in turn, so that what else the machine does meets both. */
  readonly turns: number;
  /** Senders at once, each with a receiver of its own. */
  readonly pairs: number;
  readonly load: SendLoad;
}

const COUNTS: Readonly<Record<Effort, Counts>> = {
  full: { turns: 3, pairs: 4, load: { batches: 120, rounds: 4, timed: 200 } },
  tiny: { turns: 1, pairs: 1, load: { batches: 2, rounds: 2, timed: 3 } },
};

/** What both sides are measured for. */
interface Queue {
  readonly rate: number;
  readonly p50Ms: number;
  /** Of all pairs together. */
  readonly pairsRate: number;
}

interface Turn {
  readonly ours: Queue;
  readonly peer: Queue;
}

export const redis: Benchmark = {
  name: 'redis',
  group: 'ipc',
  withinMs: 180_000,
  async run(ground) {
    const figures = await usingRedis(ground, (server) =>
      BenchDaemon.using(ground, async (daemon) => {
        const { turns, ...counts } = COUNTS[ground.effort];
        const measured: Turn[] = [];
        for (let turn = 0; turn < turns; turn += 1) {
          const ours = await ourQueue(daemon, counts);
          const subject = { server, ...counts, turn, signal: ground.signal };
          measured.push({ ours, peer: await peerQueue(subject) });
        }
        return figuresOf(measured, { version: server.version, ground });
      }),
    );
    return figures ?? [MISSING];
  },
};

const MISSING: Figure = {
  name: 'redis',
  value: undefined,
  unit: 'msg/s',
  goal: undefined,
  isHigherBetter: true,
  note: 'peer not installed: apt-get install redis-server',
};

async function ourQueue(
  daemon: BenchDaemon,
  { load, pairs }: Pick<Counts, 'load' | 'pairs'>,
): Promise<Queue> {
  const rate = await sendRate(daemon, load);
  const p50Ms = await sendP50Ms(daemon, load);
  return { rate, p50Ms, pairsRate: await ofPairs(pairs, () => sendRate(daemon, load)) };
}

interface Subject extends Pick<Counts, 'load' | 'pairs'> {
  readonly server: RedisServer;
  /** Each has streams of its own. */
  readonly turn: number;
  readonly signal: AbortSignal;
}

async function peerQueue({ server, load, pairs, turn, signal }: Subject): Promise<Queue> {
  const { batches, rounds, timed } = load;
  const rateOf = async (pair: string): Promise<number> => {
    const name = `turn-${turn}-${pair}`;
    const order = { name, what: 'rate', count: rounds, batches, signal } as const;
    return median(warmedUp(await overRedis(server, order), 1));
  };
  const rate = await rateOf('alone');
  const order = { name: `turn-${turn}-timed`, what: 'latency', count: timed, signal } as const;
  const p50Ms = median(await overRedis(server, order));
  return { rate, p50Ms, pairsRate: await ofPairs(pairs, (pair) => rateOf(`pair-${pair}`)) };
}

async function ofPairs(pairs: number, rateOf: (pair: number) => Promise<number>): Promise<number> {
  const rates = await Promise.all(Array.from({ length: pairs }, (_, pair) => rateOf(pair)));
  return rates.reduce((sum, rate) => sum + rate, 0);
}

interface Server {
  readonly version: string;
  readonly ground: Ground;
}

function figuresOf(turns: readonly Turn[], { version, ground }: Server): Figure[] {
  const who = `redis-server ${version}, streams, appendfsync always`;
  const commit = `bare disk commit ${ground.diskCommitMs.toFixed(2)} ms`;
  const rate = { unit: 'msg/s', isHigherBetter: true };
  const latency = { unit: 'ms', isHigherBetter: false };
  return [
    ...beside(turns, 'rate', { ...rate, name: 'redis', note: `${who}; one sender, one receiver` }),
    ...beside(turns, 'pairsRate', {
      ...rate,
      name: 'redis.pairs',
      note: `${COUNTS[ground.effort].pairs} of each`,
    }),
    ...beside(turns, 'p50Ms', { ...latency, name: 'redis.p50', note: `alone, handled; ${commit}` }),
  ];
}

/** Theirs, and ours to theirs: medians of all turns. */
function beside(
  turns: readonly Turn[],
  what: keyof Queue,
  figure: Omit<Figure, 'value' | 'goal'>,
): Figure[] {
  const { name, unit, isHigherBetter } = figure;
  const ours = rounded(median(turns.map((turn) => turn.ours[what]))).toLocaleString('en-US');
  const better = isHigherBetter ? 'more' : 'less';
  return [
    { ...figure, value: median(turns.map(({ peer }) => peer[what])), goal: undefined },
    {
      name: `${name}.ratio`,
      value: median(turns.map((turn) => turn.ours[what] / turn.peer[what])),
      unit: 'times',
      goal: undefined,
      isHigherBetter,
      note: `ours to theirs, ${better} is better; ours in the same run: ${ours} ${unit}`,
    },
  ];
}
