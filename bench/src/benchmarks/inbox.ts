// An inbox of 10,000 messages of all priorities and of four senders, drained in order: by priority
// and age, and first in, first out of each sender's messages of one priority (M4, M6).
//   Once by a real agent, which is paused while its inbox is filled: in a moment, so that age
//   counts little. And once in the kernel with its journal and virtual time, where the messages
//   come over a minute, so that old ones of low priority go before new ones of a higher.

import { fileURLToPath } from 'node:url';
import type { HiveClient } from '@hivekernel/client';
import { KING_PID, type Delivery, type Pid, type Priority } from '@hivekernel/kernel';
import { BenchDaemon } from '../bench-daemon.ts';
import type { Benchmark, Effort, Figure, Ground } from '../benchmark.ts';
import { countMisplaced, PRIORITIES } from '../inbox-order.ts';
import { JournaledSwarm } from '../journaled-swarm.ts';
import { perSecond } from '../pump.ts';
import { median, warmedUp } from '../statistics.ts';

interface Counts {
  /** Of each sender; ten thousand in all is what an inbox holds. */
  readonly each: number;
  readonly rounds: number;
}

/** The first round warms up. */
const COUNTS: Readonly<Record<Effort, Counts>> = {
  full: { each: 2_500, rounds: 5 },
  tiny: { each: 12, rounds: 2 },
};
const SENDERS = 4;
const FILLED_WITHIN_MS = 60_000;
const NS_PER_MS = 1e6;

/** What one drained inbox came to. */
interface Drained {
  readonly rate: number;
  readonly misplaced: number;
}

export const inbox: Benchmark = {
  name: 'inbox',
  group: 'ipc',
  withinMs: 120_000,
  async run(ground) {
    const { each } = COUNTS[ground.effort];
    const real = await BenchDaemon.using(ground, ({ client }) => realInbox(client, ground));
    const simulated = await simulatedInbox(ground);
    const what = `${(each * SENDERS).toLocaleString('en-US')} messages of ${SENDERS} senders`;
    const figure = { unit: 'msg/s', isHigherBetter: true };
    return [
      {
        ...figure,
        name: 'inbox',
        value: rateOf(real),
        goal: 50_000,
        note: `${what}, all priorities, drained by an agent that was paused`,
      },
      {
        ...figure,
        name: 'inbox.kernel',
        value: rateOf(simulated),
        goal: 100_000,
        note: `${what} who sent over a virtual minute, in the kernel with its journal`,
      },
      misplacedIn([...real, ...simulated]),
    ];
  },
};

const rateOf = (drained: readonly Drained[]): number =>
  median(
    warmedUp(
      drained.map(({ rate }) => rate),
      1,
    ),
  );

function misplacedIn(drained: readonly Drained[]): Figure {
  return {
    name: 'inbox.misplaced',
    value: drained.reduce((sum, { misplaced }) => sum + misplaced, 0),
    unit: 'messages',
    goal: 0,
    isHigherBetter: false,
    note: 'came after one that they should have come before, in all rounds of both',
  };
}

async function realInbox(client: HiveClient, ground: Ground): Promise<readonly Drained[]> {
  const { each, rounds } = COUNTS[ground.effort];
  const { signal } = ground;
  const { reader, writers } = await cast(client, signal);
  const task = async (pid: number, params: Record<string, string>): Promise<number[]> => {
    const report = await client.executeTask(
      { pid, description: 'measure', params, timeoutMs: FILLED_WITHIN_MS },
      { signal },
    );
    if (!report.isCompleted) throw new Error(`inbox: ${report.error}`);
    return JSON.parse(report.output) as number[];
  };
  const drained: Drained[] = [];
  for (let round = 0; round < rounds; round += 1) {
    await client.signal(reader, { signal: 'STOP' }, { signal });
    const params = { to: String(reader), count: String(each) };
    await Promise.all(writers.map((pid) => task(pid, params)));
    const beganNs = Number(process.hrtime.bigint());
    await client.signal(reader, { signal: 'CONT' }, { signal });
    const count = each * SENDERS;
    const [lastNs = 0, misplaced = 0] = await task(reader, { count: String(count) });
    drained.push({ rate: perSecond(count, (lastNs - beganNs) / NS_PER_MS), misplaced });
  }
  return drained;
}

