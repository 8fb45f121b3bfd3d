// Durable sends from one agent process to another: every message is on disk before its sender hears
// of it, and is handled and acknowledged by its receiver before it counts.

import { BenchDaemon } from '../bench-daemon.ts';
import type { Benchmark, Effort } from '../benchmark.ts';
import { median, warmedUp } from '../statistics.ts';

interface Counts {
  /** Of 250 messages each. */
  readonly batches: number;
  readonly rounds: number;
  readonly timed: number;
}

/** The first round warms up. */
const COUNTS: Readonly<Record<Effort, Counts>> = {
  full: { batches: 120, rounds: 8, timed: 300 },
  tiny: { batches: 2, rounds: 2, timed: 3 },
};

export const send: Benchmark = {
  name: 'send',
  group: 'ipc',
  withinMs: 40_000,
  run: (ground) =>
    BenchDaemon.using(ground, async (daemon) => {
      const { batches, rounds, timed } = COUNTS[ground.effort];
      const rates = await daemon.measure({
        agent: 'sender',
        params: { what: 'rate', batches, rounds },
      });
      const tookMs = await daemon.measure({
        agent: 'sender',
        params: { what: 'latency', count: timed },
      });
      return [
        {
          name: 'send',
          value: median(warmedUp(rates, 1)),
          unit: 'msg/s',
          goal: 50_000,
          isHigherBetter: true,
          note: 'durable, agent to agent, acknowledged; at least 30,000',
        },
        {
          name: 'send.p50',
          value: median(tookMs),
          unit: 'ms',
          goal: 2,
          isHigherBetter: false,
          note: `alone, until handled; bare disk commit ${ground.diskCommitMs.toFixed(2)} ms`,
        },
      ];
    }),
};
