// One publication to ten thousand subscribers of its topic, half of them by its name and half by a
// pattern: how long until the last of them has it, and how many that is a second. In the kernel with
// its journal; every subscriber waits in a take, as one behind a link does.

import type { Delivery, Pid } from '@hivekernel/kernel';
import type { Benchmark, Effort, Ground } from '../benchmark.ts';
import { JournaledSwarm } from '../journaled-swarm.ts';
import { perSecond } from '../pump.ts';
import { median, warmedUp } from '../statistics.ts';

interface Counts {
  readonly processes: number;
  /** Of each process. */
  readonly each: number;
  readonly rounds: number;
}

/** The first round warms up. */
const COUNTS: Readonly<Record<Effort, Counts>> = {
  full: { processes: 20, each: 500, rounds: 12 },
  tiny: { processes: 2, each: 10, rounds: 2 },
};

export const fanout: Benchmark = {
  name: 'fanout',
  group: 'ipc',
  withinMs: 60_000,
  async run(ground) {
    const { processes, each } = COUNTS[ground.effort];
    const count = processes * each;
    const tookMs = median(warmedUp(await rounds(ground), 1));
    const what = `1 publication to ${count.toLocaleString('en-US')} subscribers`;
    return [
      {
        name: 'fanout',
        value: perSecond(count, tookMs),
        unit: 'deliv/s',
        goal: 200_000,
        isHigherBetter: true,
        note: `${what}, in the kernel with its journal`,
      },
      {
        name: 'fanout.last',
        value: tookMs,
        unit: 'ms',
        goal: 50,
        isHigherBetter: false,
        note: 'from the publication to the answer of the last subscriber',
      },
    ];
  },
};

async function rounds({ effort, dir }: Ground): Promise<readonly number[]> {
  const { processes, each, rounds: count } = COUNTS[effort];
  return JournaledSwarm.using(dir, async (swarm) => {
    const pen = await swarm.spawn({ name: 'pen' });
    const subscribers: Subscriber[] = [];
    for (let i = 0; i < processes; i += 1) {
      const pid = await swarm.spawn({ name: `reader-${i}` });
      for (let k = 0; k < each; k += 1) subscribers.push(await subscribe(swarm, { pid, k }));
    }
    const tookMs: number[] = [];
    for (let round = 0; round < count; round += 1) {
      const all = subscribers.map((take) => take());
      const beganMs = performance.now();
      await swarm.call('publish', { ...NEWS, content: NOTE, isTransient: false }, pen);
      await Promise.all(all);
      tookMs.push(performance.now() - beganMs);
    }
    return tookMs;
  });
}

type Subscriber = () => Promise<readonly Delivery[]>;

const NEWS = { topic: 'news', type: 'note' } as const;
const NOTE = { bytes: 5, inline: 'aGVsbG8=' } as const;

async function subscribe(
  swarm: JournaledSwarm,
  { pid, k }: { pid: Pid; k: number },
): Promise<Subscriber> {
  const pattern = k % 2 === 0 ? 'news' : 'ne*';
  const from = { source: 'topic', pattern, durable: '', withRetained: false } as const;
  const order = { from, type: '', leastUrgent: 3, isAcknowledged: false } as const;
  const { subscription } = await swarm.call('subscribe', order, pid);
  const take = { subscription, max: 1, timeoutMs: 0, accepted: [] };
  return async () => (await swarm.call('take', take, pid)).messages;
}
