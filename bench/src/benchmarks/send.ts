// Durable sends from one agent process to another: every message is on disk before its sender hears
// of it, and is handled and acknowledged by its receiver before it counts.

import { BenchDaemon } from '../bench-daemon.ts';
import type { Benchmark, Effort } from '../benchmark.ts';
import { median, warmedUp } from '../statistics.ts';

export interface SendLoad {
  /** Of 250 messages each. */
  readonly batches: number;
  readonly rounds: number;
  readonly timed: number;
}

/** The first round warms up. */
const LOADS: Readonly<Record<Effort, SendLoad>> = {
  full: { batches: 120, rounds: 8, timed: 300 },
  tiny: { batches: 2, rounds: 2, timed: 3 },
};

export const send: Benchmark = {
  name: 'send',
  group: 'ipc',
  withinMs: 40_000,
  run: (ground) =>
    BenchDaemon.using(ground, async (daemon) => {
      const rate = await sendRate(daemon, LOADS[ground.effort]);
      const p50Ms = await sendP50Ms(daemon, LOADS[ground.effort]);
      return [
        {
          name: 'send',
          value: rate,
          unit: 'msg/s',
          goal: 50_000,
          isHigherBetter: true,
          note: 'durable, agent to agent, acknowledged; at least 30,000',
        },
        {
          name: 'send.p50',
          value: p50Ms,
          unit: 'ms',
          goal: 2,
          isHigherBetter: false,
          note: `alone, until handled; bare disk commit ${ground.diskCommitMs.toFixed(2)} ms`,
        },
      ];
    }),
};

/** Messages a second from one agent to another. */
export async function sendRate(
  daemon: BenchDaemon,
  { batches, rounds }: Omit<SendLoad, 'timed'>,
): Promise<number> {
  const params = { what: 'rate', batches, rounds };
  return median(warmedUp(await daemon.measure({ agent: 'sender', params }), 1));
}

export async function sendP50Ms(
  daemon: BenchDaemon,
  { timed }: Pick<SendLoad, 'timed'>,
): Promise<number> {
  const params = { what: 'latency', count: timed };
  return median(await daemon.measure({ agent: 'sender', params }));
}
