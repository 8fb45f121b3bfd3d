// Tasks from a parent to its children and back, each in a process of its own. Two disk commits lie
// in series on the way: the task, and its end.

import { BenchDaemon } from '../bench-daemon.ts';
import type { Benchmark, Effort } from '../benchmark.ts';
import { median, warmedUp } from '../statistics.ts';

interface Counts {
  readonly warmUp: number;
  readonly timed: number;
  readonly together: number;
  readonly rounds: number;
  readonly children: number;
}

/** The first round warms up. */
const COUNTS: Readonly<Record<Effort, Counts>> = {
  full: { warmUp: 50, timed: 400, together: 5_000, rounds: 8, children: 4 },
  tiny: { warmUp: 1, timed: 3, together: 8, rounds: 2, children: 1 },
};

export const execute: Benchmark = {
  name: 'execute',
  group: 'calls',
  withinMs: 40_000,
  run: (ground) =>
    BenchDaemon.using(ground, async (daemon) => {
      const { warmUp, timed, together, rounds, children } = COUNTS[ground.effort];
      const tookMs = await daemon.measure({
        agent: 'delegator',
        params: { what: 'latency', count: warmUp + timed, children: 1 },
      });
      const rates = await daemon.measure({
        agent: 'delegator',
        params: { what: 'rate', count: together, rounds, children },
      });
      const commitMs = ground.diskCommitMs.toFixed(2);
      return [
        {
          name: 'execute.p50',
          value: median(warmedUp(tookMs, warmUp)),
          unit: 'ms',
          goal: 2,
          isHigherBetter: false,
          note: `execute_on, alone; two disk commits in series, each ${commitMs} ms; at most 3`,
        },
        {
          name: 'execute.rate',
          value: median(warmedUp(rates, 1)),
          unit: 'tasks/s',
          goal: 10_000,
          isHigherBetter: true,
          note: 'execute_on over four children, 1,024 under way',
        },
      ];
    }),
};
