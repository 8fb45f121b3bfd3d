// The load of `execute`: gives tasks that need no work to its children, one by one or many at once.
// It answers its task with what it measured, as JSON; what that means is the benchmark's.

import { Agent, imageOf, type Task, type TaskContext } from '@hivekernel/sdk';
import { pump, repeat, timedMs } from '../pump.ts';

const UNDER_WAY_MAX = 1_024;
const WITHIN_MS = 6_000;

export default class Delegator extends Agent {
  override async onTask({ params }: Task, ctx: TaskContext): Promise<string> {
    const children: number[] = [];
    for (let i = 0; i < Number(params['children']); i += 1) children.push(await spawnDoer(ctx, i));
    const count = Number(params['count']);
    const rounds = Number(params['rounds']);
    const isLatency = params['what'] === 'latency';
    return JSON.stringify(
      isLatency
        ? await latencies(ctx, { child: children[0] ?? 0, count })
        : await rates(ctx, { children, count, rounds }),
    );
  }
}

const spawnDoer = (ctx: TaskContext, index: number): Promise<number> =>
  ctx.spawn({
    name: `doer-${index}`,
    image: imageOf(import.meta.resolve('./idle.ts')),
    limits: { concurrentTasksMax: UNDER_WAY_MAX },
    env: ctx.env,
  });

function latencies(
  ctx: TaskContext,
  { child, count }: { child: number; count: number },
): Promise<number[]> {
  const execute = (): Promise<unknown> => ctx.executeOn(child, { description: 'nothing' });
  return repeat({ count, withinMs: WITHIN_MS, measure: () => timedMs(execute) });
}

function rates(
  ctx: TaskContext,
  load: { children: readonly number[]; count: number; rounds: number },
): Promise<number[]> {
  const { children, count, rounds } = load;
  let turn = 0;
  const begin = (): Promise<unknown> => {
    turn = (turn + 1) % children.length;
    return ctx.executeOn(children[turn] ?? 0, { description: 'nothing' });
  };
  const measure = (): Promise<number> => pump({ count, underWayMax: UNDER_WAY_MAX, begin });
  return repeat({ count: rounds, withinMs: WITHIN_MS, measure });
}
