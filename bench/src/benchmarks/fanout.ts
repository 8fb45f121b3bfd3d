// Publications to ten thousand subscribers of a topic, half of them by its name and half by a
// pattern: of one, how long until the last of them has it; of fifty at once, how many that is a
// second. In the kernel with its journal; every subscriber waits in a take, as one behind a link
// does.

import { KING_PID, type Delivery, type Pid } from '@hivekernel/kernel';
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
    const { one, many } = await JournaledSwarm.using(ground.dir, async (swarm) => {
      const subscribers = await audience(swarm, ground);
      const { rounds } = COUNTS[ground.effort];
      const tellTimes = async (publications: number): Promise<number> => {
        const tookMs: number[] = [];
        for (let i = 0; i < rounds; i += 1) {
          tookMs.push(await tell(swarm, { subscribers, publications }));
        }
        return median(warmedUp(tookMs, 1));
      };
      return { one: await tellTimes(1), many: await tellTimes(BURST) };
    });
    const to = `to ${count.toLocaleString('en-US')} subscribers, in the kernel with its journal`;
    return [
      {
        name: 'fanout',
        value: perSecond(count * BURST, many),
        unit: 'deliv/s',
        goal: 200_000,
        isHigherBetter: true,
        note: `${BURST} publications at once ${to}`,
      },
      {
        name: 'fanout.last',
        value: one,
        unit: 'ms',
        goal: 100,
        isHigherBetter: false,
        note: `one alone ${to}: until the last has it`,
      },
    ];
  },
};

const BURST = 50;

async function audience(swarm: JournaledSwarm, { effort }: Ground): Promise<readonly Subscriber[]> {
  const { processes, each } = COUNTS[effort];
  const subscribers: Subscriber[] = [];
  for (let i = 0; i < processes; i += 1) {
    const pid = await swarm.spawn({ name: `reader-${i}` });
    for (let k = 0; k < each; k += 1) subscribers.push(await subscribe(swarm, { pid, k }));
  }
  return subscribers;
}

/** In ms, until all have all. */
async function tell(
  swarm: JournaledSwarm,
  { subscribers, publications }: { subscribers: readonly Subscriber[]; publications: number },
): Promise<number> {
  const all = subscribers.map((take) => takeAll(take, publications));
  const order = { ...NEWS, content: NOTE, isTransient: false };
  const beganMs = performance.now();
  const told = Array.from({ length: publications }, () => swarm.call('publish', order, KING_PID));
  await Promise.all([...told, ...all]);
  return performance.now() - beganMs;
}

async function takeAll(take: Subscriber, count: number): Promise<void> {
  for (let got = 0; got < count; got += (await take()).length) continue;
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
  const take = { subscription, max: 0, timeoutMs: 0, accepted: [] };
  return async () => (await swarm.call('take', take, pid)).messages;
}
