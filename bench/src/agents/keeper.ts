// The load of `artifact`: stores and fetches contents of one size, so many under way at once, or
// one after the other. Each content that is stored is another one, so that the kernel has every one
// to write. It answers its task with rates per round, or with the ms of each, as JSON; what that
// means is the benchmark's.

import { Agent, type Task, type TaskContext } from '@hivekernel/sdk';
import { pump, repeat, timedMs } from '../pump.ts';

const WITHIN_MS = 6_000;

export default class Keeper extends Agent {
  override async onTask({ params }: Task, ctx: TaskContext): Promise<string> {
    const bytes = Number(params['bytes']);
    const load = {
      count: Number(params['count']),
      rounds: Number(params['rounds']),
      underWayMax: Number(params['underWay']),
    };
    const key = `bench/${bytes}`;
    const content = new Uint8Array(bytes);
    let stored = 0;
    const put = (): Promise<unknown> => {
      stored += 1;
      const one = content.slice();
      new DataView(one.buffer).setUint32(0, stored);
      return ctx.artifacts.put(key, one, { contentType: 'application/octet-stream' });
    };
    await put();
    const begin = params['what'] === 'put' ? put : () => ctx.artifacts.get(key);
    const isAlone = params['how'] === 'alone';
    return JSON.stringify(await (isAlone ? latencies(load, begin) : rates(load, begin)));
  }
}

interface Load {
  readonly count: number;
  readonly rounds: number;
  readonly underWayMax: number;
}

const latencies = (
  { count }: Pick<Load, 'count'>,
  begin: () => Promise<unknown>,
): Promise<number[]> => repeat({ count, withinMs: WITHIN_MS, measure: () => timedMs(begin) });

const rates = (
  { count, rounds, underWayMax }: Load,
  begin: () => Promise<unknown>,
): Promise<number[]> =>
  repeat({
    count: rounds,
    withinMs: WITHIN_MS,
    measure: () => pump({ count, underWayMax, begin }),
  });
