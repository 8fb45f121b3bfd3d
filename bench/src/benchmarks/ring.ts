// A ring of agents, each of which hands on to the next what it is handed: 100,000 messages in all.
// Once with real agents, each an OS process with a link of its own, and once with 1,000 processes
// of the kernel with its journal, where the world takes no time (journaled-swarm.ts).
//   Neighbours live in two branches, so that each message goes straight from one to the other:
//   between siblings, their parent would get a copy of each (M1, M3).

import { fileURLToPath } from 'node:url';
import type { HiveClient } from '@hivekernel/client';
import type { Pid } from '@hivekernel/kernel';
import { BenchDaemon } from '../bench-daemon.ts';
import type { Benchmark, Effort, Figure, Ground } from '../benchmark.ts';
import { JournaledSwarm } from '../journaled-swarm.ts';
import { availableBytes } from '../os-processes.ts';
import { perSecond, pump } from '../pump.ts';

interface Counts {
  readonly agents: number;
  readonly simulated: number;
  readonly messages: number;
  /** Of each ring, before it is measured. */
  readonly warmUpHops: number;
}

const COUNTS: Readonly<Record<Effort, Counts>> = {
  full: { agents: 100, simulated: 1_000, messages: 100_000, warmUpHops: 20 },
  tiny: { agents: 2, simulated: 20, messages: 200, warmUpHops: 1 },
};

/** Of the simulated ring: as of durable sends. */
const GOAL = 50_000;
const SPAWNS_AT_ONCE = 4;
const BRANCHES = 2;
const NS_PER_MS = 1e6;
const MIB = 1024 ** 2;
/** What an agent takes, and what is left for everybody else. */
const ROOM = { perAgentBytes: 22 * MIB, reserveBytes: 2_048 * MIB } as const;
const SETTINGS = { HIVE_PROCESSES_MAX: '2000', HIVE_SPAWN_START_TIMEOUT: '60s' } as const;

export const ring: Benchmark = {
  name: 'ring',
  group: 'ipc',
  withinMs: 300_000,
  run: async (ground) => [await realRing(ground), await simulatedRing(ground)],
};

async function realRing(ground: Ground): Promise<Figure> {
  const counts = COUNTS[ground.effort];
  const wanted = ground.agents ?? counts.agents;
  const agents = even(Math.min(wanted, agentsThatFit()));
  const fewer = agents < even(wanted) ? `, ${wanted} do not fit the memory` : '';
  const hops = Math.ceil(counts.messages / agents);
  return BenchDaemon.using(
    ground,
    async ({ client }) => {
      const pids = await plant(client, { agents, ground });
      await goRound(client, { pids, hops: counts.warmUpHops, ground });
      const tookMs = await goRound(client, { pids, hops, ground });
      return {
        name: 'ring',
        value: perSecond(agents * hops, tookMs),
        unit: 'msg/s',
        goal: undefined,
        isHigherBetter: true,
        note: `${count(agents * hops)} durable, round ${agents} OS processes of agents${fewer}`,
      };
    },
    SETTINGS,
  );
}

async function simulatedRing({ effort, dir }: Ground): Promise<Figure> {
  const { simulated, messages, warmUpHops } = COUNTS[effort];
  const hops = Math.ceil(messages / simulated);
  const rate = await JournaledSwarm.using(dir, async (swarm) => {
    const pids = await simulatedPids(swarm, simulated);
    await simulatedRound(swarm, pids, warmUpHops);
    return perSecond(simulated * hops, await simulatedRound(swarm, pids, hops));
  });
  const what = `${count(simulated * hops)} round ${count(simulated)} processes of the kernel`;
  return {
    name: 'ring.kernel',
    value: rate,
    unit: 'msg/s',
    goal: GOAL,
    isHigherBetter: true,
    note: `${what} with its journal, without OS processes and links`,
  };
}

interface Planting {
  readonly agents: number;
  readonly ground: Ground;
}

