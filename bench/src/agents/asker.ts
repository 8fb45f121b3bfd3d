// The load of `syscall`: asks the kernel about itself, one call after the other or many under way.
// It answers its task with what it measured, as JSON; what that means is the benchmark's.

import { Agent, type Task, type TaskContext } from '@hivekernel/sdk';
import { pump } from '../pump.ts';

const UNDER_WAY_MAX = 2_048;

export default class Asker extends Agent {
  override async onTask({ params }: Task, ctx: TaskContext): Promise<string> {
    const count = Number(params['count']);
    const isLatency = params['what'] === 'latency';
    const rounds = Number(params['rounds']);
    const measured = isLatency ? latencies(ctx, count) : rates(ctx, { count, rounds });
    return JSON.stringify(await measured);
  }
}

async function latencies(ctx: TaskContext, count: number): Promise<number[]> {
  const tookMs: number[] = [];
  for (let i = 0; i < count; i += 1) {
    const beganMs = performance.now();
    await ctx.info();
    tookMs.push(performance.now() - beganMs);
  }
  return tookMs;
}

async function rates(ctx: TaskContext, load: { count: number; rounds: number }): Promise<number[]> {
  const measured: number[] = [];
  const begin = (): Promise<unknown> => ctx.info();
  for (let round = 0; round < load.rounds; round += 1) {
    measured.push(await pump({ count: load.count, underWayMax: UNDER_WAY_MAX, begin }));
  }
  return measured;
}
