// A thousand random kills: agents and what they forked, by signals of the OS and by the kernel's
// own calls, at every moment of their lives. It is no measurement of speed: afterwards nothing may
// run that the process table does not know, and the table may know nothing that does not run.
//   What is found is told on stderr, with the events that led to it, and the seed.

import { setTimeout as delay } from 'node:timers/promises';
import { BenchDaemon } from '../bench-daemon.ts';
import type { Benchmark, Effort, Figure, Ground } from '../benchmark.ts';
import { mismatches, type Mismatch } from '../chaos/audit.ts';
import { Swarm } from '../chaos/swarm.ts';
import { Tormentor } from '../chaos/tormentor.ts';
import { markedIn, requireProc, stillRunning, type OsProcess } from '../os-processes.ts';
import { listedBy } from '../victims.ts';

interface Counts {
  readonly kills: number;
  readonly tormentors: number;
}

const COUNTS: Readonly<Record<Effort, Counts>> = {
  full: { kills: 1_000, tormentors: 8 },
  tiny: { kills: 12, tormentors: 2 },
};

/** The kills end then, however many there were. */
const TORMENT_MS = 90_000;
const CALM = { withinMs: 15_000, lookMs: 100 } as const;
/** A mismatch that is gone at the next look was on its way. */
const LOOKS_MAX = 4;
const ANSWERED_MS = 10_000;

const SETTINGS = {
  HIVE_RESTART_BACKOFF_FIRST: '50ms',
  HIVE_RESTART_BACKOFF_MOST: '200ms',
  HIVE_RESTART_MAX_IN_ROW: '8',
  HIVE_SIGNALS_TERM_GRACE: '1s',
  HIVE_SPAWN_START_TIMEOUT: '20s',
  HIVE_KING_CHILDREN_MAX: '1000',
  HIVE_PROCESSES_MAX: '1000',
  HIVE_MAID_ENABLED: 'false',
} as const;

export const leak: Benchmark = {
  name: 'leak',
  group: 'life',
  withinMs: 180_000,
  async run(ground) {
    requireProc();
    return BenchDaemon.using(ground, (daemon) => tormented(daemon, ground), SETTINGS);
  },
};

async function tormented(daemon: BenchDaemon, ground: Ground): Promise<readonly Figure[]> {
  const swarm = new Swarm(daemon, ground.signal);
  try {
    await torment(swarm, ground);
    const broken = await calmMismatches(swarm);
    const runsBefore = markedIn(daemon.runtimeDir).length;
    const leaked = await leakedAfterEnd(swarm);
    const unanswered = await swarm.answered(AbortSignal.timeout(ANSWERED_MS));
    tell(swarm, { broken, leaked, unanswered, seed: ground.seed });
    const faults = swarm.faults.length + unanswered.length;
    const counts = { broken: broken.length, leaked: leaked.length, faults };
    return figuresOf(swarm, { ...counts, runsBefore, ground });
  } finally {
    await swarm.follower.stop();
  }
}

async function torment(swarm: Swarm, { effort, seed }: Ground): Promise<void> {
  const { SeededChance } = await import('@hivekernel/testkit');
  const { kills, tormentors } = COUNTS[effort];
  const endMs = performance.now() + TORMENT_MS;
  const isOver = (): boolean => swarm.strikeCount >= kills || performance.now() >= endMs;
  const seeds = new SeededChance(seed);
  const runs = Array.from({ length: tormentors }, (_, index) => {
    const chance = new SeededChance(seeds.below(2 ** 32));
    return new Tormentor({ swarm, chance, name: `v${index}` }).run(isOver);
  });
  await Promise.all(runs);
}

/** Once nobody starts or stops any more; those that a second look does not find do not count. */
async function calmMismatches(swarm: Swarm): Promise<readonly Mismatch[]> {
  let found = await unrest(swarm);
  for (let look = 0; look < LOOKS_MAX; look += 1) {
    const { agents } = await swarm.client.processes(
      { includeDead: true },
      { signal: swarm.signal },
    );
    const now = mismatches(agents, markedIn(swarm.daemon.runtimeDir));
    if (now.length === 0) return found;
    if (look === LOOKS_MAX - 1) found = [...found, ...now];
    await delay(CALM.lookMs);
  }
  return found;
}

const UNDER_WAY = new Set(['starting', 'stopping']);

/** Waits for calm; those who still are on their way then hang. */
async function unrest({ client, signal }: Swarm): Promise<readonly Mismatch[]> {
  const endMs = performance.now() + CALM.withinMs;
  for (;;) {
    const { agents } = await client.processes({}, { signal });
    const left = agents.filter(({ state }) => UNDER_WAY.has(state));
    if (left.length === 0) return [];
    if (performance.now() >= endMs) {
      return left.map(({ pid, state }) => ({ pid, what: `process ${pid} stays ${state}` }));
    }
    await delay(CALM.lookMs);
  }
}

/** Everybody is killed: whatever still runs leaked. */
async function leakedAfterEnd(swarm: Swarm): Promise<readonly OsProcess[]> {
  const { client, daemon, signal } = swarm;
  const { agents } = await client.processes({}, { signal });
  const roots = agents.filter(({ ppid }) => ppid === 1);
  await Promise.all(
    roots.map(({ pid }) =>
      swarm.call(`kill ${pid}`, (how) =>
        client.kill(pid, { isRecursive: true, graceMs: 1_000 }, how),
      ),
    ),
  );
  const known = stillRunning([...swarm.records, ...listedBy(daemon)]);
  const all = [...known, ...markedIn(daemon.runtimeDir)];
  return [...new Map(all.map((one) => [one.osPid, one])).values()];
}

function tell(
  swarm: Swarm,
  found: {
    broken: readonly Mismatch[];
    leaked: readonly OsProcess[];
    unanswered: readonly string[];
    seed: number;
  },
): void {
  const lines = [
    ...found.broken.map(({ pid, what }) => `${what}\n${swarm.historyOf(pid)}`),
    ...found.leaked.map(({ osPid, link }) => `OS process ${osPid} leaked, with link "${link}"`),
    ...found.unanswered.map((what) => {
      const pid = Number(/\d+$/.exec(what)?.[0]);
      return `not answered: ${what}\n${swarm.historyOf(pid)}`;
    }),
    ...swarm.faults,
  ];
  for (const line of lines) process.stderr.write(`leak, seed ${found.seed}: ${line}\n`);
}

function figuresOf(
  swarm: Swarm,
  found: { broken: number; leaked: number; faults: number; runsBefore: number; ground: Ground },
): Figure[] {
  const { ground, broken, leaked, faults, runsBefore } = found;
  const kinds = [...swarm.strikes].map(([kind, count]) => `${kind} ${count}`).join(', ');
  const none = { goal: 0, isHigherBetter: false } as const;
  return [
    {
      name: 'leak.kills',
      value: swarm.strikeCount,
      unit: 'kills',
      goal: COUNTS[ground.effort].kills,
      isHigherBetter: true,
      note: `seed ${ground.seed}: ${kinds}`,
    },
    {
      name: 'leak.mismatches',
      value: broken,
      unit: 'rows',
      ...none,
      note: `process table and what runs, both ways, with ${runsBefore} OS processes`,
    },
    {
      name: 'leak.leaked',
      value: leaked,
      unit: 'left',
      ...none,
      note: `after the end, of ${swarm.records.length} that agents ran in, and of their forks`,
    },
    {
      name: 'leak.faults',
      value: faults,
      unit: 'calls',
      ...none,
      note: 'of the kernel: answered with a fault, or never',
    },
  ];
}
