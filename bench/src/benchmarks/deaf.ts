// Followers who read nothing: what they cost the kernel, and those who read beside them. As long as
// its issue asks for, a minute, with `--full`.

import { setTimeout as delay } from 'node:timers/promises';
import type { HiveClient } from '@hivekernel/client';
import { BenchDaemon } from '../bench-daemon.ts';
import type { Benchmark, Effort, Figure, Ground } from '../benchmark.ts';
import { EventReader, openDeafReader } from '../event-reader.ts';
import type { EventDoor } from '../event-reader.ts';
import { writeLines } from '../log-lines.ts';
import { residentBytes } from '../resident.ts';
import { percentile } from '../statistics.ts';

interface Counts {
  /** Events that are kept, of which they are told all and read none. */
  readonly kept: number;
  readonly followers: number;
  readonly steadyMs: number;
}

const COUNTS: Readonly<Record<Effort, Counts>> = {
  full: { kept: 200_000, followers: 20, steadyMs: 6_000 },
  tiny: { kept: 100, followers: 2, steadyMs: 200 },
};
const LONG_MS = 60_000;

/** Lines a second while it is measured what they cost. */
const STEADY = { everyMs: 10, lines: 20 } as const;
const MIB = 1024 * 1024;

interface Subject {
  readonly ground: Ground;
  readonly counts: Counts;
  readonly client: HiveClient;
  readonly door: EventDoor;
  readonly osPid: number;
}

export const deaf: Benchmark = {
  name: 'deaf',
  group: 'ipc',
  withinMs: 240_000,
  run: (ground) =>
    BenchDaemon.using(ground, async ({ client, door }) => {
      const { osPid } = await client.status();
      const counts = COUNTS[ground.effort];
      await writeLines(client, counts.kept);
      return measured({ ground, counts, client, door, osPid });
    }),
};

interface Steady {
  readonly p99Ms: number;
  readonly peakBytes: number;
}

async function measured(subject: Subject): Promise<readonly Figure[]> {
  const { counts, door, ground } = subject;
  const steadyMs = ground.isLong === true ? LONG_MS : counts.steadyMs;
  // As many who read: what their garbage takes is not what the deaf hold.
  const readers = Array.from({ length: counts.followers }, () =>
    EventReader.open(door, 'follow=false'),
  );
  await Promise.all(readers.map(async (reader) => (await reader).end()));
  await steady(subject, steadyMs / 4);
  const alone = await steady(subject, steadyMs);
  const sockets = Array.from({ length: counts.followers }, () => openDeafReader(door));
  try {
    const beside = await steady(subject, steadyMs);
    const grownMib = (beside.peakBytes - alone.peakBytes) / MIB;
    const who = `${counts.followers} who read nothing for ${steadyMs / 1_000} s`;
    return [
      {
        name: 'deaf.memory',
        value: Math.max(grownMib, 0.1),
        unit: 'MiB',
        goal: 64,
        isHigherBetter: false,
        note: `the kernel grew by, with ${who}`,
      },
      {
        name: 'deaf.p99',
        value: beside.p99Ms,
        unit: 'ms',
        goal: 50,
        isHigherBetter: false,
        note: `until one beside them has an event; without them ${alone.p99Ms.toFixed(1)} ms`,
      },
    ];
  } finally {
    for (const socket of sockets) socket.destroy();
  }
}

/** A steady trickle of events, and how long each takes to a follower who reads. */
async function steady({ client, door, osPid, ground }: Subject, forMs: number): Promise<Steady> {
  const tookMs: number[] = [];
  const onLine = (line: string): void => {
    const { message } = JSON.parse(line) as { message: string };
    tookMs.push(performance.now() - Number(message));
  };
  const reader = await EventReader.open(door, 'after=now&type=log', onLine);
  let peakBytes = 0;
  let written = 0;
  try {
    const endMs = performance.now() + forMs;
    while (performance.now() < endMs) {
      const lines = Array.from({ length: STEADY.lines }, () =>
        client.log({ level: 'info', message: `${performance.now()}` }),
      );
      written += lines.length;
      await Promise.all(lines);
      peakBytes = Math.max(peakBytes, residentBytes(osPid));
      await delay(STEADY.everyMs, undefined, { signal: ground.signal });
    }
    await reader.has(written);
  } finally {
    reader.close();
  }
  return { p99Ms: percentile(tookMs, 0.99), peakBytes };
}
