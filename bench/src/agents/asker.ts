// The load of `syscall`: asks the kernel about itself, one call after the other or many under way.
// It answers its task with what it measured, as JSON; what that means is the benchmark's.

import { Agent, type Task, type TaskContext } from '@hivekernel/sdk';
import { pump, repeat, timedMs } from '../pump.ts';

const UNDER_WAY_MAX = 2_048;
const WITHIN_MS = 6_000;

export default class Asker extends Agent {
  override async onTask({ params }: Task, ctx: TaskContext): Promise<string> {
    const count = Number(params['count']);
    const isLatency = params['what'] === 'latency';
    const rounds = Number(params['rounds']);
    const measured = isLatency ? latencies(ctx, count) : rates(ctx, { count, rounds });
    return JSON.stringify(await measured);
  }
}

const latencies = (ctx: TaskContext, count: number): Promise<number[]> =>
  repeat({ count, withinMs: WITHIN_MS, measure: () => timedMs(() => ctx.info()) });

function rates(ctx: TaskContext, load: { count: number; rounds: number }): Promise<number[]> {
  const { count, rounds } = load;
  const begin = (): Promise<unknown> => ctx.info();
  const measure = (): Promise<number> => pump({ count, underWayMax: UNDER_WAY_MAX, begin });
  return repeat({ count: rounds, withinMs: WITHIN_MS, measure });
}
