// The load of `spawn`: starts idle children, one by one or some at a time, and ends them after.
// It answers its task with what it measured, as JSON; what that means is the benchmark's.

import { Agent, imageOf, type Task, type TaskContext } from '@hivekernel/sdk';
import { pump, repeat } from '../pump.ts';

const UNDER_WAY_MAX = 4;
const KILL_GRACE_MS = 1_000;
const WITHIN_MS = 8_000;

export default class Spawner extends Agent {
  override async onTask({ params }: Task, ctx: TaskContext): Promise<string> {
    const count = Number(params['count']);
    const isLatency = params['what'] === 'latency';
    return JSON.stringify(isLatency ? await latencies(ctx, count) : [await rate(ctx, count)]);
  }
}

function latencies(ctx: TaskContext, count: number): Promise<number[]> {
  const measure = async (index: number): Promise<number> => {
    const beganMs = performance.now();
    const pid = await spawnIdle(ctx, index);
    const tookMs = performance.now() - beganMs;
    await ctx.kill(pid, { graceMs: KILL_GRACE_MS });
    return tookMs;
  };
  return repeat({ count, withinMs: WITHIN_MS, measure });
}

async function rate(ctx: TaskContext, count: number): Promise<number> {
  const pids: number[] = [];
  const begin = async (): Promise<void> => {
    pids.push(await spawnIdle(ctx, pids.length));
  };
  const spawns = await pump({ count, underWayMax: UNDER_WAY_MAX, begin });
  await Promise.all(pids.map((pid) => ctx.kill(pid, { graceMs: KILL_GRACE_MS })));
  return spawns;
}

const spawnIdle = (ctx: TaskContext, index: number): Promise<number> =>
  ctx.spawn({
    name: `idle-${index}`,
    image: imageOf(import.meta.resolve('./idle.ts')),
    env: ctx.env,
  });