interface Cast {
  readonly reader: number;
  /** Its parent, two siblings and a child: what they are to it counts, too (M4). */
  readonly writers: readonly number[];
}

async function cast(client: HiveClient, signal: AbortSignal): Promise<Cast> {
  const imageOf = (agent: string): string =>
    fileURLToPath(new URL(`../agents/${agent}.ts`, import.meta.url));
  const wish = { role: 'lead', tier: 'operational', image: imageOf('writer') } as const;
  const parent = await client.spawn({ ...wish, name: 'parent' }, { signal });
  const below = { signal, as: parent };
  const reader = await client.spawn({ ...wish, name: 'reader', image: imageOf('reader') }, below);
  const siblings = [
    await client.spawn({ ...wish, name: 'sibling-1' }, below),
    await client.spawn({ ...wish, name: 'sibling-2' }, below),
  ];
  const child = await client.spawn({ ...wish, name: 'child' }, { signal, as: reader });
  return { reader, writers: [parent, ...siblings, child] };
}

/** A message about each so many ms: a minute for ten thousand, whatever the number. */
const MINUTE_MS = 60_000;

async function simulatedInbox({ effort, dir }: Ground): Promise<readonly Drained[]> {
  const { VirtualTime } = await import('@hivekernel/testkit');
  const { each, rounds } = COUNTS[effort];
  const time = new VirtualTime();
  const fill = async (swarm: JournaledSwarm, to: Pid, writers: readonly Pid[]): Promise<void> => {
    const sends: Promise<unknown>[] = [];
    for (let n = 0; n < each * SENDERS; n += 1) {
      const from = writers[n % SENDERS] as Pid;
      const priority = (Math.floor(n / SENDERS) % PRIORITIES.length) as Priority;
      sends.push(swarm.send(from, { to, priority }));
      time.advanceMs(Math.floor(MINUTE_MS / (each * SENDERS)));
    }
    await Promise.all(sends);
  };
  const work = async (swarm: JournaledSwarm): Promise<readonly Drained[]> => {
    const parent = await swarm.spawn({ role: 'lead', name: 'parent' });
    const reader = await swarm.spawn({ role: 'lead', name: 'reader' }, parent);
    const writers = [
      parent,
      await swarm.spawn({ name: 'sibling-1' }, parent),
      await swarm.spawn({ name: 'sibling-2' }, parent),
      await swarm.spawn({ name: 'child' }, reader),
    ];
    const drained: Drained[] = [];
    for (let round = 0; round < rounds; round += 1) {
      await signalTo(swarm, reader, 'STOP');
      await fill(swarm, reader, writers);
      drained.push(await drain(swarm, { reader, count: each * SENDERS }));
    }
    return drained;
  };
  return JournaledSwarm.using(dir, work, { now: () => time.now() });
}

const signalTo = (swarm: JournaledSwarm, pid: Pid, signal: 'STOP' | 'CONT'): Promise<unknown> =>
  swarm.call('signal', { pid, signal, isRecursive: false, reason: '', graceMs: 0 }, KING_PID);

async function drain(
  swarm: JournaledSwarm,
  { reader, count }: { reader: Pid; count: number },
): Promise<Drained> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const handled: Delivery[] = [];
  swarm.onDelivered = (to, messages) => {
    if (to !== reader) return;
    handled.push(...messages);
    if (handled.length >= count) resolve(undefined);
  };
  const beganMs = performance.now();
  await signalTo(swarm, reader, 'CONT');
  await promise;
  const rate = perSecond(count, performance.now() - beganMs);
  const order = handled.map(({ from, priority, wallMs, message }) => ({
    from,
    level: priority,
    atMs: wallMs,
    n: message,
  }));
  return { rate, misplaced: countMisplaced(order) };
}