/** Resolves with the ring, in its order; each knows the next. */
async function plant(client: HiveClient, { agents, ground }: Planting): Promise<readonly number[]> {
  const { signal, profileDir } = ground;
  const image = fileURLToPath(new URL('../agents/ringer.ts', import.meta.url));
  const env =
    profileDir === undefined ? {} : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profileDir}` };
  const limits = { childrenMax: agents };
  const wish = { tier: 'operational', image, env } as const;
  const leads: number[] = [];
  for (let i = 0; i < BRANCHES; i += 1) {
    const lead = { ...wish, name: `branch-${i}`, role: 'lead', relay: 'pass', limits } as const;
    leads.push(await client.spawn(lead, { signal }));
  }
  const pids: number[] = [];
  let planted = 0;
  const begin = async (): Promise<void> => {
    const at = planted++;
    const as = leads[at % BRANCHES] as number;
    pids[at] = await client.spawn({ ...wish, name: `ring-${at}`, role: 'worker' }, { signal, as });
  };
  await pump({ count: agents, underWayMax: SPAWNS_AT_ONCE, begin });
  const nextOf = (at: number): string => String(pids[(at + 1) % agents]);
  await Promise.all(
    pids.map((pid, at) => ask(client, { pid, params: { next: nextOf(at) }, signal })),
  );
  return pids;
}

interface Round {
  readonly pids: readonly number[];
  readonly hops: number;
  readonly ground: Ground;
}

/** One message from each, with so many hops. Resolves with the ms from the first to the last. */
async function goRound(client: HiveClient, { pids, hops, ground }: Round): Promise<number> {
  const { signal } = ground;
  const params = { hops: String(hops) };
  const moments = await Promise.all(pids.map((pid) => ask(client, { pid, params, signal })));
  const began = moments.map(([beganNs = 0]) => beganNs);
  const ended = moments.map(([, endedNs = 0]) => endedNs);
  return (Math.max(...ended) - Math.min(...began)) / NS_PER_MS;
}

interface Question {
  readonly pid: number;
  readonly params: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

async function ask(client: HiveClient, { pid, params, signal }: Question): Promise<number[]> {
  const report = await client.executeTask({ pid, description: 'ring', params }, { signal });
  if (!report.isCompleted) throw new Error(`ringer ${pid}: ${report.error}`);
  return JSON.parse(report.output) as number[];
}

async function simulatedPids(swarm: JournaledSwarm, wanted: number): Promise<readonly Pid[]> {
  const lead = { role: 'lead', relay: 'pass', limits: { childrenMax: wanted } } as const;
  const leads: Pid[] = [];
  for (let i = 0; i < BRANCHES; i += 1) {
    leads.push(await swarm.spawn({ ...lead, name: `branch-${i}` }));
  }
  const spawns = Array.from({ length: wanted }, (_, i) =>
    swarm.spawn({ name: `ring-${i}` }, leads[i % BRANCHES]),
  );
  return Promise.all(spawns);
}

/** As `goRound`. */
async function simulatedRound(
  swarm: JournaledSwarm,
  pids: readonly Pid[],
  hops: number,
): Promise<number> {
  const nextOf = new Map(pids.map((pid, at) => [pid, pids[(at + 1) % pids.length] as Pid]));
  const { promise: allEnded, resolve, reject } = Promise.withResolvers<undefined>();
  let left = pids.length * hops;
  const pass = (from: Pid): void => {
    swarm.send(from, { to: nextOf.get(from) as Pid }).catch(reject);
  };
  const handedOut = pids.length;
  swarm.onDelivered = (to, messages) => {
    for (const _ of messages) {
      left -= 1;
      // As many as began are the last hops of theirs.
      if (left >= handedOut) pass(to);
      else if (left === 0) resolve(undefined);
    }
  };
  const beganMs = performance.now();
  for (const pid of pids) pass(pid);
  await allEnded;
  return performance.now() - beganMs;
}

const agentsThatFit = (): number =>
  process.platform === 'linux'
    ? Math.max(BRANCHES, Math.floor((availableBytes() - ROOM.reserveBytes) / ROOM.perAgentBytes))
    : Infinity;

/** With an odd number, two neighbours would be siblings. */
const even = (number: number): number => number - (number % BRANCHES);

const count = (number: number): string => number.toLocaleString('en-US');
