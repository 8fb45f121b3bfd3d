// The load of `pipe`: writes chunks of one size to its child as fast as the pipe takes them. A
// round is over when the child has read all of it and said so through the same pipe.
// It answers its task with chunks a second, round by round, as JSON.

import { Agent, imageOf, type Pipe, type Task, type TaskContext } from '@hivekernel/sdk';
import { perSecond, pump, repeat } from '../pump.ts';

const WITHIN_MS = 6_000;
/** More than the pipe and those who wait for room hold: it is never empty. */
const UNDER_WAY_MAX = 256;

export default class PipeWriter extends Agent {
  override async onTask({ params }: Task, ctx: TaskContext): Promise<string> {
    const child = await ctx.spawn({
      name: 'pipe-reader',
      image: imageOf(import.meta.resolve('./pipe-reader.ts')),
      env: ctx.env,
    });
    const chunks = Number(params['chunks']);
    const chunk = new Uint8Array(Number(params['bytes'])).fill(7);
    const reader = ctx.executeOn(child, { description: 'read', params: { chunks } });
    await using pipe = await ctx.pipe(child);
    const measure = (): Promise<number> => round(pipe, { chunk, count: chunks });
    const rates = await repeat({ count: Number(params['rounds']), withinMs: WITHIN_MS, measure });
    await pipe.end();
    await reader;
    return JSON.stringify(rates);
  }
}

async function round(pipe: Pipe, load: { chunk: Uint8Array; count: number }): Promise<number> {
  const { chunk, count } = load;
  const beganMs = performance.now();
  await pump({ count, underWayMax: UNDER_WAY_MAX, begin: () => pipe.write(chunk) });
  await pipe.read();
  return perSecond(count, performance.now() - beganMs);
}
