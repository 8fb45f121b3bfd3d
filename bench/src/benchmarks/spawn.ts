// Cold spawns: from the parent's call until the child, an OS process of its own, is ready. The
// compile cache is filled by the spawns that warm up.

import { BenchDaemon } from '../bench-daemon.ts';
import type { Benchmark, Effort } from '../benchmark.ts';
import { median, warmedUp } from '../statistics.ts';

interface Counts {
  readonly warmUp: number;
  readonly timed: number;
  readonly together: number;
}

const COUNTS: Readonly<Record<Effort, Counts>> = {
  full: { warmUp: 5, timed: 30, together: 40 },
  tiny: { warmUp: 1, timed: 1, together: 2 },
};

export const spawn: Benchmark = {
  name: 'spawn',
  group: 'life',
  withinMs: 60_000,
  run: (ground) =>
    BenchDaemon.using(ground, async (daemon) => {
      const { warmUp, timed, together } = COUNTS[ground.effort];
      const childrenMax = warmUp + timed + together;
      const tookMs = await daemon.measure({
        agent: 'spawner',
        params: { what: 'latency', count: warmUp + timed },
        childrenMax,
      });
      const [rate = 0] = await daemon.measure({
        agent: 'spawner',
        params: { what: 'rate', count: together },
        childrenMax,
      });
      return [
        {
          name: 'spawn.p50',
          value: median(warmedUp(tookMs, warmUp)),
          unit: 'ms',
          goal: 80,
          isHigherBetter: false,
          note: 'cold process, compile cache filled; at most 100',
        },
        {
          name: 'spawn.rate',
          value: rate,
          unit: 'spawns/s',
          goal: 25,
          isHigherBetter: true,
          note: 'four at a time; the goal is for orientation',
        },
      ];
    }),
};
