// Syscalls from an agent process that only read: the agent link, dispatch and back, no disk.
// Pipelined calls share frames, as those of a busy agent do; a single one waits for its answer.

import { BenchDaemon } from '../bench-daemon.ts';
import type { Benchmark, Effort } from '../benchmark.ts';
import { median, warmedUp } from '../statistics.ts';

interface Counts {
  readonly timed: number;
  readonly pipelined: number;
  readonly rounds: number;
}

/** The first round warms up. */
const COUNTS: Readonly<Record<Effort, Counts>> = {
  full: { timed: 5_000, pipelined: 100_000, rounds: 8 },
  tiny: { timed: 5, pipelined: 100, rounds: 2 },
};

export const syscall: Benchmark = {
  name: 'syscall',
  group: 'calls',
  withinMs: 40_000,
  run: (ground) =>
    BenchDaemon.using(ground, async (daemon) => {
      const { timed, pipelined, rounds } = COUNTS[ground.effort];
      const tookMs = await daemon.measure({
        agent: 'asker',
        params: { what: 'latency', count: timed },
      });
      const rates = await daemon.measure({
        agent: 'asker',
        params: { what: 'rate', count: pipelined, rounds },
      });
      return [
        {
          name: 'syscall.p50',
          value: median(tookMs),
          unit: 'ms',
          goal: 0.15,
          isHigherBetter: false,
          note: 'info, round trip from an agent process',
        },
        {
          name: 'syscall.pipelined',
          value: median(warmedUp(rates, 1)),
          unit: 'calls/s',
          goal: 150_000,
          isHigherBetter: true,
          note: 'info, 2,048 under way; at least 100,000',
        },
      ];
    }),
};
