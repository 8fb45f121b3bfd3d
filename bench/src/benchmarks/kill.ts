// A subtree that is killed: real agents, which fork children of their own and of which some end by
// KILL alone, and the same in the kernel alone with ten times a thousand of them.
//   P10. When the answer comes, nothing of the subtree runs. Asked of /proc in two ways: what was
//        written down before, by pid and start time, and what carries the mark.

import { BenchDaemon } from '../bench-daemon.ts';
import type { Benchmark, Effort, Figure, Ground } from '../benchmark.ts';
import { killInKernel } from '../kill-in-kernel.ts';
import {
  availableBytes,
  markedIn,
  privateBytes,
  requireProc,
  stillRunning,
  type OsRecord,
} from '../os-processes.ts';
import { pump, timedMs } from '../pump.ts';
import { FORKS, listedBy, victimOrder, type VictimWish } from '../victims.ts';

interface Counts {
  readonly leads: number;
  readonly workersEach: number;
  readonly simulated: number;
}

const COUNTS: Readonly<Record<Effort, Counts>> = {
  full: { leads: 13, workersEach: 22, simulated: 10_000 },
  tiny: { leads: 1, workersEach: 4, simulated: 200 },
};

const GRACE_MS = 1_000;
const SPAWNS_AT_ONCE = 4;
/** One worker in so many is stubborn, and one in so many forks. */
const EVERY = { stubborn: 5, forking: 3 } as const;
const MIB = 1024 ** 2;
/** Before a batch there must be room for it, and this much left for everybody else. */
const ROOM = { perAgentBytes: 64 * MIB, reserveBytes: 2_048 * MIB } as const;

const SETTINGS = {
  HIVE_PROCESSES_MAX: '2000',
  HIVE_SPAWN_START_TIMEOUT: '60s',
  HIVE_MAID_ENABLED: 'false',
} as const;

export const kill: Benchmark = {
  name: 'kill',
  group: 'life',
  withinMs: 120_000,
  async run(ground) {
    requireProc();
    const real = await BenchDaemon.using(ground, (daemon) => killReal(daemon, ground), SETTINGS);
    const { leads, workersEach, simulated } = COUNTS[ground.effort];
    const tookMs = await killInKernel({ count: simulated, stubbornEvery: EVERY.stubborn });
    const wanted = 1 + leads * (1 + workersEach);
    return [
      ...figuresOf(real, wanted),
      {
        name: 'kill.simulated',
        value: tookMs,
        unit: 'ms',
        goal: 1_000,
        isHigherBetter: false,
        note: `${simulated.toLocaleString('en-US')} processes in the kernel alone, grace left out`,
      },
    ];
  },
};

interface Killed {
  readonly agents: number;
  readonly osProcesses: number;
  readonly privateBytes: number;
  readonly tookMs: number;
  readonly survivors: number;
}

async function killReal(daemon: BenchDaemon, ground: Ground): Promise<Killed> {
  const { client, runtimeDir } = daemon;
  const { signal } = ground;
  const root = await plant(daemon, ground);
  const { agents } = await client.processes({ root }, { signal });
  const osPids = agents.map(({ osPid }) => osPid).filter((osPid) => osPid > 0);
  const before: OsRecord[] = [...markedIn(runtimeDir), ...listedBy(daemon)];
  const memory = privateBytes(osPids);
  const tookMs = await timedMs(() =>
    client.kill(root, { isRecursive: true, graceMs: GRACE_MS }, { signal }),
  );
  const left = [...stillRunning(before), ...markedIn(runtimeDir)];
  return {
    agents: osPids.length,
    osProcesses: new Set(before.map(({ osPid }) => osPid)).size,
    privateBytes: memory,
    tookMs,
    survivors: new Set(left.map(({ osPid }) => osPid)).size,
  };
}

/** A lead with leads with workers, as far as memory goes. Resolves with the first lead. */
async function plant(daemon: BenchDaemon, { effort, signal }: Ground): Promise<number> {
  const { leads, workersEach } = COUNTS[effort];
  const spawn = (wish: VictimWish, as?: number): Promise<number> =>
    daemon.client.spawn(victimOrder(daemon, wish), as === undefined ? { signal } : { signal, as });
  const root = await spawn({ name: 'root', role: 'lead', forks: ['group'] });
  for (let index = 0; index < leads; index += 1) {
    const isRoom = hasRoomFor(1 + workersEach);
    if (!isRoom) break;
    const lead = await spawn({ name: `lead-${index}`, role: 'lead', forks: ['session'] }, root);
    let next = 0;
    const begin = (): Promise<number> => spawn(workerAt(next++), lead);
    await pump({ count: workersEach, underWayMax: SPAWNS_AT_ONCE, begin });
  }
  return root;
}

const hasRoomFor = (agents: number): boolean =>
  availableBytes() >= ROOM.reserveBytes + agents * ROOM.perAgentBytes;

function workerAt(index: number): VictimWish {
  const fork = FORKS[(index / EVERY.forking) % FORKS.length];
  return {
    name: `worker-${index}`,
    role: 'worker',
    isStubborn: index % EVERY.stubborn === 0,
    forks: index % EVERY.forking === 0 && fork !== undefined ? [fork] : [],
  };
}

function figuresOf(killed: Killed, wanted: number): Figure[] {
  const { agents, osProcesses, tookMs, survivors } = killed;
  const fewer = agents < wanted ? `, ${wanted} do not fit the memory` : '';
  const what = `${agents} agents${fewer}, ${osProcesses} OS processes`;
  const allMib = Math.round(killed.privateBytes / MIB).toLocaleString('en-US');
  return [
    {
      name: 'kill',
      value: Math.max(0, tookMs - GRACE_MS),
      unit: 'ms',
      goal: 1_000,
      isHigherBetter: false,
      note: `${what}; from the end of the grace of ${GRACE_MS / 1_000} s to the answer`,
    },
    {
      name: 'kill.survivors',
      value: survivors,
      unit: 'left',
      goal: 0,
      isHigherBetter: false,
      note: 'by what was written down before, and by the mark, in /proc',
    },
    {
      name: 'kill.memory',
      value: killed.privateBytes / agents / MIB,
      unit: 'MiB',
      goal: 12,
      isHigherBetter: false,
      note: `private memory of an agent before; ${allMib} MiB of all of them`,
    },
  ];
}
